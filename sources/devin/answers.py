"""How soon answers come: what decides whether to wait for them side by side."""

import time
from collections import deque
from collections.abc import Callable
from threading import Lock
from typing import TypeVar

T = TypeVar("T")

_SURELY = 2  # times what all walkers' work takes, one after the other, is not for lack of Python
LAST = 25
"""Pages that count: while a load is prepared, to wait for Python looks like waiting for answers."""


class Answers:
    """What it took to get the last pages: waiting, and work.

    Threads that read side by side wait for each other's hold on Python, and hand on what the next
    one has not at hand. Where there is little to wait for, one thread alone takes a fifth less time
    than two, and a third less than eight.
    """

    def __init__(self) -> None:
        self._waited: deque[float] = deque(maxlen=LAST)
        self._worked: deque[float] = deque(maxlen=LAST)
        self._noting = Lock()  # all walkers note what they wait for

    @property
    def come_soon(self) -> bool:
        """Whether one does best alone: to wait for a page takes no longer than to read it."""
        with self._noting:
            return not self._waited or min(self._waited) <= min(self._worked)

    def another_chance(self, walkers: int) -> None:
        """Forget answers that came late, if that many walkers may just have waited for each other.

        The first answer tells least, and may be all there was.
        """
        with self._noting:
            waited, worked = min(self._waited, default=0.0), min(self._worked, default=0.0)
            if worked < waited <= _SURELY * walkers * worked:
                self._waited.clear()
                self._worked.clear()

    def note(self, waited: float, worked: float) -> None:
        """Take note of a page, in seconds."""
        with self._noting:
            self._waited.append(waited)
            self._worked.append(worked)

    def timed(self, read: Callable[[], T], counts: Callable[[T], bool]) -> T:
        """Read something in this thread, and take note of it if it counts as a page."""
        begun, worked = time.monotonic(), time.thread_time()
        page = read()
        worked = time.thread_time() - worked
        if counts(page):
            self.note(time.monotonic() - begun - worked, worked)
        return page
