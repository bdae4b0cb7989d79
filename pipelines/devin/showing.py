"""What a run shows while it is under way: the log, in a form that suits the reader.

On a terminal a line that moves; elsewhere plain lines, or JSON. Always on stderr, so that stdout
holds results and nothing else.
"""

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

from .display import Display, JsonFormatter, TextFormatter

LogFormat = Literal["text", "json"]


@contextmanager
def showing(log_format: LogFormat = "text", *, debug: bool = False) -> Iterator[Display]:
    """Show what is logged, until the block ends.

    Args:
        log_format: `json` for one JSON object a line; `text` for people.
        debug: Whether to show every line, also of dlt, and no moving one.
    """
    logger, display = logging.getLogger("devin"), _display(log_format, debug=debug)
    level, silence = logger.level, _Silence()
    logger.addHandler(display)
    logger.setLevel(logging.DEBUG if debug else logging.INFO)
    if not debug:
        logging.getLogger("dlt").addFilter(silence)
    try:
        yield display
    finally:
        logging.getLogger("dlt").removeFilter(silence)
        logger.removeHandler(display)
        logger.setLevel(level)
        display.clear()


def _display(log_format: LogFormat, *, debug: bool) -> Display:
    if log_format == "json":
        return Display(JsonFormatter(), every=0.0 if debug else 1.0)
    if sys.stderr.isatty() and not debug:
        from .progress import Progress  # it takes rich

        return Progress()
    return Display(TextFormatter(), every=0.0 if debug else 1.0)


class _Silence(logging.Filter):
    """Keeps dlt quiet: what it warns of either ends in an error, or does not matter here."""

    def filter(self, record: logging.LogRecord) -> bool:  # noqa: ARG002  # whatever it says
        return False
