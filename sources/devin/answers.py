"""How soon answers come: what decides whether to wait for them side by side."""

import time
from collections import deque
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

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

    @property
    def come_soon(self) -> bool:
        """Whether one does best alone: to wait for a page takes no longer than to read it."""
        return not self._waited or min(self._waited) <= min(self._worked)

    def another_chance(self) -> None:
        """Forget answers that came late: the first one tells least, and may be all there was."""
        if not self.come_soon:
            self._waited.clear()
            self._worked.clear()

    def note(self, waited: float, worked: float) -> None:
        """Take note of a page, in seconds."""
        self._waited.append(waited)
        self._worked.append(worked)

    def timed(self, read: Callable[[], T]) -> T:
        """Read a page in this thread, and take note of it."""
        begun, worked = time.monotonic(), time.thread_time()
        page = read()
        worked = time.thread_time() - worked
        self.note(time.monotonic() - begun - worked, worked)
        return page
