"""The moving line on a terminal: pages, sessions, rate, and what is being waited for."""

import logging
import time

from rich.console import Console
from rich.status import Status
from rich.text import Text

from .amounts import count
from .display import Display


class Progress(Display):
    """Shows the run on one line of the terminal, which it leaves clean.

    Attributes:
        line: What the line says now.
    """

    def __init__(self) -> None:
        super().__init__(logging.Formatter())
        self._console = Console(stderr=True, highlight=False)
        self._status = Status("", console=self._console)
        self._begun, self._pages, self._sessions = time.monotonic(), 0, 0
        self.line = ""

    def emit(self, record: logging.LogRecord) -> None:
        """Bring the line up to date."""
        match getattr(record, "event", None):
            case "started":
                self._begun, self._pages, self._sessions = time.monotonic(), 0, 0
                self._show("asking the API")
            case "page":
                self._pages += 1
                self._sessions += record.sessions  # type: ignore[attr-defined]
                self._show(f"reading {record.scope}")  # type: ignore[attr-defined]
            case "waiting":
                self._show(record.getMessage())
            case "scheduled":
                self._pages = 0
                self._show(record.getMessage())
            case "cycle":
                self._show("loading into the destination")
            case _:
                self.clear()
                self._console.print(record.getMessage(), markup=False)

    def clear(self) -> None:
        """Take the line away; the next record brings it back."""
        self._status.stop()

    def _show(self, doing: str) -> None:
        rate = self._sessions / max(time.monotonic() - self._begun, 0.001)
        done = f"{count(self._pages, 'page')} · {count(self._sessions, 'session')}"
        done += f" · {rate:,.0f} sessions/s · "
        text = Text((done if self._pages else "") + doing)
        text.truncate(self._console.width - len("⠋ "), overflow="ellipsis")
        self.line = text.plain
        self._status.update(text)
        self._status.start()
