"""The log as lines on stderr, for people or for programs."""

import json
import logging
import math
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime

_PLAIN = set(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}

_MINUTE, _HOUR = 60, 3600

Clock = Callable[[], float]


class Estimate:
    """How much of a run is done, and how long the rest will take.

    Args:
        clock: Seconds, from wherever.
    """

    SOONEST = 5.0
    """Seconds that a run has to go on before it tells how it goes."""
    LEAST = 0.02
    """What has to be done before that."""
    LONGEST = 7 * 86_400.0
    """Seconds above which an estimate helps nobody."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.restart()

    def restart(self) -> None:
        """Begin at nothing."""
        self._begun = self._clock()

    @property
    def elapsed(self) -> float:
        """Seconds since the run began."""
        return self._clock() - self._begun

    def in_words(self, done: float | None) -> list[str]:
        """What there is to say, such as `42%` and `about 3 min left`.

        Args:
            done: The share that is done, 0 to 1; None where that is unknown.
        """
        if done is None or not math.isfinite(done):
            return []
        share = min(max(done, 0.0), 1.0)
        percent = f"{math.floor(share * 100)}%"
        if share < self.LEAST or share == 1 or self.elapsed < self.SOONEST:
            return [percent]
        left = self.elapsed * (1 - share) / share
        return [percent, f"about {_rounded_up(left)} left"] if left <= self.LONGEST else [percent]


def _rounded_up(seconds: float) -> str:
    """A stretch of time no finer than an estimate can be."""
    tens = math.ceil(seconds / 10) * 10
    if tens < _MINUTE:
        return f"{tens} s"
    if seconds <= 90 * _MINUTE:
        return f"{math.ceil(seconds / _MINUTE)} min"
    return f"{math.ceil(seconds / _HOUR)} h"


class Display(logging.Handler):
    """Shows log records on stderr.

    Args:
        formatter: How a record becomes a line.
        every: Seconds between two lines about pages at least: there may be thousands of them.
        clock: Seconds, from wherever.
    """

    def __init__(
        self, formatter: logging.Formatter, every: float = 1.0, clock: Clock = time.monotonic
    ) -> None:
        super().__init__()
        self.setFormatter(formatter)
        self._every = every
        self._clock = clock
        self._last_page = float("-inf")

    def emit(self, record: logging.LogRecord) -> None:
        """Write a line."""
        if getattr(record, "event", None) == "page":
            now = self._clock()
            if now - self._last_page < self._every:
                return
            self._last_page = now
        sys.stderr.write(self.format(record) + "\n")
        sys.stderr.flush()

    def clear(self) -> None:
        """Take away what is not to stay, before something else is written to the terminal."""


class TextFormatter(logging.Formatter):
    """Time in UTC, level, message, and of a page how far the run is.

    Args:
        clock: Seconds, from wherever.
    """

    def __init__(self, clock: Clock = time.monotonic) -> None:
        super().__init__()
        self._estimate = Estimate(clock)

    def format(self, record: logging.LogRecord) -> str:
        """The record as a line of text."""
        moment = datetime.fromtimestamp(record.created, UTC)
        line = f"{moment:%Y-%m-%d %H:%M:%SZ} {record.levelname:<7} {record.getMessage()}"
        if getattr(record, "event", None) == "started":
            self._estimate.restart()
        progress = ", ".join(self._estimate.in_words(getattr(record, "done", None)))
        return f"{line} ({progress})" if progress else line


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
