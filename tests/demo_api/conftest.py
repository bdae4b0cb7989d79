"""A running demo and short ways to ask it."""

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from pipelines.devin.demo_api import DemoServer, Settings, World

Get = Callable[..., httpx.Response]
Walk = Callable[..., list[dict[str, Any]]]
Read = Callable[..., dict[str, Any]]
ReadAll = Callable[..., list[dict[str, Any]]]

SESSIONS = "/v3/organizations/org-demo/sessions"


@pytest.fixture(scope="package")
def running() -> Iterator[DemoServer]:
    with DemoServer(World.build(400, org_ids=("org-demo", "org_other"))) as server:
        yield server


@pytest.fixture
def server(running: DemoServer) -> Iterator[DemoServer]:
    """The shared server; its settings are the default ones again after each test."""
    yield running
    vars(running.settings).update(vars(Settings()))
    assert len(running.faults) == 0, "a test ordered more faults than it met"


@pytest.fixture
def world(server: DemoServer) -> World:
    return server.world


@pytest.fixture
def client(server: DemoServer) -> Iterator[httpx.Client]:
    headers = {"Authorization": f"Bearer {server.settings.token}"}
    with httpx.Client(base_url=server.base_url, headers=headers, trust_env=False) as client:
        yield client


@pytest.fixture
def read(client: httpx.Client) -> Read:
    """Ask for what one path answers."""

    def read(path: str, **query: Any) -> dict[str, Any]:
        answer: dict[str, Any] = client.get(path, params=query).raise_for_status().json()
        return answer

    return read


@pytest.fixture
def read_all(read: Read) -> ReadAll:
    """Ask one path for page after page and return all items."""

    def read_all(path: str, **query: Any) -> list[dict[str, Any]]:
        page = read(path, **query)
        items: list[dict[str, Any]] = page["items"]
        while page["has_next_page"]:
            page = read(path, **query, after=page["end_cursor"])
            items += page["items"]
        assert page["end_cursor"] is None
        return items

    return read_all


@pytest.fixture
def get(client: httpx.Client) -> Get:
    """Ask for one page."""
    return lambda **query: client.get(SESSIONS, params=query)


@pytest.fixture
def walk(get: Get) -> Walk:
    """Ask for page after page and return all items."""

    def walk(**query: Any) -> list[dict[str, Any]]:
        page = get(**query).raise_for_status().json()
        items: list[dict[str, Any]] = page["items"]
        while page["has_next_page"]:
            page = get(**query, after=page["end_cursor"]).raise_for_status().json()
            items += page["items"]
        assert page["end_cursor"] is None
        return items

    return walk
