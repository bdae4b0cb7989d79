"""A walk and its guards: what an API may not do, and what is done about it."""

import json
from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest

from pipelines.devin.demo_api import DemoServer, World
from pipelines.devin.demo_api.cursors import offset
from sources.devin import errors
from sources.devin.client import Client
from sources.devin.coverage import Slice
from sources.devin.filters import Filters
from sources.devin.listing import Listing
from sources.devin.walk import Limits, Portion, Walked, walk

NOW = 1_780_000_000
ORG = "org-demo"


@pytest.fixture
def server() -> Iterator[DemoServer]:
    """Eight sessions, created one a second until a few seconds ago."""
    world = World.build(0, start=NOW - 1, now=NOW)
    for age in range(1, 9):
        world.add(ORG, created_at=NOW - age, updated_at=NOW - age)
    world.clock.advance(5)
    with DemoServer(world) as server:
        yield server


@pytest.fixture
def client(server: DemoServer) -> Iterator[Client]:
    with Client(server.base_url, "cog_demo") as client:
        yield client


def walked(
    client: Client, part: Slice, limits: Limits | None = None, **filters: Any
) -> tuple[list[Portion], Walked]:
    listing = Listing(client, ORG, Filters(**filters), page_size=2)
    walking = walk(listing, part, limits or Limits())
    portions: list[Portion] = []
    while True:
        try:
            portions.append(next(walking))
        except StopIteration as end:
            return portions, end.value


def ages(portions: list[Portion]) -> list[int]:
    return [NOW - session["created_at"] for portion in portions for session in portion.sessions]


WHOLE = Slice(NOW - 100, None, None)


def test_a_walk_yields_every_session_once_in_pages(client: Client) -> None:
    portions, _ = walked(client, WHOLE)

    assert ages(portions) == [1, 2, 3, 4, 5, 6, 7, 8]
    assert [len(portion.sessions) for portion in portions] == [2, 2, 2, 2]


def test_bounds_are_sent_one_second_wider_and_rows_are_filtered_exactly(
    client: Client, server: DemoServer
) -> None:
    portions, end = walked(client, Slice(NOW - 6, NOW - 3, None))

    assert ages(portions) == [4, 5, 6]
    assert dict(server.requests[0].query) | {"first": ""} == {
        "first": "",
        "created_after": str(NOW - 7),
        "created_before": str(NOW - 2),
    }
    assert (end.created_from, end.created_to) == (NOW - 6, NOW - 3)


def test_no_upper_bound_of_updates_is_ever_sent(client: Client, server: DemoServer) -> None:
    walked(client, Slice(NOW - 6, NOW - 3, NOW - 50), Limits(overlap=10))

    assert dict(server.requests[0].query)["updated_after"] == str(NOW - 61)
    assert all("updated_before" not in dict(request.query) for request in server.requests)


def test_an_open_slice_ends_when_its_first_page_was_asked_for(
    client: Client, server: DemoServer
) -> None:
    def passes(_: int) -> None:
        server.world.clock.advance(10)

    server.settings.before_page = passes

    _, end = walked(client, WHOLE)

    assert end.created_to == end.began
    assert NOW + 13 <= end.began <= NOW + 15


def refusal(client: Client, part: Slice = WHOLE, **filters: Any) -> errors.DevinError:
    with pytest.raises(errors.DevinError) as caught:
        walked(client, part, **filters)
    return caught.value


def changing(server: DemoServer, **fields: Any) -> None:
    server.settings.cursors = "offset"
    server.settings.transform = lambda page: page | fields


def test_a_cursor_that_was_followed_already_is_refused(client: Client, server: DemoServer) -> None:
    changing(server, has_next_page=True, end_cursor=offset(2))

    error = refusal(client)

    assert isinstance(error, errors.CursorBroken)
    assert "page 2 names cursor" in error.message
    assert len(server.requests) == 2


@pytest.mark.parametrize("cursor", [None, ""])
def test_a_next_page_without_a_cursor_is_refused(
    client: Client, server: DemoServer, cursor: str | None
) -> None:
    changing(server, has_next_page=True, end_cursor=cursor)

    error = refusal(client)

    assert isinstance(error, errors.CursorBroken)
    assert "page 1 announces a next page and names no cursor" in error.message


def test_pages_without_end_are_refused_when_they_bring_nothing_new(
    client: Client, server: DemoServer
) -> None:
    rows = count(2, 2)
    server.settings.cursors = "offset"
    server.settings.transform = lambda page: (
        page
        | {
            "has_next_page": True,
            "end_cursor": offset(next(rows)),
        }
    )

    error = refusal(client)

    assert isinstance(error, errors.PagesEndless)
    assert "the last 25 of 29 pages brought no session" in error.message


def test_fewer_rows_than_the_total_are_walked_again_and_then_refused(
    client: Client, server: DemoServer
) -> None:
    changing(server, total=9)

    error = refusal(client)

    assert isinstance(error, errors.RowsMissing)
    assert "4 walks" in error.message
    assert "8 different sessions where the API counted 9" in error.message
    assert len(server.requests) == 4 * 4


def test_rows_that_slipped_by_are_found_by_walking_again(
    client: Client, server: DemoServer
) -> None:
    """By offset and ascending update, a row that moves to the end takes another out of sight."""
    server.settings.order, server.settings.cursors = "updated_asc", "offset"
    oldest = server.world.items(ORG)[-1]["session_id"]

    def moves(page: int) -> None:
        if page == 2:
            server.world.clock.advance(1)
            server.world.touch(oldest)

    server.settings.before_page = moves

    portions, _ = walked(client, Slice(NOW - 100, NOW, None))

    assert set(ages(portions)) == {1, 2, 3, 4, 5, 6, 7, 8}
    assert len(portions) > 4


@pytest.mark.parametrize("ignored", ["created_after", "created_before", "updated_after"], ids=str)
def test_a_bound_that_the_server_ignores_is_noticed(
    client: Client, server: DemoServer, ignored: str
) -> None:
    inside = server.world.items(ORG)[4]
    outside = {
        "created_after": {"created_at": NOW - 50},
        "created_before": {"created_at": NOW + 50},
        "updated_after": {"updated_at": NOW - 50},
    }[ignored]
    changing(server, items=[inside | outside], has_next_page=False, total=None)

    error = refusal(client, Slice(NOW - 9, NOW - 2, NOW - 4 + 900))

    assert isinstance(error, errors.FilterIgnored)
    assert f"was asked for {ignored}=" in error.message


@pytest.mark.parametrize("order", ["created_desc", "created_asc", "updated_asc"])
def test_a_row_that_leaves_a_filter_takes_no_other_with_it(
    client: Client, server: DemoServer, order: Any
) -> None:
    server.settings.order, server.settings.cursors = order, "offset"
    items = sorted(server.world.items(ORG), key=lambda item: item["created_at"])
    seen_first = items[-1] if order == "created_desc" else items[0]

    def leaves(page: int) -> None:
        if page == 2:
            server.world.touch(seen_first["session_id"], is_archived=True)

    server.settings.before_page = leaves

    portions, _ = walked(client, Slice(NOW - 100, NOW, None), is_archived=False)

    assert set(ages(portions)) == {1, 2, 3, 4, 5, 6, 7, 8}


def test_a_filter_that_the_server_ignores_is_noticed(client: Client, server: DemoServer) -> None:
    item = server.world.items(ORG)[0] | {"category": "security"}
    changing(server, items=[item], has_next_page=False, total=None)

    error = refusal(client, category="bug_fixing")

    assert isinstance(error, errors.FilterIgnored)
    assert "was asked for category" in error.message


def test_an_item_that_breaks_its_contract_is_handed_on_beside_the_others(
    client: Client, server: DemoServer
) -> None:
    good = server.world.items(ORG)[:2]
    broken = {"session_id": "x", "created_at": "yesterday"}
    changing(server, items=[*good, broken], has_next_page=False, total=3)

    portions, _ = walked(client, WHOLE)

    assert [session["session_id"] for session in portions[0].sessions] == [
        item["session_id"] for item in good
    ]
    assert [item.raw for item in portions[0].rejected] == [json.dumps(broken)]
