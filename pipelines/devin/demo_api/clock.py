"""The demo's own time: it moves when told to and never by itself."""

from threading import Lock


class DemoClock:
    """A clock that stands still until someone advances it.

    Args:
        now: The time it shows at first, in epoch seconds.
    """

    def __init__(self, now: int) -> None:
        self._now = now
        self._lock = Lock()

    @property
    def now(self) -> int:
        """The time shown, in epoch seconds."""
        return self._now

    def advance(self, seconds: int) -> int:
        """Move forward by whole seconds and return the new time.

        Raises:
            ValueError: `seconds` is negative; this clock never goes back.
        """
        if seconds < 0:
            raise ValueError(f"a clock cannot go back by {-seconds} seconds")
        with self._lock:
            self._now += seconds
            return self._now
