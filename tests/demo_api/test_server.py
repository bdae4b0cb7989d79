"""The server: who may ask, what it refuses, and how it breaks when told to."""

import threading
import time
from email.utils import formatdate

import httpx
import pytest

from pipelines.devin.demo_api import DemoServer, Fault, World

from .conftest import SESSIONS, Get

PROBLEM = "application/problem+json"


def test_self_names_the_service_user_and_its_organisation(client: httpx.Client) -> None:
    principal = client.get("/v3/self").json()
    assert (principal["principal_type"], principal["org_id"]) == ("service_user", "org-demo")
    assert principal["service_user_id"]


def test_self_has_no_organisation_when_the_token_may_read_none(
    server: DemoServer, client: httpx.Client
) -> None:
    server.settings.readable_orgs = frozenset()
    assert client.get("/v3/self").json()["org_id"] is None


@pytest.mark.parametrize("path", ["/v3/self", SESSIONS])
def test_a_missing_token_is_401(path: str, server: DemoServer) -> None:
    answer = httpx.get(server.base_url + path, trust_env=False)
    assert (answer.status_code, answer.headers["content-type"]) == (401, PROBLEM)


@pytest.mark.parametrize("path", ["/v3/self", SESSIONS])
def test_a_wrong_token_is_403(path: str, client: httpx.Client) -> None:
    answer = client.get(path, headers={"Authorization": "Bearer cog_wrong"})
    assert (answer.status_code, answer.headers["content-type"]) == (403, PROBLEM)


def test_an_unknown_organisation_is_404(client: httpx.Client) -> None:
    answer = client.get("/v3/organizations/org-none/sessions")
    assert (answer.status_code, answer.headers["content-type"]) == (404, PROBLEM)


def test_an_organisation_out_of_reach_is_403_and_names_the_permission(
    server: DemoServer, client: httpx.Client
) -> None:
    server.settings.readable_orgs = frozenset({"org-demo"})
    answer = client.get("/v3/organizations/org_other/sessions")
    assert (answer.status_code, answer.headers["content-type"]) == (403, PROBLEM)
    assert "ViewOrgSessions" in answer.json()["detail"]


def test_an_unknown_path_is_404_and_a_wrong_method_405(client: httpx.Client) -> None:
    answers = [client.get("/v3/nothing"), client.delete(SESSIONS)]
    assert [answer.status_code for answer in answers] == [404, 405]
    assert {PROBLEM} == {answer.headers["content-type"] for answer in answers}


@pytest.mark.parametrize(
    ("query", "loc"),
    [
        ({"first": 0}, ["query", "first"]),
        ({"first": 201}, ["query", "first"]),
        ({"first": "many"}, ["query", "first"]),
        ({"created_after": "2026-01-01"}, ["query", "created_after"]),
        ({"updated_before": ""}, ["query", "updated_before"]),
        ({"is_archived": "perhaps"}, ["query", "is_archived"]),
        ({"category": "magic"}, ["query", "category"]),
        ({"origins": ["slack", "fax"]}, ["query", "origins", 1]),
        ({"after": "not a cursor"}, ["query", "after"]),
        ({"after": "e30="}, ["query", "after"]),
    ],
)
def test_an_unacceptable_parameter_is_422_and_says_where(
    query: dict[str, object], loc: list[str | int], get: Get
) -> None:
    answer = get(**query)
    assert answer.status_code == 422
    assert [loc] == [error["loc"] for error in answer.json()["detail"]]


def test_all_unacceptable_parameters_are_told_at_once(get: Get) -> None:
    errors = get(first=0, category="magic").json()["detail"]
    assert sorted(error["loc"] for error in errors) == [["query", "category"], ["query", "first"]]


def test_a_cursor_of_the_other_kind_is_422(server: DemoServer, get: Get) -> None:
    cursor = get(first=1).json()["end_cursor"]
    server.settings.cursors = "offset"
    assert get(after=cursor).status_code == 422


def test_every_answer_is_dated_by_the_demo_clock(server: DemoServer, client: httpx.Client) -> None:
    server.world.clock.advance(1)
    server.faults.push(None, None, Fault(status=503))
    answers = [client.get(path) for path in (SESSIONS, "/v3/nothing", SESSIONS)]
    expected = [formatdate(server.world.clock.now, usegmt=True)]
    assert [expected] * 3 == [answer.headers.get_list("date") for answer in answers]


def test_the_clock_can_be_read_and_advanced_by_hand(
    server: DemoServer, client: httpx.Client
) -> None:
    before = client.get("/demo/clock").json()["now"]
    after = client.post("/demo/advance", json={"seconds": 90}).json()["now"]
    assert (before + 90, before + 90) == (after, server.world.clock.now)


@pytest.mark.parametrize("body", ['{"seconds": -1}', '{"seconds": true}', '{"seconds": 1.5}', "x"])
def test_the_clock_moves_by_whole_seconds_only(body: str, client: httpx.Client) -> None:
    assert client.post("/demo/advance", content=body).status_code == 422


def test_a_second_holds_no_more_requests_than_the_limit(server: DemoServer, get: Get) -> None:
    server.settings.rate_limit = 0.125
    passed, refused = get(first=1), get(first=1)
    assert (passed.status_code, refused.status_code) == (200, 429)
    assert refused.headers["content-type"] == PROBLEM
    assert refused.headers["retry-after"] == "8"
    assert [request.retry_after for request in server.requests[-2:]] == [None, 8]


def test_a_limit_can_be_changed_between_requests(server: DemoServer, get: Get) -> None:
    statuses = []
    for server.settings.rate_limit in (0.1, 0.1, None, 0.2, 0.2):
        statuses.append(get(first=1).status_code)
    assert statuses == [200, 429, 200, 200, 429]


def test_faults_come_first_and_in_order(server: DemoServer, get: Get) -> None:
    server.faults.push(Fault(status=503), None, Fault(status=429, headers={"Retry-After": "2"}))
    answers = [get(first=1) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [503, 200, 429, 200]
    assert answers[2].headers["retry-after"] == "2"
    assert answers[0].headers["content-type"] == PROBLEM


def test_a_fault_can_be_a_page_for_browsers(server: DemoServer, get: Get) -> None:
    server.faults.push(Fault(html=True, status=504))
    answer = get()
    assert (answer.status_code, answer.headers["content-type"]) == (504, "text/html")


def test_a_fault_can_have_a_body_of_its_own(server: DemoServer, get: Get) -> None:
    server.faults.push(Fault(status=400, body='{"detail": "No."}'))
    assert get().json() == {"detail": "No."}


def test_a_fault_can_be_garbage(server: DemoServer, get: Get) -> None:
    server.faults.push(Fault(garbage=True))
    answer = get()
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    with pytest.raises(ValueError, match="decode"):
        answer.json()


def test_a_fault_can_cut_the_body_off(server: DemoServer, get: Get) -> None:
    server.faults.push(Fault(cut=True))
    with pytest.raises(httpx.RemoteProtocolError, match="without sending complete message body"):
        get()
    assert get().status_code == 200


def test_a_fault_can_drop_the_connection(server: DemoServer, get: Get) -> None:
    server.faults.push(Fault(reset=True))
    with pytest.raises(httpx.TransportError):
        get()
    assert get().status_code == 200


def test_a_fault_can_be_nothing_but_slow(server: DemoServer, get: Get) -> None:
    server.faults.push(Fault(delay=0.2))
    began = time.monotonic()
    assert get().status_code == 200
    assert time.monotonic() - began >= 0.2


def test_pages_can_take_their_time(server: DemoServer, get: Get) -> None:
    server.settings.page_latency = 0.1
    began = time.monotonic()
    get(first=1)
    assert time.monotonic() - began >= 0.1


def test_requests_are_recorded_with_faults_and_without_control(
    server: DemoServer, client: httpx.Client, get: Get
) -> None:
    known = len(server.requests)
    server.faults.push(Fault(status=500))
    began = time.monotonic()
    get(first=1, tags=["a|b", "c"])
    client.get("/demo/clock")
    (request,) = server.requests[known:]
    assert (request.method, request.path) == ("GET", SESSIONS)
    assert request.query == [("first", "1"), ("tags", "a|b"), ("tags", "c")]
    assert began <= request.at <= time.monotonic()


def test_a_server_stops_quickly_and_leaves_no_thread_behind() -> None:
    before = set(threading.enumerate())
    with DemoServer(World.build(3)) as server:
        server.faults.push(Fault(delay=30))
        slow = threading.Thread(target=_ask_in_vain, args=(server.base_url,))
        slow.start()
        while not server.requests:
            time.sleep(0.005)
        began = time.monotonic()
    assert time.monotonic() - began < 1
    slow.join()
    assert before == set(threading.enumerate())


def _ask_in_vain(base_url: str) -> None:
    httpx.get(f"{base_url}/v3/self", trust_env=False)


def test_two_servers_listen_on_two_ports() -> None:
    with DemoServer(World.build(1)) as one, DemoServer(World.build(1)) as other:
        assert one.base_url != other.base_url


def test_a_client_may_ask_the_moment_the_server_exists() -> None:
    with DemoServer(World.build(1)) as server:
        assert httpx.get(f"{server.base_url}/v3/self", trust_env=False).status_code == 401
