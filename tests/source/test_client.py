"""One GET over real HTTP: what is asked again, what is not, and what the reader is told."""

import gc
import json
import logging
import socket
import traceback
import weakref
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Condition, Event
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
import tenacity

from pipelines.devin.demo_api import DemoServer, Fault
from sources.devin import client as client_module
from sources.devin.client import Client, Params, Reply, Traffic, UndecodableBody, path_segment
from sources.devin.errors import (
    BodyUnreadable,
    ClockMissing,
    ConfigurationError,
    DevinError,
    OrganizationUnknown,
    PermissionMissing,
    RateLimited,
    RequestRefused,
    TokenRejected,
    Unreachable,
)
from sources.devin.pace import Pace, Stopped
from sources.devin.retry import RetryPolicy
from tests.support.sessions import NOON

from .conftest import SESSIONS_PATH, TOKEN, Answer, Call, Connect, Serve, http_time

ORDERED = "This answer was ordered by a test."
SECRET = "cog_5up3r-s3cret_0123456789"


def decode(body: bytes) -> dict[str, Any]:
    try:
        value: dict[str, Any] = json.loads(body)
    except ValueError:
        raise UndecodableBody("not JSON") from None
    return value


def ask(client: Client, path: str = SESSIONS_PATH, params: Params = ()) -> Reply[dict[str, Any]]:
    return client.get(path, params, decode)


def error_of(client: Client) -> DevinError:
    with pytest.raises(DevinError) as caught:
        ask(client)
    return caught.value


class Time:
    """A clock for tenacity: it moves only where a client sleeps."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> Time:
    clock = Time()
    monkeypatch.setattr(tenacity, "time", clock)
    return clock


@pytest.fixture
def without_garbage_collection() -> Iterator[None]:
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("without_garbage_collection")
def test_an_answer_is_let_go_of_as_soon_as_it_is_read(client: Client) -> None:
    answers: list[weakref.ref[httpx.Response]] = []
    client.connections.hooks["response"] = [lambda answer: answers.append(weakref.ref(answer))]

    ask(client)

    assert [answer() for answer in answers] == [None]


# What is asked again


PASSING = {
    "408": Fault(status=408),
    "425": Fault(status=425),
    "429": Fault(status=429),
    "500": Fault(status=500),
    "502": Fault(status=502),
    "503": Fault(status=503),
    "504": Fault(status=504),
    "a connection reset": Fault(reset=True),
    "a body cut off": Fault(cut=True),
    "a gateway's page with 504": Fault(status=504, html=True),
    "a gateway's page with 200": Fault(html=True),
    "garbage with 200": Fault(garbage=True),
    "an empty body with 200": Fault(status=200, body=""),
}


@pytest.mark.parametrize("fault", PASSING.values(), ids=PASSING.keys())
def test_what_may_pass_is_asked_again_until_it_has(
    fault: Fault, server: DemoServer, client: Client, waits: list[float]
) -> None:
    server.faults.push(fault, fault)

    reply = ask(client)

    assert reply.value["total"] == 20
    assert [request.path for request in server.requests] == [SESSIONS_PATH] * 3
    assert len(waits) == 2
    assert 0 <= waits[0] <= 1
    assert 0 <= waits[1] <= 2


def test_what_is_asked_again_is_the_same_request(server: DemoServer, client: Client) -> None:
    server.faults.push(Fault(status=503))

    ask(client, params=[("first", "3"), ("tags", "b"), ("tags", "a")])

    assert [request.query for request in server.requests] == [
        [("first", "3"), ("tags", "b"), ("tags", "a")]
    ] * 2


def test_a_silence_longer_than_the_timeout_is_asked_again(
    server: DemoServer, connect: Connect
) -> None:
    server.faults.push(Fault(delay=30), None)

    assert ask(connect(timeout=0.2)).value["total"] == 20


def test_no_silence_is_waited_for_after_the_last_attempt(
    server: DemoServer, connect: Connect
) -> None:
    server.faults.push(Fault(delay=30))

    error = error_of(connect(timeout=0.05, attempts=1))

    assert isinstance(error, Unreachable)
    assert error.message.endswith("failed after 1 attempt: ReadTimeout: timed out")


def test_a_body_that_does_not_decompress_is_asked_again(serve: Serve, connect: Connect) -> None:
    dated = {"Date": http_time(NOON)}
    answers = iter([Answer(headers=dated | {"Content-Encoding": "gzip"}), Answer()])

    assert ask(connect(serve(lambda _: next(answers)))).value == {}


# What is not


REFUSALS: dict[int, type[DevinError]] = {
    400: RequestRefused,
    401: TokenRejected,
    403: PermissionMissing,
    404: OrganizationUnknown,
    405: RequestRefused,
    409: RequestRefused,
    410: RequestRefused,
    422: RequestRefused,
}
PHRASES = {
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    409: "Conflict",
    410: "Gone",
    422: "Unprocessable Entity",
}


@pytest.mark.parametrize("status", REFUSALS)
def test_a_refusal_is_not_asked_again(
    status: int, server: DemoServer, client: Client, waits: list[float]
) -> None:
    server.faults.push(Fault(status=status))

    error = error_of(client)

    assert type(error) is REFUSALS[status]
    whose = "the API does not accept the token: " if status == 401 else ""
    assert error.message == (
        f"{whose}GET {SESSIONS_PATH} was refused with HTTP {status}: {PHRASES[status]}: {ORDERED}"
    )
    assert (len(server.requests), waits) == (1, [])


@pytest.mark.parametrize("status", [201, 204, 301, 302, 307])
def test_a_success_or_redirect_that_is_no_answer_breaks_the_contract(
    status: int, serve: Serve, connect: Connect, waits: list[float]
) -> None:
    elsewhere = {"Location": "http://127.0.0.1:9/elsewhere"}
    base_url = serve(lambda _: Answer(status, b"", elsewhere))

    error = error_of(connect(base_url))

    assert type(error) is BodyUnreadable
    assert error.message == f"GET {SESSIONS_PATH} was refused with HTTP {status}: (empty)"
    assert waits == []


# Pauses that the API asks for


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize("seconds", [0, 7, 299])
def test_retry_after_in_seconds_is_obeyed_in_full(
    status: int, seconds: int, server: DemoServer, client: Client, waits: list[float]
) -> None:
    server.faults.push(Fault(status=status, headers={"Retry-After": str(seconds)}))

    ask(client)

    assert waits == [float(seconds)]


def test_retry_after_as_a_date_counts_from_the_answers_own_date(
    server: DemoServer, client: Client, waits: list[float]
) -> None:
    moment = http_time(server.world.clock.now + 40)
    server.faults.push(Fault(status=429, headers={"Retry-After": moment}))

    ask(client)

    assert waits == [40.0]


def test_retry_after_as_a_date_counts_from_this_machines_clock_where_the_answer_has_none(
    monkeypatch: pytest.MonkeyPatch, serve: Serve, connect: Connect, waits: list[float]
) -> None:
    monkeypatch.setattr(client_module, "wall_clock", lambda: float(NOON))
    answers = iter([Answer(429, headers={"Retry-After": http_time(NOON + 25)}), Answer()])

    ask(connect(serve(lambda _: next(answers))))

    assert waits == [25.0]


@pytest.mark.parametrize("value", ["soon", "inf", "nan", ""])
def test_an_unreadable_retry_after_is_no_pause_of_its_own(
    value: str, server: DemoServer, client: Client, waits: list[float]
) -> None:
    server.faults.push(Fault(status=429, headers={"Retry-After": value}))

    ask(client)

    assert len(waits) == 1
    assert 0 <= waits[0] <= 1


def test_a_pause_beyond_the_budget_is_refused_at_once(
    server: DemoServer, connect: Connect, waits: list[float]
) -> None:
    server.faults.push(Fault(status=429, headers={"Retry-After": "301"}))

    error = error_of(connect(budget=300.0))

    assert isinstance(error, RateLimited)
    assert error.retry_after == 301.0
    assert error.message == (
        f"GET {server.base_url}{SESSIONS_PATH} failed after 1 attempt: HTTP 429: Too Many "
        f"Requests: {ORDERED}; the API asks to wait 301 s, which is more than is left of the "
        "retry budget of 300 s"
    )
    assert waits == []


def test_pauses_share_one_budget(server: DemoServer, time: Time) -> None:
    busy = Fault(status=429, headers={"Retry-After": "60"})
    server.faults.push(busy, busy)
    policy = RetryPolicy(budget=100.0)

    with (
        Client(server.base_url, TOKEN, policy=policy, sleep=time.sleep) as client,
        pytest.raises(RateLimited),
    ):
        ask(client)

    assert time.now == 1060.0


def test_the_budget_is_for_one_answer(server: DemoServer, time: Time) -> None:
    busy = Fault(status=429, headers={"Retry-After": "60"})
    server.faults.push(busy, None, busy, None)
    policy = RetryPolicy(budget=100.0)

    with Client(server.base_url, TOKEN, policy=policy, sleep=time.sleep) as client:
        ask(client)
        ask(client)

    assert time.now == 1120.0


def test_no_backoff_passes_the_budget(server: DemoServer, connect: Connect) -> None:
    server.faults.push(Fault(status=500))

    error = error_of(connect(budget=0.0))

    assert type(error) is Unreachable
    assert "failed after 1 attempt: HTTP 500" in error.message


# When it gives up


def test_server_errors_to_the_end_mean_unreachable(server: DemoServer, connect: Connect) -> None:
    server.faults.push(Fault(status=500), Fault(status=502), Fault(status=503))

    error = error_of(connect(attempts=3))

    assert type(error) is Unreachable
    assert error.message == (
        f"GET {server.base_url}{SESSIONS_PATH} failed after 3 attempts: HTTP 503: "
        f"Service Unavailable: {ORDERED}"
    )
    assert len(server.requests) == 3


def test_pauses_to_the_last_attempt_mean_that_the_rate_is_limited(
    server: DemoServer, connect: Connect, waits: list[float]
) -> None:
    server.faults.push(*[Fault(status=429, headers={"Retry-After": "5"})] * 2)

    error = error_of(connect(attempts=2))

    assert isinstance(error, RateLimited)
    assert error.retry_after == 5.0
    assert error.message.endswith(
        f"failed after 2 attempts: HTTP 429: Too Many Requests: {ORDERED}"
    )
    assert waits == [5.0]


@pytest.mark.parametrize("fault", [Fault(reset=True), Fault(cut=True)], ids=["reset", "cut"])
def test_broken_connections_to_the_end_mean_unreachable(
    fault: Fault, server: DemoServer, connect: Connect
) -> None:
    server.faults.push(fault, fault)

    error = error_of(connect(attempts=2))

    assert type(error) is Unreachable
    assert "failed after 2 attempts: " in error.message


def test_a_port_nobody_listens_on_means_unreachable(connect: Connect, waits: list[float]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

    error = error_of(connect(f"http://127.0.0.1:{port}", attempts=4))

    assert type(error) is Unreachable
    assert error.message.startswith(
        f"GET http://127.0.0.1:{port}{SESSIONS_PATH} failed after 4 attempts: ConnectError: "
    )
    assert error.advice.startswith("Check base_url under [sources.devin] and the network")
    assert len(waits) == 3


@pytest.mark.parametrize("base_url", ["http://127.0.0.1:port", "http://a\x00b"])
def test_an_address_that_is_none_is_a_matter_of_configuration(
    base_url: str, connect: Connect, waits: list[float]
) -> None:
    error = error_of(connect(base_url))

    assert type(error) is ConfigurationError
    assert error.message.startswith(f"base_url {base_url!r} is not a URL: ")
    assert waits == []


def test_unreadable_bodies_to_the_end_are_quoted(server: DemoServer, connect: Connect) -> None:
    body = "<html>\n  " + "x" * 1000
    server.faults.push(*[Fault(status=200, body=body)] * 2)

    error = error_of(connect(attempts=2))

    assert type(error) is BodyUnreadable
    assert error.message == (
        f"GET {server.base_url}{SESSIONS_PATH} failed after 2 attempts: not JSON; "
        f"the body begins: <html> {'x' * 293}"
    )


def test_the_last_failure_decides_what_the_error_is(server: DemoServer, connect: Connect) -> None:
    server.faults.push(Fault(garbage=True), Fault(status=500))
    server.faults.push(Fault(status=500), Fault(garbage=True))
    client = connect(attempts=2)

    assert [Unreachable, BodyUnreadable] == [type(error_of(client)) for _ in range(2)]


# What the API says is wrong


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ('{"type": "about:blank", "title": "Bad", "detail": "Worse."}', "Bad: Worse."),
        ('{"title": "Bad"}', "Bad"),
        ('{"title": "", "detail": "Worse."}', "Worse."),
        ('{"detail": "Worse."}', "Worse."),
        (
            '{"detail": [{"loc": ["query", "origins", 1], "msg": "No.", "type": "enum"},'
            ' {"loc": ["query", "first"], "msg": "Neither.", "type": "int"}]}',
            "query.origins.1: No.; query.first: Neither.",
        ),
        ('{"detail": []}', '{"detail": []}'),
        ('{"detail": {"why": "so"}}', '{"detail": {"why": "so"}}'),
        ('{"detail": ["so"]}', '{"detail": ["so"]}'),
        ('{"detail": [{"loc": null, "msg": "so"}]}', '{"detail": [{"loc": null, "msg": "so"}]}'),
        ('{"error": "so"}', '{"error": "so"}'),
        ('["so"]', '["so"]'),
        ("null", "null"),
        ("just text", "just text"),
        ("", "(empty)"),
        ("[" * 100_000, "[" * 300),
        ('{"detail": "' + "x" * 1000 + '"}', "x" * 300),
    ],
)
def test_both_dialects_of_refusal_are_read_and_anything_else_is_quoted(
    body: str, expected: str, server: DemoServer, client: Client
) -> None:
    server.faults.push(Fault(status=400, body=body))

    assert error_of(client).message == (
        f"GET {SESSIONS_PATH} was refused with HTTP 400: {expected}"
    )


# The token


def told(error: BaseException) -> Iterator[str]:
    """All that a reader could see of an error, and of those behind it."""
    yield "".join(traceback.format_exception(error))
    seen: BaseException | None = error
    while seen is not None:
        yield from (str(seen), repr(seen), repr(vars(seen)))
        seen = seen.__cause__ or seen.__context__


def as_problem(call: Call) -> bytes:
    said = call.headers["authorization"]
    return json.dumps({"title": said, "detail": [{"loc": [said], "msg": said}]}).encode()


def as_text(call: Call) -> bytes:
    return f"You sent: {call.headers['authorization']} {{".encode()


def at_the_edge_of_what_is_quoted(call: Call) -> bytes:
    return b"x" * 290 + call.headers["authorization"].removeprefix("Bearer ").encode()


@pytest.mark.parametrize("form", [as_problem, as_text, at_the_edge_of_what_is_quoted])
@pytest.mark.parametrize("status", [200, 201, 302, 400, 401, 403, 404, 422, 429, 500, 504])
def test_a_token_that_the_server_echoes_appears_nowhere(
    status: int,
    form: Callable[[Call], bytes],
    serve: Serve,
    connect: Connect,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    base_url = serve(lambda call: Answer(status, form(call)))
    client = connect(base_url, token=SECRET, attempts=2)

    def unreadable(body: bytes) -> None:
        raise UndecodableBody("not what was promised")

    with pytest.raises(DevinError) as caught:
        client.get(SESSIONS_PATH, [], unreadable)

    logged = [
        text for record in caplog.records for text in (record.getMessage(), str(vars(record)))
    ]
    shown = [*told(caught.value), *logged, repr(client)]
    assert "***" in str(caught.value)
    assert [text for text in shown if SECRET[:8] in text] == []


def test_white_space_round_a_token_is_dropped(serve: Serve, connect: Connect) -> None:
    calls: list[Call] = []

    def remember(call: Call) -> Answer:
        calls.append(call)
        return Answer()

    ask(connect(serve(remember), token=f" {SECRET}\r\n"))

    assert [call.headers["authorization"] for call in calls] == [f"Bearer {SECRET}"]
    assert [call.headers["accept"] for call in calls] == ["application/json"]


# The clock


@pytest.mark.parametrize("headers", [{}, {"Date": "today"}, {"Date": ""}])
def test_a_good_answer_without_a_readable_date_breaks_the_contract(
    headers: dict[str, str], serve: Serve, connect: Connect, waits: list[float]
) -> None:
    base_url = serve(lambda _: Answer(headers=headers))

    error = error_of(connect(base_url))

    assert type(error) is ClockMissing
    assert error.message == f"GET {SESSIONS_PATH} was answered without a readable Date header"
    assert waits == []


@pytest.mark.parametrize(
    ("ticks", "expected"),
    [
        pytest.param([100.0, 100.0], NOON, id="at once"),
        pytest.param([100.0, 100.25], NOON - 1, id="in a quarter of a second"),
        pytest.param([100.0, 107.5], NOON - 8, id="in seven and a half"),
    ],
)
def test_an_answer_stands_for_the_moment_the_request_began(
    ticks: list[float],
    expected: int,
    monkeypatch: pytest.MonkeyPatch,
    serve: Serve,
    connect: Connect,
) -> None:
    client = connect(serve(lambda _: Answer()))
    monkeypatch.setattr(client_module, "time", SimpleNamespace(monotonic=iter(ticks).__next__))

    assert expected == ask(client).began


def test_failed_attempts_do_not_count_towards_the_moment(
    monkeypatch: pytest.MonkeyPatch, serve: Serve, connect: Connect
) -> None:
    answers = iter([Answer(503), Answer()])
    client = connect(serve(lambda _: next(answers)))
    ticks = iter([100.0, 500.0, 502.0])
    monkeypatch.setattr(client_module, "time", SimpleNamespace(monotonic=ticks.__next__))

    assert ask(client).began == NOON - 2


# What it counts and logs


def test_a_new_client_has_done_nothing(client: Client) -> None:
    assert Traffic() == client.traffic


def test_requests_retries_pauses_and_bytes_are_counted(
    server: DemoServer, client: Client, waits: list[float]
) -> None:
    server.faults.push(
        Fault(status=429, headers={"Retry-After": "7"}),
        Fault(status=503, headers={"Retry-After": "5"}),
        Fault(status=500),
        None,
        Fault(garbage=True),
        Fault(reset=True),
        None,
    )

    sizes = [ask(client).size, ask(client).size]

    assert Traffic(7, 5, sum(waits), 12.0, sum(sizes)) == client.traffic
    assert min(sizes) > 1000


def test_a_429_without_a_pause_of_its_own_counts_as_throttled(
    server: DemoServer, client: Client, waits: list[float]
) -> None:
    server.faults.push(Fault(status=429))

    ask(client)

    assert client.traffic.seconds_throttled == sum(waits) == client.traffic.seconds_waited


def test_bytes_of_answers_that_are_not_used_are_not_counted(
    server: DemoServer, client: Client
) -> None:
    server.faults.push(Fault(status=400))

    error_of(client)

    assert Traffic(requests=1) == client.traffic


def test_each_wait_is_logged_with_its_reason(
    server: DemoServer, client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "devin.client")
    server.faults.push(Fault(status=429, headers={"Retry-After": "7"}))

    ask(client)

    (record,) = [record for record in caplog.records if record.name == "devin.client"]
    reason = f"HTTP 429: Too Many Requests: {ORDERED}"
    assert record.getMessage() == f"waiting 7.0 s before asking again ({reason})"
    assert {"event": "waiting", "seconds": 7.0, "reason": reason}.items() <= vars(record).items()


# Many threads, one pace


def paced(server: DemoServer, pace: Pace, **policy: Any) -> Client:
    return Client(server.base_url, TOKEN, policy=RetryPolicy(**policy), pace=pace)


def virtual(time: Time, most: int = 8, rate: float | None = None) -> Pace:
    """A pace in which waiting takes no time but that of `time`."""

    def wait(_: Condition, seconds: float | None) -> None:
        time.sleep(seconds or 0.0)

    return Pace(most, rate, clock=time.monotonic, wait=wait)


def test_all_are_answered_in_spite_of_a_limit_and_few_ask_while_it_pauses(
    server: DemoServer,
) -> None:
    server.settings.rate_limit = 10
    with paced(server, Pace(8)) as client, ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: ask(client), range(30)))

    refused = [request for request in server.requests if request.retry_after is not None]
    assert len(answers) == 30
    assert refused
    for refusal in refused:
        over = refusal.at + (refusal.retry_after or 0)
        early = [request for request in server.requests if refusal.at < request.at < over]
        assert len(early) < 8
    assert client.traffic.requests == len(server.requests)
    assert client.traffic.retries == len(refused)


def test_nobody_asks_before_the_pause_of_another_is_over(server: DemoServer) -> None:
    pausing = Event()

    def wait(condition: Condition, seconds: float | None) -> None:
        pausing.set()
        condition.wait(seconds)

    server.settings.rate_limit = 1
    with paced(server, Pace(8, wait=wait)) as client, ThreadPoolExecutor(2) as pool:
        ask(client)
        refused = pool.submit(ask, client)
        assert pausing.wait(60)
        ask(client)
        refused.result(60)

    _, refusal, *later = server.requests
    assert refusal.retry_after == 1
    assert [request for request in later if request.at < refusal.at + 1] == []


def test_waiting_for_a_turn_is_not_part_of_the_budget(server: DemoServer, time: Time) -> None:
    pace = virtual(time)
    with paced(server, pace, budget=100.0) as client:
        with pace.turn() as turn:
            turn.slow_down(500)
        server.faults.push(Fault(status=500))
        ask(client)

    assert time.now >= 1500.0


def test_pauses_of_a_request_of_its_own_are_part_of_the_budget(
    server: DemoServer, time: Time
) -> None:
    busy = Fault(status=429, headers={"Retry-After": "60"})
    server.faults.push(busy, busy)

    with paced(server, virtual(time), budget=100.0) as client, pytest.raises(RateLimited):
        ask(client)

    assert time.now == 1060.0


def test_a_pause_beyond_the_budget_is_refused_at_once_with_a_pace_too(
    server: DemoServer, time: Time
) -> None:
    server.faults.push(Fault(status=429, headers={"Retry-After": "301"}))

    with paced(server, virtual(time)) as client, pytest.raises(RateLimited) as caught:
        ask(client)

    assert (caught.value.retry_after, time.now) == (301.0, 1000.0)


def test_a_refusal_while_others_are_answered_is_no_failed_attempt(
    server: DemoServer, time: Time
) -> None:
    busy = Fault(status=429, headers={"Retry-After": "1"})
    answered: list[Reply[dict[str, Any]]] = []

    def wait(_: Condition, seconds: float | None) -> None:
        time.sleep(seconds or 0.0)
        answered.append(ask(other))

    pace = Pace(8, clock=time.monotonic, wait=wait)
    other = paced(server, pace)
    server.faults.push(busy, None, busy, None, busy, None, None)
    with other, paced(server, pace, attempts=2) as client:
        ask(client)

    assert (len(answered), len(server.requests)) == (3, 7)


def test_a_refusal_while_nobody_is_answered_is_a_failed_attempt(
    server: DemoServer, time: Time
) -> None:
    server.faults.push(*[Fault(status=429, headers={"Retry-After": "1"})] * 3)

    with paced(server, virtual(time), attempts=3) as client, pytest.raises(RateLimited):
        ask(client)

    assert len(server.requests) == 3


@pytest.mark.parametrize(
    "fault", [Fault(status=429), Fault(status=503, headers={"Retry-After": "7"})]
)
def test_any_429_and_any_retry_after_pauses_all(
    fault: Fault, server: DemoServer, time: Time
) -> None:
    pace = virtual(time)
    server.faults.push(fault)

    with paced(server, pace, attempts=1) as client, pytest.raises(DevinError):
        ask(client)
    with pace.turn() as turn:
        assert turn.queued > 0


def test_a_shared_pause_is_logged_and_counted_once(
    serve: Serve, time: Time, caplog: pytest.LogCaptureFixture
) -> None:
    """All four are under way when the first is refused, and pause until the last has been."""
    caplog.set_level(logging.INFO, "devin.client")
    together = Barrier(4)
    busy = Answer(429, headers={"Retry-After": "60"})
    answers = iter([busy] * 4)

    def answer(_: Call) -> Answer:
        refusal = next(answers, None)
        if refusal:
            together.wait(60)
        return refusal or Answer()

    def wait(condition: Condition, seconds: float | None) -> None:
        if seconds is None or client.traffic.retries < 4:
            condition.wait(60)
        else:
            time.sleep(seconds)
            condition.notify_all()

    pace = Pace(4, clock=time.monotonic, wait=wait)
    with Client(serve(answer), TOKEN, pace=pace) as client, ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: ask(client), range(4)))

    lines = [record for record in caplog.records if record.name == "devin.client"]
    assert len(lines) == 1
    assert Traffic(8, 4, 60.0, 60.0, 8) == client.traffic


def test_a_stopped_pace_asks_nothing(server: DemoServer) -> None:
    pace = Pace(8)
    pace.stop()

    with paced(server, pace) as client, pytest.raises(Stopped):
        ask(client)

    assert (server.requests, client.traffic) == ([], Traffic())


# Addresses


@pytest.mark.parametrize("suffix", ["", "/", "/tenant", "/tenant/"])
def test_a_base_url_may_have_a_path_and_a_slash(
    suffix: str, serve: Serve, connect: Connect
) -> None:
    paths: list[str] = []

    def remember(call: Call) -> Answer:
        paths.append(call.path)
        return Answer()

    ask(connect(serve(remember) + suffix), "/v3/self", [("a", "1")])

    assert [suffix.rstrip("/") + "/v3/self?a=1"] == paths


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("org-abc", "org-abc"),
        ("auth0|5f/a?b#c", "auth0%7C5f%2Fa%3Fb%23c"),
        ("a b%", "a%20b%25"),
        ("é", "%C3%A9"),
    ],
)
def test_any_id_is_one_segment_of_a_path(value: str, expected: str) -> None:
    assert expected == path_segment(value)


def test_a_closed_client_asks_nothing(server: DemoServer) -> None:
    with Client(server.base_url, TOKEN) as client:
        pass

    with pytest.raises(RuntimeError, match="closed"):
        ask(client)
    assert server.requests == []
