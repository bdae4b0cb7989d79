"""The log as lines on stderr, for people or for programs."""

import json
import logging
import sys
import time
from datetime import UTC, datetime

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
