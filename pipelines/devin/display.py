"""What a run shows while it is under way: the source's log, in a form that suits the reader.

On a terminal a line that moves; elsewhere plain lines, or JSON. Always on stderr, so that stdout
holds results and nothing else. Rich is imported where a terminal is there to use it.
"""

import json
import logging
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, Literal

LogFormat = Literal["text", "json"]

_PLAIN = set(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class JsonFormatter(logging.Formatter):
    """One JSON object a line: time, level, logger, message, and what the event carries."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as a line of JSON."""
        extra = {key: value for key, value in vars(record).items() if key not in _PLAIN}
        entry = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **extra,
        }
        return json.dumps(entry, default=str, ensure_ascii=False)


class _Sparse(logging.Filter):
    """Lets at most one line a second through about pages: there may be thousands."""

    def __init__(self, seconds: float = 1.0) -> None:
        super().__init__()
        self._seconds = seconds
        self._last = float("-inf")

    def filter(self, record: logging.LogRecord) -> bool:
        if getattr(record, "event", None) != "page":
            return True
        now = time.monotonic()
        if now - self._last < self._seconds:
            return False
        self._last = now
        return True


class _Progress(logging.Handler):
    """One moving line on a terminal: pages, sessions, rate, and what is being waited for."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        from rich.console import Console
        from rich.status import Status

        self._console = Console(stderr=True)
        self._status = Status("asking the API …", console=self._console)
        self._begun = time.monotonic()
        self._pages = self._sessions = 0

    def emit(self, record: logging.LogRecord) -> None:
        event = getattr(record, "event", None)
        if event == "page":
            self._pages += 1
            self._sessions += record.sessions  # type: ignore[attr-defined]
            self._show(f"{record.scope}: {self._done()}")  # type: ignore[attr-defined]
        elif event in ("waiting", "scheduled"):
            self._show(f"{self._done()} · {record.getMessage()}")
        elif event == "cycle":
            self._show(f"{self._done()} · loading into the destination")
            self._begun, self._pages, self._sessions = time.monotonic(), 0, 0
        else:
            self._console.print(record.getMessage(), markup=False, highlight=False)

    def _done(self) -> str:
        rate = self._sessions / max(time.monotonic() - self._begun, 0.001)
        return f"{self._pages:,} pages · {self._sessions:,} sessions · {rate:,.0f} sessions/s"

    def _show(self, text: str) -> None:
        from rich.text import Text

        self._status.start()
        self._status.update(Text(text))

    def close(self) -> None:
        """Leave the terminal as it was."""
        self._status.stop()
        super().close()


@contextmanager
def showing(log_format: LogFormat = "text", *, debug: bool = False) -> Iterator[None]:
    """Show what the source logs, until the block ends.

    Args:
        log_format: `json` for one JSON object a line; `text` for people.
        debug: Whether to show every line, also of dlt, and no moving one.
    """
    logger = logging.getLogger("devin")
    handler = _handler(log_format, debug=debug)
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG if debug else logging.INFO)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)
        handler.close()


def _handler(log_format: LogFormat, *, debug: bool) -> logging.Handler:
    if log_format == "text" and sys.stderr.isatty() and not debug:
        return _Progress()
    handler: logging.Handler = logging.StreamHandler(sys.stderr)
    formatter: Any = JsonFormatter()
    if log_format == "text":
        formatter = logging.Formatter("%(asctime)s %(levelname)-7s %(name)s: %(message)s")
    handler.setFormatter(formatter)
    if not debug:
        handler.addFilter(_Sparse())
    return handler
