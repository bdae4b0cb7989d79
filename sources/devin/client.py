"""One GET at a time: auth, timeouts, retries, and errors that can be acted on.

Knows nothing of sessions. What a body means is up to the `decode` that the caller hands in; a body
that `decode` finds unreadable is asked for again, since a gateway's HTML page and a cut answer
look just like that.
"""

import contextlib
import json
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar, cast
from urllib.parse import quote

import httpx
import tenacity

from . import errors
from .retry import RetryPolicy, http_date, is_retried, retry_after, wall_clock

log = logging.getLogger("devin.client")

Params = Sequence[tuple[str, str]]
T = TypeVar("T")


class UndecodableBody(ValueError):
    """Raised by a `decode` callback: the body is not what the endpoint promises."""


@dataclass(frozen=True)
class Reply(Generic[T]):
    """One good answer.

    Attributes:
        value: What `decode` made of the body.
        began: Epoch seconds by the API's own clock, at or before the moment it began to answer.
        size: Bytes of the body, decompressed.
    """

    value: T
    began: int
    size: int


@dataclass
class Traffic:
    """What the client has done so far, for the record of a cycle.

    Attributes:
        requests: Requests sent, retries included.
        retries: Requests that were sent again.
        seconds_waited: Seconds spent waiting between attempts, rate limits included.
        seconds_throttled: The part of them that a 429 or a `Retry-After` asked for.
        bytes_received: Bytes of all good bodies, decompressed.
    """

    requests: int = 0
    retries: int = 0
    seconds_waited: float = 0.0
    seconds_throttled: float = 0.0
    bytes_received: int = 0


@dataclass
class _Failure(Exception):
    """An attempt that may succeed if it is made again."""

    reason: str
    pause: float | None = None
    limited: bool = False
    error: type[errors.DevinError] = field(default=errors.Unreachable)


class Client:
    """A connection to one API under one token.

    Args:
        base_url: Scheme, host and optional path prefix, as in `https://api.devin.ai`.
        token: The bearer token; white space around it is dropped, secret stores tend to add some.
        policy: How hard to try for one answer.
        timeout: Seconds for connecting, and for each silence while an answer is read.
        sleep: Waits for so many seconds; replaced in tests.
    """

    def __init__(
        self,
        base_url: str,
        token: str,
        *,
        policy: RetryPolicy | None = None,
        timeout: float = 60.0,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._token = token.strip()
        self._policy = policy or RetryPolicy()
        self._sleep = sleep
        self.base_url = base_url.rstrip("/")
        self.traffic = Traffic()
        self._http = httpx.Client(
            timeout=timeout,
            headers={"Authorization": f"Bearer {self._token}", "Accept": "application/json"},
        )

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def get(self, path: str, params: Params, decode: Callable[[bytes], T]) -> Reply[T]:
        """Ask until there is a good answer, as long as the policy allows.

        Args:
            path: Path below the base URL, already percent-encoded (see `path_segment`).
            params: Query parameters in order; a list parameter repeats its key.
            decode: Makes a value of the body; raises `UndecodableBody` where it can't.

        Returns:
            The decoded value and the moment it stands for.

        Raises:
            TokenRejected: 401.
            PermissionMissing: 403 (also the API's answer to a wrong token: see `identity`).
            OrganizationUnknown: 404.
            RequestRefused: Any other 4xx that asking again would not change.
            RateLimited: A `Retry-After` longer than what is left of the budget, or 429 to the last.
            Unreachable: No answer, or server errors, until the policy was exhausted.
            BodyUnreadable: Only undecodable bodies until the policy was exhausted.
            ClockMissing: A good answer without a `Date`.
        """
        retrying = tenacity.Retrying(
            stop=tenacity.stop_after_attempt(self._policy.attempts)
            | tenacity.stop_before_delay(self._policy.budget),
            wait=self._pause,
            retry=tenacity.retry_if_exception_type(_Failure),
            before_sleep=self._announce,
            sleep=self._sleep,
            retry_error_callback=lambda state: self._give_up(path, state),
        )
        return retrying(self._attempt, path, params, decode)

    def _attempt(self, path: str, params: Params, decode: Callable[[bytes], T]) -> Reply[T]:
        self.traffic.requests += 1
        started = time.monotonic()
        try:
            response = self._http.get(self.base_url + path, params=list(params))
        except (httpx.TransportError, httpx.DecodingError) as error:
            raise _Failure(f"{type(error).__name__}: {error}".rstrip(": ")) from error
        except httpx.InvalidURL as error:
            raise errors.ConfigurationError(
                f"base_url {self.base_url!r} is not a URL: {error}",
                "Correct base_url under [sources.devin] in .dlt/config.toml.",
            ) from error
        if response.status_code != httpx.codes.OK:
            raise self._refusal(path, response)
        try:
            value = decode(response.content)
        except UndecodableBody as error:
            raise _Failure(
                f"{error}; the body begins: {self._quote(response)}", error=errors.BodyUnreadable
            ) from error
        self.traffic.bytes_received += len(response.content)
        return Reply(value, self._began(path, response, started), len(response.content))

    def _began(self, path: str, response: httpx.Response, started: float) -> int:
        """The moment the request began, by the API's clock: `Date` is when it was answered."""
        date = http_date(response.headers.get("Date"))
        if date is None:
            raise errors.ClockMissing(f"GET {path} was answered without a readable Date header")
        return int(date - (time.monotonic() - started))

    def _refusal(self, path: str, response: httpx.Response) -> Exception:
        status = response.status_code
        if is_retried(status):
            date = http_date(response.headers.get("Date"))
            pause = retry_after(response.headers.get("Retry-After"), date or wall_clock())
            limited = status == httpx.codes.TOO_MANY_REQUESTS
            return _Failure(f"HTTP {status}: {self._quote(response)}", pause, limited)
        message = f"GET {path} was refused with HTTP {status}: {self._quote(response)}"
        kinds: dict[int, type[errors.DevinError]] = {
            401: errors.TokenRejected,
            403: errors.PermissionMissing,
            404: errors.OrganizationUnknown,
        }
        if status == httpx.codes.UNAUTHORIZED:
            message = f"{errors.NOT_ACCEPTED}: {message}"
        if response.is_redirect or response.is_informational or response.is_success:
            return errors.BodyUnreadable(message)
        return kinds.get(status, errors.RequestRefused)(message)

    def _quote(self, response: httpx.Response) -> str:
        """What the API says is wrong, in either of its two dialects, without the token."""
        text = response.text
        with contextlib.suppress(ValueError, AttributeError, TypeError, RecursionError):
            body = json.loads(text)
            text = _problem(body) or text
        return errors.excerpt(text.replace(self._token, "***") if self._token else text)

    def _pause(self, state: tenacity.RetryCallState) -> float:
        failure = _failure_of(state)
        if failure.pause is not None:
            return failure.pause
        return self._policy.backoff(state.attempt_number)

    def _announce(self, state: tenacity.RetryCallState) -> None:
        failure, seconds = _failure_of(state), state.upcoming_sleep
        self.traffic.retries += 1
        self.traffic.seconds_waited += seconds
        if failure.limited or failure.pause is not None:
            self.traffic.seconds_throttled += seconds
        log.info(
            "waiting %.1f s before asking again (%s)",
            seconds,
            failure.reason,
            extra={"event": "waiting", "seconds": seconds, "reason": failure.reason},
        )

    def _give_up(self, path: str, state: tenacity.RetryCallState) -> Any:
        failure = _failure_of(state)
        made = f"{state.attempt_number} attempt{'s' if state.attempt_number > 1 else ''}"
        message = f"GET {self.base_url}{path} failed after {made}: {failure.reason}"
        if failure.pause is not None and state.attempt_number < self._policy.attempts:
            raise errors.RateLimited(
                f"{message}; the API asks to wait {failure.pause:.0f} s, which is more than is "
                f"left of the retry budget of {self._policy.budget:.0f} s",
                failure.pause,
            ) from failure
        if failure.limited:
            raise errors.RateLimited(message, failure.pause or self._policy.cap) from failure
        raise failure.error(message) from failure


def path_segment(value: str) -> str:
    """A value as one segment of a path: ids may hold `|` and other reserved characters."""
    return quote(value, safe="")


def _failure_of(state: tenacity.RetryCallState) -> _Failure:
    outcome = state.outcome
    if outcome is None:
        raise RuntimeError("asked for a failure before the first attempt ended")
    return cast(_Failure, outcome.exception())


def _problem(body: Any) -> str | None:
    """The readable part of an error body: RFC 9457 (`title`, `detail`) or `{"detail": ...}`."""
    detail = body.get("detail")
    if isinstance(detail, list):
        detail = "; ".join(
            f"{'.'.join(map(str, entry.get('loc', [])))}: {entry.get('msg')}" for entry in detail
        )
    parts = [part for part in (body.get("title"), detail) if isinstance(part, str) and part]
    return ": ".join(parts) or None
