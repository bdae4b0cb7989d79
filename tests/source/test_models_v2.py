"""The contract of a page of v2: its dialects and times, and the one session they all become."""

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sources.devin.client import UndecodableBody
from sources.devin.models import decode_page
from sources.devin.models_v2 import decode_enterprise_page
from sources.devin.session import Page, PullRequest, Session, Sessions
from tests.support.sessions import NOON, session_item

from .conftest import ORG, page_body

URL = "https://github.com/acme/api/pull/7"
ENVELOPE: dict[str, Any] = {
    "total": 150,
    "skip": 0,
    "limit": 10,
    "has_more": True,
    "next_cursor": 10,
}


def item_of_v2(**fields: Any) -> dict[str, Any]:
    """An item as it is documented, with the fields that are given."""
    documented = {
        "session_id": "5ca1ab1e",
        "url": "https://app.devin.ai/sessions/5ca1ab1e",
        "status": "exit",
        "title": "Fix authentication bug",
        "tags": ["bug-fix", "auth"],
        "user_id": "user-1",
        "org_id": ORG,
        "created_at": "2026-01-01T12:00:00Z",
        "updated_at": "2026-01-01T12:01:00Z",
        "acus_consumed": 25.5,
        "pull_requests": [{"pr_url": URL, "pr_state": "merged", "state": "merged"}],
    }
    return documented | fields


def body(*items: Any, **envelope: Any) -> bytes:
    return page_body(*items, **(ENVELOPE | envelope))


def loaded(item: dict[str, Any]) -> Session:
    """The session that an item becomes, which it has to."""
    page = decode_enterprise_page(body(item))
    assert page.rejected == []
    (session,) = page.sessions
    return session


def reason(item: Any) -> str:
    """Why an item is rejected, which it has to be; the ones round it have to load."""
    around = item_of_v2(session_id="before"), item_of_v2(session_id="after")
    page = decode_enterprise_page(body(around[0], item, around[1]))
    assert [session.session_id for session in page.sessions] == ["before", "after"]
    (rejected,) = page.rejected
    assert rejected.raw == json.dumps(item)
    return rejected.reason


def test_the_documented_page_is_the_page_that_v3_would_return() -> None:
    item = session_item(
        status="exit",
        title="Fix authentication bug",
        tags=["bug-fix", "auth"],
        user_id="user-1",
        acus_consumed=25.5,
        pull_requests=[{"pr_url": URL, "pr_state": "merged"}],
    )
    expected = decode_page(page_body(item, end_cursor="10", has_next_page=True, total=150))

    assert expected == decode_enterprise_page(body(item_of_v2()))


# The dialects


@pytest.mark.parametrize(
    "pull_request",
    [
        {"pr_url": URL, "pr_state": "open", "state": "open"},
        {"pr_url": URL, "pr_state": "open", "state": "closed"},
        {"pr_url": URL, "pr_state": None, "state": "open"},
        {"pr_url": URL, "pr_state": "open", "state": None},
        {"pr_url": URL, "pr_state": "open"},
        {"pr_url": URL, "state": "open"},
        {"url": URL, "state": "open"},
    ],
    ids=json.dumps,
)
@pytest.mark.parametrize("field", ["pull_requests", "prs"])
def test_a_pull_request_is_the_same_in_every_dialect(
    field: str, pull_request: dict[str, Any]
) -> None:
    item = item_of_v2()
    del item["pull_requests"]
    session = loaded(item | {field: [pull_request]})

    assert session.pull_requests == [PullRequest(URL, "open")]
    assert session.extra is None


@pytest.mark.parametrize("state", [{}, {"state": None}, {"pr_state": None, "state": None}])
def test_a_pull_request_may_have_no_state(state: dict[str, None]) -> None:
    session = loaded(item_of_v2(pull_requests=[{"url": URL} | state]))

    assert session.pull_requests == [PullRequest(URL, None)]


def test_an_item_that_names_its_session_devin_id_is_the_same_session() -> None:
    item = item_of_v2(
        devin_id="devin-5ca1ab1e",
        devin_status="exit",
        session_url="https://app.devin.ai/sessions/5ca1ab1e",
        prs=[{"pr_url": URL, "pr_state": "merged"}],
    )
    for name in ("session_id", "status", "url", "pull_requests"):
        del item[name]

    assert loaded(item_of_v2()) == loaded(item)


@pytest.mark.parametrize("word", ["completed", "blocked", "suspend_requested"])
@pytest.mark.parametrize("field", ["status", "devin_status"])
def test_a_word_of_older_versions_loads_as_it_is(field: str, word: str) -> None:
    item = item_of_v2()
    del item["status"]

    assert word == loaded(item | {field: word}).status


def test_fields_that_nobody_knows_yet_are_kept() -> None:
    pull_request = {"url": URL, "state": "open", "draft": True}
    session = loaded(item_of_v2(priority=[1], pull_requests=[pull_request]))

    assert session.extra == {"priority": [1], "pull_requests": {URL: {"draft": True}}}


def test_what_v2_lacks_today_loads_where_it_comes() -> None:
    session = loaded(item_of_v2(origin="slack", is_archived=True))

    assert (session.origin, session.is_archived) == ("slack", True)
    assert session.extra is None


@pytest.mark.parametrize("field", ["title", "user_id"])
def test_an_optional_field_may_be_null_or_missing(field: str) -> None:
    item = item_of_v2()
    del item[field]

    assert getattr(loaded(item_of_v2(**{field: None})), field) is None
    assert getattr(loaded(item), field) is None


# Times


@pytest.mark.parametrize(
    "text",
    [
        "2026-01-01T12:00:00Z",
        "2026-01-01T12:00:00z",
        "2026-01-01T12:00:00",
        "2026-01-01 12:00:00",
        "2026-01-01T12:00",
        "2026-01-01T12:00:00+00:00",
        "2026-01-01T14:00:00+02:00",
        "2026-01-01T04:30:00-07:30",
        "2026-01-01T14:00:00+0200",
        "2026-01-01T12:00:00.0Z",
        "2026-01-01T12:00:00.999999Z",
        "2026-01-01T12:00:00.123456789Z",
        "2026-01-01T14:00:00.5+02:00",
        "20260101T120000Z",
    ],
)
def test_a_time_is_the_second_it_lies_in_and_utc_unless_it_says_otherwise(
    text: str, in_new_york: None
) -> None:
    session = loaded(item_of_v2(created_at=text, updated_at=text))

    assert (session.created_at, session.updated_at) == (NOON, NOON)


OFFSETS = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))


@given(st.datetimes(datetime(1970, 1, 2), timezones=OFFSETS))  # noqa: DTZ001 - see timezones
def test_any_time_that_iso_8601_writes_is_read(moment: datetime) -> None:
    if moment.astimezone(UTC).year < 5000:
        expected = int(moment.replace(microsecond=0).timestamp())
        assert expected == loaded(item_of_v2(created_at=moment.isoformat())).created_at


@pytest.mark.parametrize(
    "value",
    [
        "",
        "yesterday",
        "2026-01-01",
        "2026-02-30T12:00:00Z",
        "2026-01-01T25:00:00Z",
        "2026-01-01T12:00:00 Z Z",
        "2026-W01-4T12:00:00Z",
        "01.01.2026 12:00",
        "1767268800",
        NOON,
        True,
        None,
        [],
        {},
    ],
    ids=json.dumps,
)
@pytest.mark.parametrize("field", ["created_at", "updated_at"])
def test_anything_else_is_no_time(field: str, value: Any) -> None:
    assert reason(item_of_v2(**{field: value})) == (
        f"{field}: Value error, {json.dumps(value)} is not an ISO 8601 time"
    )


@pytest.mark.parametrize("value", ["1969-12-31T23:59:59Z", "9999-01-01T00:00:00Z"])
def test_a_time_that_v3_would_not_take_is_rejected(value: str) -> None:
    assert reason(item_of_v2(created_at=value)).startswith("created_at: Input should be ")


# What is rejected


@pytest.mark.parametrize("field", sorted(item_of_v2().keys() - {"title", "user_id"}))
def test_a_missing_required_field_is_rejected(field: str) -> None:
    item = item_of_v2()
    del item[field]

    assert f"{field}: Field required" == reason(item)


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [
        ("session_id", "", "session_id: Value should have at least 1 item after validation"),
        ("org_id", 5, "org_id: Input should be a valid string"),
        ("acus_consumed", True, "acus_consumed: Value error, true is not a number"),
        ("tags", None, "tags: Input should be a valid array"),
        ("title", 5, "title: Input should be a valid string"),
        ("category", {}, "category: Input should be a valid string"),
        ("pull_requests", [{}], "pull_requests.0.pr_url: Field required"),
        ("pull_requests", [{"url": ""}], "pull_requests.0.url: Value should have at least 1"),
        ("pull_requests", [{"url": 5}], "pull_requests.0.url: Input should be a valid string"),
        (
            "pull_requests",
            [{"url": "x", "state": 5}],
            "pull_requests.0.state: Input should be a valid string",
        ),
        (
            "pull_requests",
            [{"url": "devin-elt:replaced-as-of:x"}],
            "pull_requests.0.url: Value error, begins with devin-elt:replaced-as-of:",
        ),
    ],
)
def test_a_value_that_cannot_be_loaded_truthfully_is_rejected(
    field: str, value: Any, expected: str
) -> None:
    assert reason(item_of_v2(**{field: value})).startswith(expected)


@pytest.mark.parametrize("field", ["session_id", "devin_id"])
def test_a_rejected_item_names_its_session_in_every_dialect(field: str) -> None:
    item = item_of_v2(status=5)
    del item["session_id"]

    (rejected,) = decode_enterprise_page(body(item | {field: "devin-s1"})).rejected

    assert rejected.session_id == "s1"


# The page round the items


@pytest.mark.parametrize(
    ("envelope", "expected"),
    [
        ({"next_cursor": 10, "has_more": True}, ("10", True)),
        ({"next_cursor": 0, "has_more": True}, ("0", True)),
        ({"next_cursor": None, "has_more": True, "skip": 30}, ("32", True)),
        ({"next_cursor": None, "has_more": False}, (None, False)),
        ({"next_cursor": 10, "has_more": False}, (None, False)),
    ],
)
@pytest.mark.parametrize("bad", [{}, {"status": 5}], ids=["all is well", "an item is rejected"])
def test_a_page_tells_how_many_items_to_skip_for_the_next_one(
    bad: dict[str, Any], envelope: dict[str, Any], expected: tuple[str | None, bool]
) -> None:
    page = decode_enterprise_page(body(item_of_v2(**bad), item_of_v2(), **envelope))

    assert expected == (page.end_cursor, page.has_next_page)
    assert page.total == 150


def test_a_page_without_next_cursor_and_total_is_a_page() -> None:
    page = decode_enterprise_page(page_body(skip=0, has_more=False))

    assert page == Page(Sessions(), [], None, False, None)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"", "not JSON: "),
        (b"<html></html>", "not JSON: "),
        (b"[]", "not a page of sessions: Input should be a valid dictionary"),
        (b'{"detail": "No."}', "not a page of sessions: items: Field required"),
        (b'{"items": [], "skip": 0}', "not a page of sessions: has_more: Field required"),
        (b'{"items": [], "has_more": false}', "not a page of sessions: skip: Field required"),
        (
            b'{"items": [], "skip": 0, "has_more": true, "next_cursor": "x"}',
            "not a page of sessions: next_cursor: Input should be a valid integer",
        ),
    ],
)
def test_anything_else_is_undecodable(text: bytes, expected: str) -> None:
    with pytest.raises(UndecodableBody) as caught:
        decode_enterprise_page(text)

    assert str(caught.value).startswith(expected)
