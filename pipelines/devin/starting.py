"""How a program gets going: with many imports, which make no garbage."""

import gc
from collections.abc import Iterator
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
