"""The listings: what is asked over the wire, and what the scope is called."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.devin.demo_api import DemoServer
from sources.devin.client import Client
from sources.devin.filters import Filters
from sources.devin.listing import LARGEST_PAGE, Bounds, EnterpriseListing, Listing
from sources.devin.session import Page, Session, Sessions
from tests.support.sessions import NOON, session

from .conftest import ORG, SESSIONS_PATH, Answer, Call, Connect, Serve, page_body


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
    inside = session(created_at=15, updated_at=31)
    suspect = session(created_at=created_at, updated_at=updated_at)
    found = expected and (suspect, expected)

    assert found == Bounds(10, 20, 30).excluding([suspect])
    assert found == Bounds(10, 20, 30).excluding([inside, suspect, inside])
    assert Bounds().excluding([suspect]) is None


def test_a_page_without_sessions_is_within_any_bound() -> None:
    assert Bounds(10, 20, 30).excluding([]) is None


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
    assert expected == [session.session_id for session in found]
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
    assert (reply.value, reply.began) == (Page(Sessions(), [], None, False, None), NOON - 1)


def test_the_name_tells_version_organisation_and_filters(client: Client) -> None:
    assert Listing(client, ORG).name == "v3/org-demo"
    assert Listing(client, ORG, page_size=1).name == "v3/org-demo"
    assert Listing(client, ORG, Filters(tags=("b", "a"))).name == "v3/org-demo?tags=a&tags=b"


def test_sessions_are_read_again_without_the_filters(server: DemoServer, client: Client) -> None:
    wanted = [item["session_id"] for item in server.world.items(ORG)[:3]]
    listing = Listing(client, ORG, Filters(tags=("none has this",)), page_size=1)

    page = listing.reread(wanted).value

    assert [session_id.removeprefix("devin-") for session_id in wanted] == [
        session.session_id for session in page.sessions
    ]
    assert [request.query for request in server.requests] == [
        [("first", "200"), *(("session_ids", session_id) for session_id in wanted)]
    ]


def test_a_listing_of_v3_is_of_one_organisation(client: Client) -> None:
    listing = Listing(client, ORG)

    assert (listing.api_version, listing.org_ids) == ("v3", (ORG,))


def test_a_session_may_contradict_the_filters_of_its_listing(client: Client) -> None:
    inside, outside = session(user_id="user-2"), session(user_id="user-1")

    for kind in (Listing(client, ORG, FILTERS), EnterpriseListing(client, (ORG,), FILTERS)):
        assert kind.excluding([inside, outside]) == (outside, "user_ids")
        assert kind.excluding([inside]) is None


# v2

FILTERS = Filters(user_ids=("user-2",))


@pytest.fixture
def enterprise(server: DemoServer, connect: Connect) -> Client:
    """A client of the demo that v2 accepts."""
    return connect(token=server.settings.enterprise_token)


def test_a_page_of_v2_is_asked_for_in_order_of_creation_from_the_first(
    server: DemoServer, enterprise: Client
) -> None:
    EnterpriseListing(enterprise).page(Bounds(), None)

    assert [(request.path, request.query) for request in server.requests] == [
        ("/v2/enterprise/sessions", [("limit", "200"), ("skip", "0"), ("order", "asc")])
    ]


def test_a_page_of_v2_is_asked_for_with_dates_organisations_and_filters(
    server: DemoServer, enterprise: Client
) -> None:
    filters = Filters(tags=("a", "b"), user_ids=("u",), session_ids=("s", "devin-t"))
    listing = EnterpriseListing(enterprise, (ORG, "org-other"), filters, page_size=7)

    listing.page(Bounds(0, NOON, NOON + 1), "14")

    assert [request.query for request in server.requests] == [
        [
            ("limit", "7"),
            ("skip", "14"),
            ("order", "asc"),
            ("created_date_from", "1970-01-01T00:00:00Z"),
            ("created_date_to", "2026-01-01T12:00:00Z"),
            ("updated_date_from", "2026-01-01T12:00:01Z"),
            ("org_ids", ORG),
            ("org_ids", "org-other"),
            ("session_ids", "s"),
            ("session_ids", "devin-t"),
            ("tags", "a"),
            ("tags", "b"),
            ("user_ids", "u"),
        ]
    ]


@pytest.mark.parametrize("org_ids", [(), (ORG,), (ORG, "org-other")], ids=len)
def test_a_walk_of_v2_finds_each_session_of_its_organisations_once(
    org_ids: tuple[str, ...], server: DemoServer, enterprise: Client
) -> None:
    listing = EnterpriseListing(enterprise, org_ids, page_size=7)

    page = listing.page(Bounds(), None).value
    found = page.sessions
    while page.has_next_page:
        page = listing.page(Bounds(), page.end_cursor).value
        found += page.sessions

    items = [item for org in org_ids or (ORG, "org-other") for item in server.world.items(org)]
    expected = sorted(
        (item["created_at"], item["session_id"].removeprefix("devin-")) for item in items
    )
    assert expected == [(session.created_at, session.session_id) for session in found]
    assert page.total == len(expected)


def test_sessions_of_v2_are_read_again_without_the_filters(
    server: DemoServer, enterprise: Client
) -> None:
    wanted = sorted(server.world.items(org_id)[0]["session_id"] for org_id in server.world.org_ids)
    listing = EnterpriseListing(enterprise, ("org-none",), FILTERS, page_size=1)

    page = listing.reread(wanted).value

    assert [session_id.removeprefix("devin-") for session_id in wanted] == sorted(
        session.session_id for session in page.sessions
    )
    assert [request.query for request in server.requests] == [
        [
            ("limit", "200"),
            ("skip", "0"),
            ("order", "asc"),
            *(("session_ids", session_id) for session_id in wanted),
        ]
    ]


def test_a_session_of_another_organisation_contradicts_the_listing(client: Client) -> None:
    both = here, there = [session(org_id=name) for name in (ORG, "org-other")]

    assert EnterpriseListing(client, (ORG, "org-other")).excluding(both) is None
    assert EnterpriseListing(client, ("org-other",)).excluding(both) == (here, "org_ids")
    assert EnterpriseListing(client, (ORG,)).excluding(both) == (there, "org_ids")
    assert EnterpriseListing(client).excluding(both) is None


def test_the_name_of_v2_tells_organisations_and_filters(client: Client) -> None:
    some = EnterpriseListing(client, ("org&b", "org-a"), Filters(tags=("b", "a")))

    assert EnterpriseListing(client, page_size=1).name == "v2/enterprise"
    assert some.name == "v2/enterprise?org_ids=org%26b&org_ids=org-a&tags=a&tags=b"
    assert (some.api_version, some.org_ids) == ("v2", ("org&b", "org-a"))


MOMENTS = st.integers(0, 6)
LIMITS = st.builds(Bounds, st.none() | MOMENTS, st.none() | MOMENTS, st.none() | MOMENTS)


def outside(bounds: Bounds, each: Session) -> set[str]:
    """The bounds that a session lies outside of, one by one."""
    after, before, updated = bounds
    return {
        name
        for name, is_outside in {
            f"created_after={after}": after is not None and each.created_at < after,
            f"created_before={before}": before is not None and each.created_at > before,
            f"updated_after={updated}": updated is not None and each.updated_at < updated,
        }.items()
        if is_outside
    }


@given(LIMITS, st.lists(st.tuples(MOMENTS, MOMENTS), max_size=5))
def test_a_page_is_outside_of_a_bound_if_one_of_its_sessions_is(
    bounds: Bounds, moments: list[tuple[int, int]]
) -> None:
    sessions = [session(created_at=made, updated_at=changed) for made, changed in moments]

    found = bounds.excluding(sessions)

    assert (found is None) == all(not outside(bounds, each) for each in sessions)
    assert found is None or (found[0] in sessions and found[1] in outside(bounds, found[0]))
