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
from sources.devin.coverage import Coverage, Slice
from sources.devin.filters import Filters
from sources.devin.listing import Listing
from sources.devin.order import Order, OrderBroken
from sources.devin.walk import Limits, Portion, Share, keep, walk

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
    client: Client,
    part: Slice,
    limits: Limits | None = None,
    share: Share = keep,
    order: Order | None = None,
    page_size: int = 2,
    **filters: Any,
) -> list[Portion]:
    listing = Listing(client, ORG, Filters(**filters), page_size=page_size)
    return list(walk(listing, part, limits or Limits(), order or Order(listing.name), share))


def proven(server: DemoServer) -> Order:
    """What the pages of a listing by creation show sooner or later."""
    order = Order(f"v3/{ORG}")
    order.direction = "ascending" if server.settings.order == "created_asc" else "descending"
    return order


def spans(portions: list[Portion]) -> list[tuple[int, int]]:
    """What the portions say is done, with neighbours as one, and nothing twice."""
    coverage, length = Coverage(), 0
    for portion in portions:
        if portion.done is not None:
            length += portion.done[1] - portion.done[0]
            coverage = coverage.raised(*portion.done, 0)
    assert length == sum(segment[1] - segment[0] for segment in coverage.segments)
    return [segment[:2] for segment in coverage.segments]


def ages(portions: list[Portion]) -> list[int]:
    return [NOW - session.created_at for portion in portions for session in portion.sessions]


WHOLE = Slice(NOW - 100, None, None)
CLOSED = Slice(NOW - 100, NOW, None)


def test_a_walk_yields_every_session_once_in_pages(client: Client) -> None:
    portions = walked(client, WHOLE)

    assert ages(portions) == [1, 2, 3, 4, 5, 6, 7, 8]
    assert [len(portion.sessions) for portion in portions] == [2, 2, 2, 2]


def test_bounds_are_sent_one_second_wider_and_rows_are_filtered_exactly(
    client: Client, server: DemoServer
) -> None:
    portions = walked(client, Slice(NOW - 6, NOW - 3, None))

    assert ages(portions) == [4, 5, 6]
    assert dict(server.requests[0].query) | {"first": ""} == {
        "first": "",
        "created_after": str(NOW - 7),
        "created_before": str(NOW - 2),
    }
    assert spans(portions) == [(NOW - 6, NOW - 3)]


def test_no_upper_bound_of_updates_is_ever_sent(client: Client, server: DemoServer) -> None:
    walked(client, Slice(NOW - 6, NOW - 3, NOW - 50), Limits(overlap=10))

    assert dict(server.requests[0].query)["updated_after"] == str(NOW - 61)
    assert all("updated_before" not in dict(request.query) for request in server.requests)


def test_no_bound_before_the_epoch_is_ever_sent(client: Client, server: DemoServer) -> None:
    walked(client, Slice(0, NOW, 5), Limits(overlap=10))

    query = dict(server.requests[0].query)
    assert (query["created_after"], query["updated_after"]) == ("0", "0")


def test_an_open_slice_ends_when_its_first_page_was_asked_for(
    client: Client, server: DemoServer
) -> None:
    def passes(_: int) -> None:
        server.world.clock.advance(10)

    server.settings.before_page = passes

    portions = walked(client, WHOLE)

    began = portions[0].seen_at
    assert NOW + 13 <= began <= NOW + 15
    assert [portion.seen_at for portion in portions] == [began + 10 * page for page in range(4)]
    assert spans(portions) == [(NOW - 100, began)]


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


def test_a_walk_that_came_out_incomplete_says_of_nothing_that_it_is_done(
    client: Client, server: DemoServer
) -> None:
    changing(server, total=9)
    portions: list[Portion] = []
    walking = walk(Listing(client, ORG, page_size=2), WHOLE, Limits(), Order(f"v3/{ORG}"))

    with pytest.raises(errors.RowsMissing):
        portions.extend(walking)

    assert spans(portions) == []


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

    portions = walked(client, Slice(NOW - 100, NOW, None))

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

    portions = walked(client, Slice(NOW - 100, NOW, None), is_archived=False)

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

    portions = walked(client, WHOLE)

    assert [session.session_id for session in portions[0].sessions] == [
        item["session_id"] for item in good
    ]
    assert [item.raw for item in portions[0].rejected] == [json.dumps(broken)]


def test_a_slice_that_ends_later_than_now_is_done_up_to_the_moment_its_walk_began(
    client: Client,
) -> None:
    portions = walked(client, Slice(NOW - 100, NOW + 1_000, None))

    assert spans(portions) == [(NOW - 100, portions[0].seen_at)]


def test_of_a_slice_that_begins_later_than_now_nothing_is_done(client: Client) -> None:
    portions = walked(client, Slice(NOW + 100, NOW + 1_000, None))

    assert ages(portions) == []
    assert [portion.done for portion in portions] == [(NOW + 100, NOW + 100)]


def test_only_the_first_page_of_a_walk_tells_how_many_match(client: Client) -> None:
    assert [portion.total for portion in walked(client, WHOLE)] == [8, None, None, None]


@pytest.fixture
def spread(server: DemoServer) -> DemoServer:
    """Eight more sessions, one every ten seconds: `SPREAD` holds them and no others."""
    for age in range(20, 100, 10):
        server.world.add(ORG, created_at=NOW - age, updated_at=NOW - age)
    return server


SPREAD = Slice(NOW - 100, NOW - 12, None)
BY_CREATION = pytest.mark.parametrize("order", ["created_desc", "created_asc"])


@BY_CREATION
def test_where_rows_come_by_creation_what_is_left_is_asked_for_by_its_bounds(
    client: Client, spread: DemoServer, order: Any
) -> None:
    spread.settings.order = order

    portions = walked(client, SPREAD, order=proven(spread), page_size=4)

    assert set(ages(portions)) == set(range(20, 100, 10))
    assert spans(portions) == [SPREAD[:2]]
    done = [portion.done or (0, 0) for portion in portions]
    bounds = [
        (dict(r.query)["created_after"], dict(r.query)["created_before"]) for r in spread.requests
    ]
    if order == "created_desc":
        lefts = [(NOW - 100, end) for _, end in done]
    else:
        lefts = [(begin, NOW - 12) for begin, _ in done]
    assert bounds == [(str(begin - 1), str(end + 1)) for begin, end in lefts]
    assert all("after" not in dict(request.query) for request in spread.requests)


@BY_CREATION
def test_where_much_of_a_page_would_come_again_its_cursor_is_followed(
    client: Client, spread: DemoServer, order: Any
) -> None:
    spread.settings.order = order

    portions = walked(client, SPREAD, order=proven(spread), page_size=2)

    assert sorted(ages(portions)) == list(range(20, 100, 10))
    assert spans(portions) == [SPREAD[:2]]
    assert ["after" in dict(request.query) for request in spread.requests] == [
        False,
        True,
        True,
        True,
    ]


@BY_CREATION
def test_each_page_by_creation_says_what_it_has_done(
    client: Client, spread: DemoServer, order: Any
) -> None:
    spread.settings.order = order

    portions = walked(client, SPREAD, order=proven(spread))

    done: set[int] = set()
    came: set[int] = set()
    for portion in portions:
        came.update(session.created_at for session in portion.sessions)
        done.update(range(*(portion.done or (0, 0))))
        assert done & {NOW - age for age in range(20, 100, 10)} <= came
    assert all(portion.done for portion in portions)


def test_many_sessions_of_one_second_are_walked_by_cursors(
    client: Client, server: DemoServer
) -> None:
    for _ in range(7):
        server.world.add(ORG, created_at=NOW - 4, updated_at=NOW - 4)

    portions = walked(client, CLOSED, order=proven(server))

    ids = [s.session_id for portion in portions for s in portion.sessions]
    assert sorted(set(ids)) == sorted(item["session_id"] for item in server.world.items(ORG))
    assert spans(portions) == [(NOW - 100, NOW)]
    assert any("after" in dict(request.query) for request in server.requests)


def test_an_order_is_learned_on_the_way(client: Client, server: DemoServer) -> None:
    for age, changed in ((3, 1), (4, 2), (5, 0)):
        session_id = server.world.items(ORG)[age - 1]["session_id"]
        server.world.touch(session_id, bump=False, updated_at=NOW + changed)
    listing, order = Listing(client, ORG, page_size=5), Order(f"v3/{ORG}")

    portions = list(walk(listing, CLOSED, Limits(), order))

    assert order.direction == "descending"
    assert [portion.done for portion in portions] == [(NOW - 4, NOW), (NOW - 100, NOW - 4)]


def test_a_page_in_another_order_than_before_ends_the_walk(
    client: Client, server: DemoServer
) -> None:
    order = proven(server)
    server.settings.order = "created_asc"

    with pytest.raises(OrderBroken):
        walked(client, WHOLE, order=order)


def test_where_rows_are_not_by_creation_a_walk_is_shared_once_before_it_goes_on(
    client: Client,
) -> None:
    offers: list[tuple[Slice, int, bool]] = []

    def share(left: Slice, sessions: int, *, free: bool) -> Slice:
        offers.append((left, sessions, free))
        return left

    portions = walked(client, CLOSED, share=share)

    assert offers == [(CLOSED, 8, False)]
    assert len(portions) == 4


def test_a_walk_goes_on_with_what_it_kept_of_its_slice(client: Client) -> None:
    def share(left: Slice, sessions: int, *, free: bool) -> Slice:
        return left._replace(created_to=min(left.created_to or NOW, NOW - 4))

    portions = walked(client, CLOSED, share=share)

    assert set(ages(portions[1:])) == {5, 6, 7, 8}
    assert spans(portions) == [(NOW - 100, NOW - 4)]


def test_by_creation_what_is_left_is_offered_page_by_page_and_may_be_left(
    client: Client, spread: DemoServer
) -> None:
    offers: list[tuple[Slice, int, bool]] = []

    def share(left: Slice, sessions: int, *, free: bool) -> Slice | None:
        offers.append((left, sessions, free))
        return left if len(offers) < 2 else None

    portions = walked(client, SPREAD, share=share, order=proven(spread), page_size=4)

    # The edge is behind the last row's second, and the session of that second comes again.
    assert offers == [
        (Slice(NOW - 100, NOW - 49, None), 4, True),
        (Slice(NOW - 100, NOW - 79, None), 1, True),
    ]
    assert spans(portions) == [(NOW - 79, NOW - 12)]
    assert len(portions) == 2
