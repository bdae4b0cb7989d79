"""The prepared server over HTTP."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from email.utils import parsedate_to_datetime
from functools import partial

import httpx
import pytest

from benchmarks.prepared import AN_HOUR, TOKEN, Desk, PreparedServer
from pipelines.devin.demo_api.world import NOW

PATH = "/v3/organizations/org-demo/sessions"
BEARER = {"Authorization": f"Bearer {TOKEN}"}
LATENCY = 0.1


@pytest.fixture(scope="module")
def server() -> Iterator[PreparedServer]:
    with PreparedServer(100, LATENCY) as running:
        yield running


@pytest.fixture
def client(server: PreparedServer) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server.base_url, headers=BEARER) as connected:
        yield connected


def test_it_answers_again_and_again_on_a_connection(client: httpx.Client) -> None:
    first, second = client.get(PATH), client.get(f"{PATH}?first=7")

    assert first.json()["total"] == 100
    assert len(second.json()["items"]) == 7
    stream = first.extensions["network_stream"].get_extra_info("client_addr")
    assert second.extensions["network_stream"].get_extra_info("client_addr") == stream


def test_it_closes_a_connection_that_is_to_be_closed(client: httpx.Client) -> None:
    for _ in range(2):
        answer = client.get(PATH, headers={"Connection": "close"})

        assert answer.json()["total"] == 100


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        (PATH, {"Authorization": "Bearer wrong"}, 401),
        ("/v3/organizations/another/sessions", {}, 404),
        (f"{PATH}?first=1000", {}, 422),
    ],
)
def test_it_refuses_what_it_must(
    client: httpx.Client, path: str, headers: dict[str, str], status: int
) -> None:
    assert client.get(path, headers=headers).status_code == status


def test_answers_take_their_time_side_by_side(client: httpx.Client) -> None:
    begun = time.monotonic()
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda _: client.get(PATH), range(8)))

    assert LATENCY <= time.monotonic() - begun < 8 * LATENCY


def test_it_counts_what_it_serves(server: PreparedServer, client: httpx.Client) -> None:
    server.ask(Desk.reset)
    answers = [client.get(PATH), client.get(PATH)]

    served = server.ask(Desk.served)

    assert served.requests == 2
    assert served.sent == sum(len(answer.content) for answer in answers)
    assert 0 < served.processor < 1


def test_a_change_is_an_hour_later(server: PreparedServer, client: httpx.Client) -> None:
    change = server.ask(partial(Desk.change, share=0.1))

    answer = client.get(f"{PATH}?updated_after={change.at}")

    assert change.sessions == answer.json()["total"] == 10
    assert change.at >= NOW + AN_HOUR
    date = parsedate_to_datetime(answer.headers["Date"]).timestamp()
    assert change.at <= date < change.at + AN_HOUR
