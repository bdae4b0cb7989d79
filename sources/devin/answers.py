"""How soon answers come: what decides whether to wait for them side by side."""

import time
from collections import deque
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

_FEW = 4


class Answers:
    """What it took to get the last pages: waiting, and work.

    Threads that read side by side wait for each other's hold on Python, and hand on what the next
    one has not at hand. Where there is little to wait for, one thread alone takes a fifth less time
    than two, and a third less than eight.
    """

    def __init__(self) -> None:
        self._waited: deque[float] = deque(maxlen=_FEW)
        self._worked: deque[float] = deque(maxlen=_FEW)

    @property
    def come_soon(self) -> bool:
        """Whether one does best alone: to wait for a page takes no longer than to read it."""
        return not self._waited or min(self._waited) <= min(self._worked)

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
