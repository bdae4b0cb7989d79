"""One GET at a time: auth, timeouts, retries, and errors that can be acted on.

Knows nothing of sessions. What a body means is up to the `decode` that the caller hands in; a body
that `decode` finds unreadable is asked for again, since a gateway's HTML page and a cut answer
look just like that.
"""

import contextlib
import copy
import json
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from threading import Lock
from typing import Any, Generic, TypeVar, cast
from urllib.parse import quote

import httpx
import tenacity

from . import errors
from .connections import Connections
from .pace import Pace, Slowdown, Turn
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


@dataclass(frozen=True)
class Traffic:
    """What the client has done so far, for the record of a cycle.

    Attributes:
        requests: Requests sent, retries included.
        retries: Requests that were sent again.
        seconds_waited: Seconds spent waiting between attempts, rate limits included.
        seconds_throttled: The part of them that a 429 or a `Retry-After` asked for. A pause that
            several walkers share counts once.
        bytes_received: Bytes of all good bodies, decompressed.
    """

    requests: int = 0
    retries: int = 0
    seconds_waited: float = 0.0
    seconds_throttled: float = 0.0
    bytes_received: int = 0

    def __add__(self, more: "Traffic") -> "Traffic":
        return Traffic(
            self.requests + more.requests,
            self.retries + more.retries,
            self.seconds_waited + more.seconds_waited,
            self.seconds_throttled + more.seconds_throttled,
            self.bytes_received + more.bytes_received,
        )


@dataclass
class _Failure(Exception):
    """An attempt that may succeed if it is made again.

    Attributes:
        reason: What went wrong.
        pause: Seconds that the API asks to wait, None if it names none.
        limited: Whether it was a 429.
        error: What to raise if no further attempt is made.
        wait: Seconds to wait before the next attempt, None if that is up to the policy.
        slowdown: What that wait is for all who share the pace; None if it is this request's own.
    """

    reason: str
    pause: float | None = None
    limited: bool = False
    error: type[errors.DevinError] = field(default=errors.Unreachable)
    wait: float | None = None
    slowdown: Slowdown | None = None


@dataclass
class _Question(Generic[T]):
    """What is asked for one answer, and what it took so far.

    Attributes:
        path: As given to `Client.get`.
        params: As given to `Client.get`.
        decode: As given to `Client.get`.
        attempts: Requests made, but for those that were refused while others were answered:
            such a request only lost the race for what a limit lets through.
        answered: Requests of all that were answered when this one was last refused.
        queued: Seconds spent waiting for a turn. They are not the answer's own, and come off the
            budget: a request that only waits its turn never fails.
    """

    path: str
    params: Params
    decode: Callable[[bytes], T]
    attempts: int = 0
    answered: int = 0
    queued: float = 0.0

    def lost_to(self, answered: int) -> None:
        """Take note of a refusal, when so many requests of all were answered."""
        if answered > self.answered:
            self.attempts -= 1
        self.answered = answered


class Client:
    """A connection to one API under one token, which any number of threads may use.

    Args:
        base_url: Scheme, host and optional path prefix, as in `https://api.devin.ai`.
        token: The bearer token; white space around it is dropped, secret stores tend to add some.
        policy: How hard to try for one answer.
        timeout: Seconds for connecting, and for each silence while an answer is read.
        sleep: Waits for so many seconds; replaced in tests. With a pace, that waits instead.
        pace: What all threads that ask have in common; without one, each asks when it likes and
            pauses alone.
    """

    def __init__(  # noqa: PLR0913 - only two are not optional
        self,
        base_url: str,
        token: str,
        *,
        policy: RetryPolicy | None = None,
        timeout: float = 60.0,
        sleep: Callable[[float], None] = time.sleep,
        pace: Pace | None = None,
    ) -> None:
        self._token = token.strip()
        self._policy = policy or RetryPolicy()
        self._pace = pace
        self._sleep = pace.sleep if pace else sleep
        self.base_url = base_url.rstrip("/")
        self.traffic = Traffic()
        self._counting = Lock()
        self.connections = Connections(
            self.base_url,
            timeout,
            {"Authorization": f"Bearer {self._token}", "Accept": "application/json"},
        )

    def counting(self) -> "Client":
        """The same connections, with a count of its own in `traffic`."""
        same = copy.copy(self)
        same.traffic, same._counting = Traffic(), Lock()
        return same

    def stop(self) -> None:
        """Ask nothing more: whoever waits to ask gets `Stopped`."""
        if self._pace:
            self._pace.stop()

    def close(self) -> None:
        """Close the connections."""
        self.connections.close()

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
            Stopped: The pace was stopped.
        """
        question = _Question(path, params, decode)
        retrying = tenacity.Retrying(
            stop=lambda state: self._is_over(question, state),
            wait=self._pause,
            retry=tenacity.retry_if_exception_type(_Failure),
            before_sleep=self._announce,
            sleep=self._sleep,
            retry_error_callback=lambda state: self._give_up(question, state),
        )
        return retrying(self._attempt, question)

    def _attempt(self, question: _Question[T]) -> Reply[T]:
        with self.connections.one() as http:
            request = self._request(http, question)  # before the turn, so that nothing delays it
            with self._turn() as turn:
                question.attempts += 1
                question.queued += turn.queued
                self._count(Traffic(requests=1))
                started = time.monotonic()
                response = _response(http, request)
                if is_retried(response.status_code):
                    raise self._postponed(question, response, turn)
        if response.status_code != httpx.codes.OK:
            raise self._refusal(question.path, response)
        try:
            value = question.decode(response.content)
        except UndecodableBody as error:
            raise _Failure(
                f"{error}; the body begins: {self._quote(response)}", error=errors.BodyUnreadable
            ) from error
        self._count(Traffic(bytes_received=len(response.content)))
        began = self._began(question.path, response, started)
        return Reply(value, began, len(response.content))

    def _turn(self) -> contextlib.AbstractContextManager[Turn]:
        if self._pace:
            return self._pace.turn()
        return contextlib.nullcontext(Turn(0.0, lambda seconds: Slowdown(True, seconds)))

    def _request(self, http: httpx.Client, question: _Question[T]) -> httpx.Request:
        params = httpx.QueryParams(tuple(question.params))
        # Not as an argument: httpx would take the address apart, and put it together, twice.
        url = f"{self.base_url}{question.path}" + (f"?{params}" if params else "")
        try:
            return http.build_request("GET", url)
        except httpx.InvalidURL as error:
            raise errors.ConfigurationError(
                f"base_url {self.base_url!r} is not a URL: {error}",
                "Correct base_url under [sources.devin] in .dlt/config.toml.",
            ) from error

    def _postponed(self, question: _Question[T], response: httpx.Response, turn: Turn) -> _Failure:
        """The failure of an attempt to be made again; nobody asks before the pause it names."""
        status = response.status_code
        date = http_date(response.headers.get("Date"))
        pause = retry_after(response.headers.get("Retry-After"), date or wall_clock())
        limited = status == httpx.codes.TOO_MANY_REQUESTS
        failure = _Failure(f"HTTP {status}: {self._quote(response)}", pause, limited)
        if limited or pause is not None:
            failure.wait = self._policy.backoff(question.attempts) if pause is None else pause
            failure.slowdown = turn.slow_down(failure.wait)
            question.lost_to(failure.slowdown.answered)
        return failure

    def _began(self, path: str, response: httpx.Response, started: float) -> int:
        """The moment the request began, by the API's clock: `Date` is when it was answered."""
        date = http_date(response.headers.get("Date"))
        if date is None:
            raise errors.ClockMissing(f"GET {path} was answered without a readable Date header")
        return int(date - (time.monotonic() - started))

    def _refusal(self, path: str, response: httpx.Response) -> Exception:
        status = response.status_code
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

    def _is_over(self, question: _Question[T], state: tenacity.RetryCallState) -> bool:
        """Whether attempts or budget are used up; see `_Question.queued`."""
        own = (state.seconds_since_start or 0.0) - question.queued
        spent = own + state.upcoming_sleep >= self._policy.budget
        return spent or question.attempts >= self._policy.attempts

    def _pause(self, state: tenacity.RetryCallState) -> float:
        wait = _failure_of(state).wait
        return self._policy.backoff(state.attempt_number) if wait is None else wait

    def _count(self, more: Traffic) -> None:
        with self._counting:
            self.traffic += more

    def _announce(self, state: tenacity.RetryCallState) -> None:
        failure, seconds = _failure_of(state), state.upcoming_sleep
        shared = failure.slowdown
        if shared is None:
            self._count(Traffic(retries=1, seconds_waited=seconds))
        else:
            self._count(Traffic(0, 1, shared.added, shared.added))
        if shared is None or shared.begins:
            self._log_wait(failure.reason, seconds)

    @staticmethod
    def _log_wait(reason: str, seconds: float) -> None:
        log.info(
            "waiting %.1f s before asking again (%s)",
            seconds,
            reason,
            extra={"event": "waiting", "seconds": seconds, "reason": reason},
        )

    def _give_up(self, question: _Question[T], state: tenacity.RetryCallState) -> Any:
        failure = _failure_of(state)
        made = f"{state.attempt_number} attempt{'s' if state.attempt_number > 1 else ''}"
        message = f"GET {self.base_url}{question.path} failed after {made}: {failure.reason}"
        if failure.pause is not None and question.attempts < self._policy.attempts:
            raise errors.RateLimited(
                f"{message}; the API asks to wait {failure.pause:.0f} s, which is more than is "
                f"left of the retry budget of {self._policy.budget:.0f} s",
                failure.pause,
            ) from failure
        if failure.limited:
            raise errors.RateLimited(message, failure.pause or self._policy.cap) from failure
        raise failure.error(message) from failure


def _response(http: httpx.Client, request: httpx.Request) -> httpx.Response:
    try:
        response = http.send(request)
    except (httpx.TransportError, httpx.DecodingError) as error:
        raise _Failure(f"{type(error).__name__}: {error}".rstrip(": ")) from error
    # httpx's knows its response, which would keep each body until somebody looks for garbage.
    response.stream = _READ
    return response


_READ = httpx.ByteStream(b"")


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
