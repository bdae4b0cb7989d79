"""What a run shows while it is under way: the log, in a form that suits the reader.

On a terminal a line that moves; elsewhere plain lines, or JSON. Always on stderr, so that stdout
holds results and nothing else.
"""

import json
import logging
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Literal

LogFormat = Literal["text", "json"]

_PLAIN = set(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class Display(logging.Handler):
    """Shows log records on stderr.

    Args:
        formatter: How a record becomes a line.
        every: Seconds between two lines about pages at least: there may be thousands of them.
    """

    def __init__(self, formatter: logging.Formatter, every: float = 1.0) -> None:
        super().__init__()
        self.setFormatter(formatter)
        self._every = every
        self._last_page = float("-inf")

    def emit(self, record: logging.LogRecord) -> None:
        """Write a line."""
        if getattr(record, "event", None) == "page":
            now = time.monotonic()
            if now - self._last_page < self._every:
                return
            self._last_page = now
        sys.stderr.write(self.format(record) + "\n")
        sys.stderr.flush()

    def clear(self) -> None:
        """Take away what is not to stay, before something else is written to the terminal."""


class TextFormatter(logging.Formatter):
    """Time in UTC, level, message."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as a line of text."""
        moment = datetime.fromtimestamp(record.created, UTC)
        return f"{moment:%Y-%m-%d %H:%M:%SZ} {record.levelname:<7} {record.getMessage()}"


class JsonFormatter(logging.Formatter):
    """One JSON object a line: time, level, logger, message, and what the event carries."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as a line of JSON."""
        extra = {key: value for key, value in vars(record).items() if key not in _PLAIN}
        entry = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat().replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **extra,
        }
        return json.dumps(entry, default=str, ensure_ascii=False)


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
        from .progress import Progress

        return Progress()
    return Display(TextFormatter(), every=0.0 if debug else 1.0)


class _Silence(logging.Filter):
    """Keeps dlt quiet: what it warns of either ends in an error, or does not matter here."""

    def filter(self, record: logging.LogRecord) -> bool:  # noqa: ARG002  # whatever it says
        return False
