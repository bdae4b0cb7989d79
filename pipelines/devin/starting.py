"""How a program gets going: with many imports, which make no garbage, and little memory."""

import ctypes
import gc
import os
import sys
from collections.abc import Collection, Iterator
from contextlib import contextmanager

YOUNG = 50_000
"""Objects after which garbage is looked for; what a sync reads and lets go of makes next to none,
and to look among it every 700, as Python does by itself, takes a fifth of its time."""


@contextmanager
def importing() -> Iterator[None]:
    """Leave garbage alone while the block imports, and what it imports for good.

    Of the time that importing dlt takes, a fifth is looking for garbage among modules that stay.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.set_threshold(YOUNG)
        gc.enable()


def leave_out(*modules: str) -> None:
    """Have modules count as not installed: what others import where they find it, and we don't use.

    Args:
        modules: Their full names.
    """
    sys.meta_path.insert(0, _LeftOut(modules))


class _LeftOut:
    def __init__(self, names: Collection[str]) -> None:
        self._names = names

    def find_spec(self, name: str, *_: object) -> None:
        """Refuse those that are left out; whoever is next finds the others."""
        if name in self._names:
            raise ModuleNotFoundError(f"{name} is left out", name=name)


_M_ARENA_MAX = -8  # of malloc.h

HEAPS = 3
"""One for whoever loads, one for whoever reads, one for all others."""


def keep_heaps_few() -> None:
    """Let threads share what memory there is; to be called before there is another one.

    By default each thread of a walker keeps its own, and Arrow another: a fifth of all memory that
    a long sync takes. With less than these the thread that reads may get that of the one that
    loads, and both wait for each other thousands of times a second.
    """
    os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")
    if sys.platform == "linux" and "MALLOC_ARENA_MAX" not in os.environ:
        # Where the C library is not glibc, it has no such function.
        limit = getattr(ctypes.CDLL(None), "mallopt", None)
        if limit:
            limit(_M_ARENA_MAX, HEAPS)
