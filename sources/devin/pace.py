"""How fast all walkers together may ask: so many at once, so many a second, and all pauses shared.

`Tempo` decides, and touches nothing outside; `Pace` makes threads wait for what it decides.
"""

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Condition
from typing import NamedTuple

# Found by simulation (`tests/source/test_pace.py`). Cutting deeper, or growing more slowly, wastes
# more of a limit per second than it spares refusals: a pause already takes the pressure away.
CUT = 0.8
GROWTH = 0.2

Wait = Callable[[Condition, float | None], object]


class Stopped(Exception):
    """Nobody may ask any more: the walkers were told to end."""


class Ticket(NamedTuple):
    """The right to one request; tells which pauses it knew of when it was sent."""

    pauses: int


class Slowdown(NamedTuple):
    """What one more answer that asks for a pause changes for all.

    Attributes:
        begins: Whether nobody was pausing yet.
        added: Seconds by which the common pause became longer.
        answered: Requests of all that were answered so far.
    """

    begins: bool
    added: float
    answered: int = 0


class Tempo:
    """Who may ask when; without a clock, threads or I/O.

    Args:
        most: Requests under way at once, at most.
        requests_per_second: How many may start a second, evenly spaced; None for any number.

    Attributes:
        most: As given.
        under_way: Requests begun and not ended.
    """

    def __init__(self, most: int, requests_per_second: float | None = None) -> None:
        self.most = most
        self.under_way = 0
        self._spacing = 1 / requests_per_second if requests_per_second else 0.0
        self._allowed = float(most)
        self._answered = 0
        self._pauses = 0
        self._paused_until = -math.inf
        self._next = -math.inf

    @property
    def allowed(self) -> int:
        """Requests that may be under way at once just now, between 1 and `most`."""
        return int(self._allowed)

    def opens(self) -> float:
        """The moment from which one more may begin; infinite if one has to end first."""
        if self.under_way >= self.allowed:
            return math.inf
        return max(self._paused_until, self._next)

    def begin(self, now: float) -> Ticket:
        """Take the right to one request; only once `opens` has come."""
        self.under_way += 1
        self._next = now + self._spacing
        return Ticket(self._pauses)

    def end(self, *, answered: bool) -> None:
        """Give the right back; each request that was answered lets more be under way at once."""
        self.under_way -= 1
        if answered:
            self._answered += 1
            self._allowed = min(self.most, self._allowed + GROWTH)

    def slow_down(self, now: float, ticket: Ticket, seconds: float) -> Slowdown:
        """Pause everyone, and allow fewer at once.

        A refusal of a request that was sent before the last pause tells nothing new: it may make
        the pause longer, but does not cut again what is allowed.
        """
        if ticket.pauses == self._pauses:
            self._pauses += 1
            self._allowed = max(1.0, self._allowed * CUT)
        before = max(self._paused_until, now)
        begins = self._paused_until <= now
        self._paused_until = max(before, now + seconds)
        return Slowdown(begins, self._paused_until - before, self._answered)


@dataclass
class Turn:
    """One request's time under way.

    Attributes:
        queued: Seconds that it had to wait for its turn.
        slow_down: Tells that the answer asks for a pause of so many seconds; until it is over,
            nobody's turn comes.
    """

    queued: float
    slow_down: Callable[[float], Slowdown]


class Pace:
    """Makes threads wait until it is their turn to ask.

    Args:
        most: Requests under way at once, at most.
        requests_per_second: How many may start a second, evenly spaced; None for any number.
        clock: The moment in seconds, from any beginning.
        wait: Waits on the condition, which is held, for so many seconds or until it is notified
            (None: only until then). It may come back early, and may raise to end the waiting.

    Attributes:
        most: As given.
    """

    def __init__(
        self,
        most: int,
        requests_per_second: float | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
        wait: Wait = Condition.wait,
    ) -> None:
        self.most = most
        self._tempo = Tempo(most, requests_per_second)
        self._clock = clock
        self._wait = wait
        self._changed = Condition()
        self._stopped = False

    @contextmanager
    def turn(self) -> Iterator[Turn]:
        """Wait for a turn, and have it for as long as the block lasts.

        Raises:
            Stopped: The pace was stopped before the turn came.
        """
        asked = self._clock()
        with self._changed:
            self._wait_until(self._tempo.opens)
            now = self._clock()
            ticket = self._tempo.begin(now)

        def slow_down(seconds: float) -> Slowdown:
            with self._changed:
                return self._tempo.slow_down(self._clock(), ticket, seconds)

        answered = False
        try:
            yield Turn(now - asked, slow_down)
            answered = True
        finally:
            with self._changed:
                self._tempo.end(answered=answered)
                self._changed.notify_all()

    def sleep(self, seconds: float) -> None:
        """Wait for so many seconds, outside of any turn.

        Raises:
            Stopped: The pace was stopped before they were over.
        """
        over = self._clock() + seconds
        with self._changed:
            self._wait_until(lambda: over)

    def stop(self) -> None:
        """Let no more turns begin: whoever waits for one, or asks for one, gets `Stopped`."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()

    def _wait_until(self, moment: Callable[[], float]) -> None:
        while not self._stopped:
            left = moment() - self._clock()
            if left <= 0:
                return
            self._wait(self._changed, left if math.isfinite(left) else None)
        raise Stopped
