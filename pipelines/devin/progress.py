"""The moving line on a terminal: sessions, rate, time left, and what is waited for."""

import logging
import time

from rich.console import Console
from rich.status import Status
from rich.text import Text

from .amounts import count
from .display import Clock, Display, Estimate


class Progress(Display):
    """Shows the run on one line of the terminal, which it leaves clean.

    Args:
        clock: Seconds, from wherever.

    Attributes:
        line: What the line says now.
    """

    def __init__(self, clock: Clock = time.monotonic) -> None:
        super().__init__(logging.Formatter())
        self._console = Console(stderr=True, highlight=False)
        self._status = Status("", console=self._console)
        self._estimate = Estimate(clock)
        self._pages, self._sessions = 0, 0
        self._done: list[str] = []
        self.line = ""

    def emit(self, record: logging.LogRecord) -> None:
        """Bring the line up to date."""
        match getattr(record, "event", None):
            case "started":
                self._restart()
                self._show("asking the API")
            case "page":
                self._pages += 1
                self._sessions += record.sessions  # type: ignore[attr-defined]
                self._done = self._estimate.in_words(getattr(record, "done", None))
                self._show(f"reading {record.scope}")  # type: ignore[attr-defined]
            case "waiting":
                self._show(record.getMessage())
            case "scheduled":
                self._pages = 0
                self._show(record.getMessage())
            case "cycle" | "committed":
                self._show("loading into the destination")
            case _:
                self.clear()
                self._console.print(record.getMessage(), markup=False)

    def clear(self) -> None:
        """Take the line away; the next record brings it back."""
        self._status.stop()

    def _restart(self) -> None:
        self._pages, self._sessions = 0, 0
        self._estimate.restart()

    def _show(self, doing: str) -> None:
        text = Text(" · ".join([*self._counted(), doing]))
        # Ctrl-C writes two characters of its own, and a line that they break stays behind.
        text.truncate(self._console.width - len("⠋ ^C "), overflow="ellipsis")
        self.line = text.plain
        self._status.update(text)
        self._status.start()

    def _counted(self) -> list[str]:
        if not self._pages:
            return []
        rate = self._sessions / max(self._estimate.elapsed, 0.001)
        return [
            count(self._sessions, "session"),
            f"{rate:,.0f}/s",
            *self._done,
        ]
