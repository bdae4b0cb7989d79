"""Again and again, until somebody says stop."""

import logging
import time
from collections.abc import Callable

from dlt.common.runtime import signals

from sources.devin.errors import DevinError, TryAgainLater

log = logging.getLogger("devin.schedule")


def repeat(
    cycle: Callable[[], DevinError | None],
    every: float,
    clock: Callable[[], float] = time.monotonic,
) -> DevinError | None:
    """Run cycles until SIGINT or SIGTERM, or until one fails that waiting does not help.

    Cycles begin `every` seconds apart; one that takes longer is followed by the next at once. A
    signal ends the wait between two cycles; in the middle of one it ends it at the next page or
    load job, and what was extracted is loaded by the next run.

    Args:
        cycle: Runs one cycle; returns the error it ended with, None if it succeeded.
        every: Seconds from the begin of one cycle to that of the next.
        clock: Seconds that only ever grow.

    Returns:
        The error that ended it; None where it was stopped.
    """
    with signals.intercepted_signals():
        while not signals.was_signal_received():
            begun = clock()
            error = cycle()
            if error is not None and not isinstance(error, TryAgainLater):
                return error
            wait = max(0.0, every - (clock() - begun))
            if not signals.was_signal_received():
                log.info(
                    "next cycle in %.0f s", wait, extra={"event": "scheduled", "seconds": wait}
                )
                signals.sleep(wait)
    return None
