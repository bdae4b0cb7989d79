"""The rows that a session makes, to the last cell."""

import json
import math
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sources.devin.columns import Columns, marker
from sources.devin.rows import arrow_table, with_load_id
from sources.devin.session import Session
from sources.devin.shredding import tables
from sources.devin.tables import CHILDREN, SESSIONS, SNAPSHOTS, TABLES, TAGS, Table
from sources.devin.texts import json_text
from tests.support.sessions import (
    NOON,
    in_any_order,
    session,
    session_item,
    session_tables,
    sessions_of,
)

from .conftest import ORG

UPDATED = NOON + 60
SEEN = NOON + 3600
MARKER = "devin-elt:replaced-as-of:2026-01-01T12:01:00+00:002026-01-01T13:00:00+00:00"

FULL = session_item(
    title="Fix the build",
    status="suspended",
    status_detail="waiting_for_user",
    origin="slack",
    category="bug_fixing",
    subcategory="Flaky tests",
    is_archived=True,
    acus_consumed=12.25,
    user_id="user-1",
    service_user_id="service-1",
    playbook_id="playbook-1",
    automation_id="automation-1",
    devin_mode="fast",
    parent_session_id="devin-parent",
    child_session_ids=["devin-child-1", "child-2", "child-1"],
    structured_output={"verdict": "flaky", "é": [1, None]},
    tags=["infra", "api", "infra"],
    pull_requests=[
        {"pr_url": "https://github.com/acme/api/pull/7", "pr_state": "OPEN"},
        {"pr_url": "https://gitlab.com/a/b/c/-/merge_requests/8", "pr_state": None},
        {"pr_url": "https://github.com/acme/api/pull/7", "pr_state": "Merged"},
        {"pr_url": "elsewhere"},
    ],
    priority=5,
)


def at(epoch: int) -> datetime:
    return datetime.fromtimestamp(epoch, UTC)


def rows(table: str, *items: dict[str, Any], seen_at: int = SEEN) -> list[tuple[Any, ...]]:
    """The rows of one table; a test writes sessions as the API does."""
    made = session_tables(sessions_of(*items), seen_at)
    return [tuple(row.values()) for row in made[table].to_pylist()]


def test_a_session_is_a_row_with_all_its_columns() -> None:
    assert rows("sessions", FULL) == [
        (
            "5ca1ab1e",
            "org-demo",
            "https://app.devin.ai/sessions/5ca1ab1e",
            "Fix the build",
            "suspended",
            "waiting_for_user",
            "slack",
            "bug_fixing",
            "Flaky tests",
            True,
            at(NOON),
            at(UPDATED),
            None,
            12.25,
            "user-1",
            "service-1",
            "playbook-1",
            "automation-1",
            "fast",
            "parent",
            '{"verdict": "flaky", "é": [1, null]}',
            '{"priority": 5}',
            "v3",
            at(SEEN),
        )
    ]


@pytest.mark.parametrize("absent", [True, False], ids=["absent", "null"])
def test_what_a_session_does_not_say_is_null(absent: bool) -> None:
    optional = set(FULL) - set(session_item()) - {"priority"}
    item = session_item(**({} if absent else dict.fromkeys(optional)))

    assert rows("sessions", item) == [
        (
            "5ca1ab1e",
            "org-demo",
            "https://app.devin.ai/sessions/5ca1ab1e",
            None,
            "running",
            *[None] * 4,
            False,
            at(NOON),
            at(UPDATED),
            None,
            1.5,
            *[None] * 8,
            "v3",
            at(SEEN),
        )
    ]


def test_each_pull_request_comes_once_in_its_place_and_last_state() -> None:
    assert rows("session_pull_requests", FULL) == [
        (
            "5ca1ab1e",
            "https://github.com/acme/api/pull/7",
            "merged",
            "github.com",
            "acme/api",
            7,
            0,
        ),
        (
            "5ca1ab1e",
            "https://gitlab.com/a/b/c/-/merge_requests/8",
            None,
            "gitlab.com",
            "a/b/c",
            8,
            1,
        ),
        ("5ca1ab1e", "elsewhere", None, None, None, None, 2),
        ("5ca1ab1e", MARKER, None, None, None, None, None),
    ]


def test_a_snapshot_tells_closed_pull_requests_from_merged_ones() -> None:
    states = ("closed", "MERGED", "Closed", "open", None)
    listed = [{"pr_url": str(place), "pr_state": state} for place, state in enumerate(states)]

    ((*_, count, merged, closed, _),) = rows(
        "session_snapshots", session_item(pull_requests=listed)
    )

    assert (count, merged, closed) == (5, 1, 2)


def test_each_tag_comes_once() -> None:
    assert rows("session_tags", FULL) == [
        ("5ca1ab1e", "infra"),
        ("5ca1ab1e", "api"),
        ("5ca1ab1e", MARKER),
    ]


def test_a_child_without_an_id_is_no_link() -> None:
    childless = session_item(child_session_ids=["", "child"])

    assert [row[1] for row in rows("session_links", childless)[:-1]] == ["child"]


def test_a_session_declares_its_parent_and_each_child_once() -> None:
    assert rows("session_links", FULL) == [
        ("parent", "5ca1ab1e", "child", "5ca1ab1e"),
        ("5ca1ab1e", "child-1", "parent", "5ca1ab1e"),
        ("5ca1ab1e", "child-2", "parent", "5ca1ab1e"),
        ("5ca1ab1e", "5ca1ab1e", MARKER, "5ca1ab1e"),
    ]


def test_a_snapshot_counts_pull_requests_once_and_in_their_last_state() -> None:
    assert rows("session_snapshots", FULL) == [
        (
            "5ca1ab1e",
            at(UPDATED),
            "org-demo",
            "suspended",
            "waiting_for_user",
            12.25,
            3,
            1,
            0,
            at(SEEN),
        )
    ]


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        ("session_pull_requests", [("5ca1ab1e", MARKER, None, None, None, None, None)]),
        ("session_tags", [("5ca1ab1e", MARKER)]),
        ("session_links", [("5ca1ab1e", "5ca1ab1e", MARKER, "5ca1ab1e")]),
        (
            "session_snapshots",
            [("5ca1ab1e", at(UPDATED), ORG, "running", None, 1.5, 0, 0, 0, at(SEEN))],
        ),
    ],
)
def test_a_session_without_children_still_replaces_those_it_had(
    table: str, expected: list[Any]
) -> None:
    assert expected == rows(table, session_item())


def test_sessions_follow_one_another_each_with_its_own_marker() -> None:
    later = session_item(session_id="later", updated_at=UPDATED + 1, tags=["b"])

    assert rows("session_tags", session_item(tags=["a"]), later) == [
        ("5ca1ab1e", "a"),
        ("later", "b"),
        ("5ca1ab1e", MARKER),
        ("later", MARKER.replace("12:01:00", "12:01:01")),
    ]


MOMENTS = st.integers(0, 10**11 - 1)


@given(MOMENTS, MOMENTS)
def test_a_marker_tells_the_version_of_any_time_that_loads(updated_at: int, seen_at: int) -> None:
    prefix, moments = marker(session(updated_at=updated_at), seen_at).split("of:")

    assert prefix == "devin-elt:replaced-as-"
    assert (at(updated_at), at(seen_at)) == (
        datetime.fromisoformat(moments[:25]),
        datetime.fromisoformat(moments[25:]),
    )


def test_a_session_names_the_version_of_the_api_that_it_was_read_from() -> None:
    made = session_tables([session()], SEEN, "v2")

    assert made["sessions"].column("api_version").to_pylist() == ["v2"]


@pytest.mark.parametrize(
    ("api_version", "said", "expected"),
    [
        ("v3", None, False),
        ("v3", False, False),
        ("v3", True, True),
        ("v2", None, None),
        ("v2", False, False),
        ("v2", True, True),
    ],
)
def test_what_v3_leaves_out_is_not_archived_and_of_v2_nobody_knows(
    api_version: str, said: bool | None, expected: bool | None
) -> None:
    made = session_tables([session(is_archived=said)], SEEN, api_version)

    assert made["sessions"].column("is_archived").to_pylist() == [expected]


@pytest.mark.parametrize("items", [[], [session_item()], [FULL, session_item()]], ids=len)
def test_rows_without_marks_are_the_others_as_they_are(items: list[Any]) -> None:
    sessions = sessions_of(*items)
    marked, plain = (session_tables(sessions, SEEN, marked=marks) for marks in (True, False))

    assert plain.keys() == marked.keys()
    for name, table in plain.items():
        real = [row for row in marked[name].to_pylist() if MARKER not in row.values()]
        assert table.to_pylist() == real
        assert table.schema == marked[name].schema
        assert marked[name].num_rows - table.num_rows == (
            len(items) if name in {child.name for child in CHILDREN} else 0
        )


def test_the_sessions_of_each_page_have_its_own_moment() -> None:
    first, second = session(session_id="a"), session(session_id="b")

    made = tables(
        [Columns([each], SEEN + n, "v3", marked=True) for n, each in enumerate([first, second])]
    )

    for name in ("sessions", "session_snapshots"):
        assert made[name].column("extracted_at").to_pylist() == [at(SEEN), at(SEEN + 1)]
    assert made["session_tags"].column("tag").to_pylist() == [
        marker(first, SEEN),
        marker(second, SEEN + 1),
    ]


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_no_rows_are_a_table_of_the_contract_too(table: Table) -> None:
    empty = arrow_table(table, [])

    assert empty.num_rows == 0
    assert table.arrow_schema == empty.schema


@pytest.mark.parametrize("items", [[], [session_item()], [session_item(), FULL]], ids=len)
def test_tables_come_in_the_schema_of_the_contract(items: list[Any]) -> None:
    made = session_tables(sessions_of(*items), SEEN)

    promised = (SESSIONS, *CHILDREN, SNAPSHOTS)
    assert {table.name: table.arrow_schema for table in promised} == {
        name: rows.schema for name, rows in made.items()
    }
    for rows_ in made.values():
        rows_.validate(full=True)


NAMES = st.sampled_from("abcdef")
PULL_REQUESTS = st.builds(
    lambda url, state: {"pr_url": url, "pr_state": state},
    st.sampled_from(["https://github.com/acme/api/pull/7", "elsewhere"]),
    st.sampled_from([None, "open", "Merged"]),
)
SESSION = st.builds(
    session,
    session_id=NAMES,
    updated_at=MOMENTS,
    title=st.none() | st.text(max_size=3),
    is_archived=st.none() | st.booleans(),
    acus_consumed=st.floats(0, 1e6),
    parent_session_id=st.none() | NAMES | st.just("devin-elsewhere"),
    child_session_ids=st.none() | st.lists(NAMES | st.sampled_from(["", "devin-a"]), max_size=3),
    structured_output=st.none() | st.just({"a": "\x00"}),
    tags=st.lists(st.sampled_from("xyz"), max_size=3),
    pull_requests=st.lists(PULL_REQUESTS, max_size=3),
    priority=st.integers(0, 3),
)
PAGE = st.lists(SESSION, max_size=5, unique_by=lambda each: each.session_id)
VERSIONS = st.sampled_from(["v2", "v3"])


@given(st.lists(st.tuples(PAGE, MOMENTS), min_size=1, max_size=4), VERSIONS, st.booleans())
def test_pages_make_the_rows_that_each_of_them_makes(
    pages: list[tuple[list[Session], int]], api_version: str, marked: bool
) -> None:
    each = [session_tables(*page, api_version, marked=marked) for page in pages]

    together = tables([Columns(*page, api_version, marked=marked) for page in pages])

    expected = {name: pa.concat_tables([made[name] for made in each]) for name in each[0]}
    assert in_any_order(expected) == in_any_order(together)


@given(PAGE, st.data(), st.booleans())
def test_some_of_the_sessions_make_what_they_make_without_the_others(
    page: list[Session], data: st.DataObject, marked: bool
) -> None:
    places = data.draw(
        st.lists(st.sampled_from(range(len(page))), unique=True) if page else st.just([])
    )
    columns = Columns(page, SEEN, "v3", marked=marked)

    some = columns.at(places)

    expected = session_tables([page[place] for place in places], SEEN, marked=marked)
    if len(places) == len(page):  # then they are all of them
        assert some is columns
    else:
        assert in_any_order(tables([some])) == in_any_order(expected)
        assert some.session_ids == [page[place].session_id for place in places]
        assert some.created_at == [page[place].created_at for place in places]
        assert some.updated_at == [page[place].updated_at for place in places]


@given(PAGE, MOMENTS)
def test_it_says_which_sessions_and_how_many_there_are(page: list[Session], seen_at: int) -> None:
    columns = Columns(page, seen_at, "v3", marked=True)

    assert columns.session_ids == [each.session_id for each in page]
    assert len(columns) == len(page)


@pytest.mark.parametrize("rows", [[("a",)], [("a", "b", "c")], [("a", "b"), ("a", "b", "c")]])
def test_a_row_of_another_width_is_refused(rows: list[tuple[str, ...]]) -> None:
    with pytest.raises(ValueError, match="argument"):
        arrow_table(TAGS, rows)


def test_a_value_of_another_type_is_refused() -> None:
    with pytest.raises((pa.ArrowInvalid, pa.ArrowTypeError)):
        arrow_table(TAGS, [("a", 5)])


@pytest.mark.parametrize("count", [0, 1, 3])
def test_each_row_can_be_given_the_load_it_came_with(count: int) -> None:
    table = arrow_table(TAGS, [("s", str(number)) for number in range(count)])

    dated = with_load_id(table, "1782820800.5")

    assert dated.column_names == ["session_id", "tag", "_dlt_load_id"]
    assert dated.column("_dlt_load_id").to_pylist() == ["1782820800.5"] * count
    assert dated.drop_columns("_dlt_load_id") == table
    assert not dated.schema.field("_dlt_load_id").nullable


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, None),
        ({}, "{}"),
        ([], "[]"),
        (0, "0"),
        (False, "false"),
        ({"é": "😀", "n": [1, 2.5, None, True]}, '{"é": "😀", "n": [1, 2.5, null, true]}'),
        ({"a\x00": ["\x00", {"b": "c\x00d"}]}, '{"a\ufffd": ["\ufffd", {"b": "c\ufffdd"}]}'),
        ({"a": "\\u0000"}, '{"a": "\\\\u0000"}'),
        ({"a": [math.nan, math.inf, -math.inf]}, '{"a": ["NaN", "Infinity", "-Infinity"]}'),
        ([math.nan], '["NaN"]'),
        ([-math.inf], '["-Infinity"]'),
        ({"a": "NaN", "b": "Infinity"}, '{"a": "NaN", "b": "Infinity"}'),
        (10**30, "1" + "0" * 30),
    ],
)
def test_json_is_text_that_every_destination_can_hold(value: Any, expected: str | None) -> None:
    assert expected == json_text(value)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def no_constant(name: str) -> Any:
    raise AssertionError(f"{name} is no JSON")


@given(JSON.filter(lambda value: value is not None))
def test_json_text_is_json_without_u0000(value: Any) -> None:
    text = json_text(value)

    assert text is not None
    assert "\x00" not in json.dumps(json.loads(text, parse_constant=no_constant)).replace(
        "\\u0000", "\x00"
    )
