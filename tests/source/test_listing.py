"""The v3 listing: what is asked over the wire, and what the scope is called."""

from typing import Any

import pytest

from pipelines.devin.demo_api import DemoServer
from sources.devin.client import Client
from sources.devin.filters import Filters
from sources.devin.listing import LARGEST_PAGE, Bounds, Listing
from sources.devin.models import Page

from .conftest import NOON, ORG, SESSIONS_PATH, Answer, Call, Connect, Serve, page_body


def test_no_bound_is_no_parameter() -> None:
    assert Bounds().params() == []


def test_bounds_are_sent_as_epoch_seconds() -> None:
    assert Bounds(0, 20, 30).params() == [
        ("created_after", "0"),
        ("created_before", "20"),
        ("updated_after", "30"),
    ]
    assert Bounds(updated_after=30).params() == [("updated_after", "30")]


@pytest.mark.parametrize(
    ("created_at", "updated_at", "expected"),
    [
        (9, 30, "created_after=10"),
        (10, 30, None),
        (20, 30, None),
        (21, 30, "created_before=20"),
        (15, 29, "updated_after=30"),
        (15, 99, None),
    ],
)
def test_the_ends_of_a_bound_are_within_it(
    created_at: int, updated_at: int, expected: str | None
) -> None:
    session: Any = {"created_at": created_at, "updated_at": updated_at}

    assert expected == Bounds(10, 20, 30).excluding(session)
    assert Bounds().excluding(session) is None


def test_a_page_is_asked_for_with_bounds_filters_and_cursor(
    server: DemoServer, client: Client
) -> None:
    listing = Listing(client, ORG, Filters(tags=("a", "b"), is_archived=False), page_size=7)
    bounds = Bounds(0, server.world.clock.now + 1, 30)

    listing.page(bounds, None)
    assert [request.query for request in server.requests] == [
        [
            ("first", "7"),
            ("created_after", "0"),
            ("created_before", str(server.world.clock.now + 1)),
            ("updated_after", "30"),
            ("is_archived", "false"),
            ("tags", "a"),
            ("tags", "b"),
        ]
    ]


def test_a_walk_by_cursors_finds_each_session_once(server: DemoServer, client: Client) -> None:
    listing = Listing(client, ORG, page_size=7)

    page = listing.page(Bounds(), None).value
    found = page.sessions
    while page.has_next_page:
        page = listing.page(Bounds(), page.end_cursor).value
        found += page.sessions

    expected = [item["session_id"].removeprefix("devin-") for item in server.world.items(ORG)]
    assert expected == [session["session_id"] for session in found]
    assert len(server.requests) == 3


def test_a_page_is_as_large_as_the_api_allows_where_nothing_else_is_said(
    server: DemoServer, client: Client
) -> None:
    Listing(client, ORG).page(Bounds(), None)

    assert LARGEST_PAGE == 200
    assert [request.query for request in server.requests] == [[("first", "200")]]


@pytest.mark.parametrize(
    ("org_id", "cursor", "filters", "expected"),
    [
        (ORG, "eyJhIjoxfQ==", {}, f"{SESSIONS_PATH}?first=200&after=eyJhIjoxfQ%3D%3D"),
        (ORG, "a+b/c&d", {}, f"{SESSIONS_PATH}?first=200&after=a%2Bb%2Fc%26d"),
        (ORG, "", {}, f"{SESSIONS_PATH}?first=200&after="),
        ("o|1/2?3#4 %", None, {}, "/v3/organizations/o%7C1%2F2%3F3%234%20%25/sessions?first=200"),
        (
            ORG,
            None,
            {"tags": ["a&b", "c d", "é"]},
            f"{SESSIONS_PATH}?first=200&tags=a%26b&tags=c+d&tags=%C3%A9",
        ),
    ],
)
def test_nothing_in_an_id_cursor_or_filter_can_be_taken_for_syntax(
    org_id: str,
    cursor: str | None,
    filters: dict[str, Any],
    expected: str,
    serve: Serve,
    connect: Connect,
) -> None:
    calls: list[Call] = []

    def remember(call: Call) -> Answer:
        calls.append(call)
        return Answer(body=page_body())

    client = connect(serve(remember))
    reply = Listing(client, org_id, Filters.model_validate(filters)).page(Bounds(), cursor)

    assert [expected] == [call.path for call in calls]
    assert (reply.value, reply.began) == (Page([], [], None, False, None), NOON - 1)


def test_the_name_tells_version_organisation_and_filters(client: Client) -> None:
    assert Listing(client, ORG).name == "v3/org-demo"
    assert Listing(client, ORG, page_size=1).name == "v3/org-demo"
    assert Listing(client, ORG, Filters(tags=("b", "a"))).name == "v3/org-demo?tags=a&tags=b"
