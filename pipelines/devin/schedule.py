"""Again and again, until somebody says stop."""

import gc
import logging
import time
from collections.abc import Callable

from sources.devin.errors import DevinError, ScopesFailed, TablesFailed, TryAgainLater

from .failures import Stopped, explained

log = logging.getLogger("devin.schedule")


def repeat(
    cycle: Callable[[], object],
    every: float,
    complain: Callable[[DevinError], None],
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Run cycles until a KeyboardInterrupt, in the middle of one or between two.

    Cycles begin `every` seconds apart; one that takes longer is followed by the next at once.

    Args:
        cycle: Runs one cycle.
        every: Seconds from the begin of one cycle to that of the next.
        complain: Called with an error after which the next cycle may succeed.
        clock: Seconds that only ever grow.
        sleep: Waits for so many seconds.

    Raises:
        Exception: What a cycle raised, where waiting does not help.
    """
    try:
        while True:
            begun = clock()
            _attempt(cycle, complain)
            # What the cycle left is not to be there while the next one reads; nobody waits now.
            gc.collect()
            wait = max(0.0, every - (clock() - begun))
            log.info("next cycle in %.0f s", wait, extra={"event": "scheduled", "seconds": wait})
            sleep(wait)
    except (Exception, KeyboardInterrupt) as failure:
        if not isinstance(explained(failure), Stopped):
            raise
        log.info("stopped", extra={"event": "stopped"})


def _attempt(cycle: Callable[[], object], complain: Callable[[DevinError], None]) -> None:
    try:
        cycle()
    except Exception as failure:
        error = explained(failure)
        if not isinstance(error, TryAgainLater | ScopesFailed | TablesFailed):
            raise
        complain(error)
