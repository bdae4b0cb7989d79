"""When to ask again, and after how long: the rules, without doing any of it."""

import math
import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

RETRIED_CLIENT_ERRORS = frozenset({408, 425, 429})
FIRST_SERVER_ERROR = 500


@dataclass(frozen=True)
class RetryPolicy:
    """How hard to try for one answer.

    Attributes:
        attempts: Requests made for one answer, the first included.
        budget: Seconds of wall clock for one answer; no wait begins that would pass it.
        base: Seconds that the first wait may last at most; doubles with each further one.
        cap: Seconds that no wait exceeds, unless the API asks for a longer one.
    """

    attempts: int = 8
    budget: float = 300.0
    base: float = 1.0
    cap: float = 30.0

    def backoff(
        self, failures: int, draw: Callable[[float, float], float] = random.uniform
    ) -> float:
        """Seconds to wait after so many failures in a row: exponential, with full jitter.

        Args:
            failures: Failed attempts so far, at least 1.
            draw: Draws a number between two others, uniformly.

        Returns:
            Seconds, between 0 and `min(cap, base * 2 ** (failures - 1))`.
        """
        exponent = min(failures - 1, 32)
        return draw(0.0, min(self.cap, self.base * 2**exponent))


def is_retried(status: int) -> bool:
    """Whether a request answered with this status may succeed if it is simply made again."""
    return status in RETRIED_CLIENT_ERRORS or status >= FIRST_SERVER_ERROR


def http_date(value: str | None) -> int | None:
    """An HTTP date (`Date`, `Retry-After`) as epoch seconds, or None where it is not one."""
    if not value:
        return None
    try:
        moment = parsedate_to_datetime(value)
    except (ValueError, OverflowError):
        return None
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())


def retry_after(value: str | None, now: float) -> float | None:
    """The pause a `Retry-After` header asks for (RFC 9110, 10.2.3: seconds, or a date).

    Args:
        value: The header's value, None where there is none.
        now: The moment to count a date from, in epoch seconds: the answer's own `Date` where it
            has one, so that a wrong clock on either side does not matter.

    Returns:
        Seconds, never negative; None where the header is absent or unreadable.
    """
    if value is None:
        return None
    try:
        seconds = float(value)
    except ValueError:
        date = http_date(value)
        return None if date is None else max(0.0, date - now)
    return max(0.0, seconds) if math.isfinite(seconds) else None


def wall_clock() -> float:
    """Now, in epoch seconds, by this machine's clock."""
    return datetime.now(UTC).timestamp()
