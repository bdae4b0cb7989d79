"""The limit on requests a second, as a token bucket that holds one second's worth."""

import math
from http import HTTPStatus

from .faults import Fault


class Limiter:
    """Counts requests against a rate that may change between any two of them."""

    def __init__(self) -> None:
        self._rate: float | None = None
        self._tokens = 0.0
        self._at = 0.0

    def take(self, now: float, rate: float | None) -> int | None:
        """Let one request pass, or say in how many seconds it may be made again.

        Args:
            now: The moment in seconds, never earlier than before.
            rate: Requests a second; None for any number. A new rate begins with a full bucket.

        Returns:
            Whole seconds, at least 1; None where the request may pass.
        """
        if rate is None or rate != self._rate:
            self._rate, self._tokens = rate, math.inf
        if rate is None:
            return None
        capacity = max(1.0, rate)
        self._tokens = min(capacity, self._tokens + (now - self._at) * rate)
        self._at = now
        if self._tokens < 1.0:
            return max(1, math.ceil((1.0 - self._tokens) / rate))
        self._tokens -= 1.0
        return None


def over_limit(retry_after: int) -> Fault:
    """The answer to a request above the limit."""
    return Fault(status=HTTPStatus.TOO_MANY_REQUESTS, headers={"Retry-After": str(retry_after)})
