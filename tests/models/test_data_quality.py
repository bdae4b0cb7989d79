"""`data_quality`: every check finds what it is there for, and nothing where all is well."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from tests.models.harness import Models
from tests.models.rows import Row, at, day, pull_request, session, snapshot

Tables = Mapping[str, Sequence[Row]]


def link(parent: str, child: str, declared_by: str = "child") -> Row:
    declaring = child if declared_by == "child" else parent
    return {
        "parent_session_id": parent,
        "child_session_id": child,
        "declared_by": declared_by,
        "session_id": declaring,
    }


def tag(session_id: str, name: str) -> Row:
    return {"session_id": session_id, "tag": name}


def item(name: str, replayed_at: str | None = None) -> Row:
    return {"item_hash": name, "replayed_at": at(replayed_at) if replayed_at else None}


def run(name: str, scope: str, as_of: str | None, outcome: str = "loaded") -> Row:
    moment = at(as_of) if as_of else None
    return {"run_id": name, "scope": scope, "as_of": moment, "outcome": outcome}


def bucket(subject_id: str, scope: str = "organization") -> Row:
    return {"scope": scope, "subject_id": subject_id, "billing_day": day("2026-03-01")}


BORN = at("2026-03-01 09:00")

WHOLE: Tables = {
    "sessions": [
        session("a", created_at=BORN, updated_at=BORN, acus_consumed=2.0),
        session("b", created_at=BORN, updated_at=at("2026-03-02 09:00")),
    ],
    "session_pull_requests": [pull_request("a", 1), pull_request("a", 2), pull_request("b", 1)],
    "session_tags": [tag("a", "x"), tag("a", "y"), tag("b", "x")],
    "session_links": [
        link("a", "b"),
        link("a", "b", "parent"),
        link("a", "not loaded", "parent"),
        link("not loaded", "a"),
    ],
    "session_snapshots": [
        snapshot("a", "2026-03-01 09:00", 1.5),
        snapshot("a", "2026-03-01 09:30", 1.5),
        snapshot("a", "2026-03-01 10:00", 2.0),
        snapshot("b", "2026-03-01 10:00", 0.0),
    ],
    "rejected_items": [item("replayed", "2026-03-02 09:00")],
    "sync_runs": [
        run("1", "v3/org", "2026-02-01 12:00"),
        run("2", "v3/org", "2026-03-02 12:00"),
        run("3", "v3/org", None, "failed"),
        run("4", "v3/org two", "2026-03-03 12:00", "unchanged"),
    ],
    "consumption_daily": [bucket("org"), bucket("org two"), bucket("org", "user")],
}

PLANTED: Mapping[str, tuple[int, Tables]] = {
    "duplicate_sessions": (
        2,
        {"sessions": [WHOLE["sessions"][0], WHOLE["sessions"][0]]},
    ),
    "duplicate_pull_requests": (
        3,
        {"session_pull_requests": [pull_request("a", 1)] * 2 + [pull_request("b", 1)]},
    ),
    "duplicate_tags": (1, {"session_tags": [tag("a", "y")]}),
    "duplicate_links": (1, {"session_links": [link("a", "b", "parent")]}),
    "duplicate_snapshots": (
        1,
        {"session_snapshots": [snapshot("b", "2026-03-01 10:00", 0.0)]},
    ),
    "duplicate_consumption": (1, {"consumption_daily": [bucket("org")]}),
    "orphan_pull_requests": (1, {"session_pull_requests": [pull_request("gone", 1)]}),
    "orphan_tags": (2, {"session_tags": [tag("gone", "x"), tag("gone", "y")]}),
    "orphan_links": (
        2,
        {"session_links": [link("a", "gone"), link("gone", "a", "parent")]},
    ),
    "orphan_snapshots": (
        1,
        {"session_snapshots": [snapshot("gone", "2026-03-01 10:00", 0.0)]},
    ),
    "sessions_without_snapshot": (1, {"sessions": [session("c", acus_consumed=1.0)]}),
    "sessions_unlike_snapshot": (
        1,
        {
            "sessions": [session("c", acus_consumed=1.0)],
            "session_snapshots": [
                snapshot("c", "2026-03-01 09:00", 1.0),
                snapshot("c", "2026-03-02 09:00", 1.25),
            ],
        },
    ),
    "sessions_updated_before_created": (
        1,
        {
            "sessions": [session("c", created_at=BORN, updated_at=at("2026-03-01 08:59:59"))],
            "session_snapshots": [snapshot("c", "2026-03-01 08:59:59", 0.0)],
        },
    ),
    "shrinking_snapshots": (
        2,
        {
            "sessions": [session("c", acus_consumed=1.0)],
            "session_snapshots": [
                snapshot("c", "2026-03-01 09:00", 3.0),
                snapshot("c", "2026-03-01 10:00", 2.0),
                snapshot("c", "2026-03-01 11:00", 2.5),
                snapshot("c", "2026-03-01 12:00", 1.0),
            ],
        },
    ),
    "negative_acus": (
        2,
        {
            "sessions": [session("c", acus_consumed=-1.0)],
            "session_snapshots": [snapshot("c", "2026-03-01 09:00", -1.0)],
        },
    ),
    "rejected_items": (2, {"rejected_items": [item("first"), item("second")]}),
    "scopes_behind_schedule": (
        2,
        {
            "sync_runs": [
                run("5", "v3/late", "2026-03-02 11:59:59"),
                run("6", "v3/late", "2026-03-03 11:00", "unfinished"),
                run("7", "v3/never", None, "failed"),
            ]
        },
    ),
}
"""By the check that finds it: how many rows of what is added, and what that is."""


def found_by(models: Models) -> dict[str, int]:
    """The checks that found something, and how much."""
    found = models.rows("data_quality", "check_name", "rows_found")
    return {check: rows for check, rows in found if rows}


def test_every_check_says_what_is_wrong_and_has_a_planted_failure(models: Models) -> None:
    models.load()

    found = models.rows("data_quality")

    assert {check: rows for check, _, rows in found} == dict.fromkeys(PLANTED, 0)
    assert [what for _, what, _ in found if what.count(".") != 1 or not what.endswith(".")] == []


def test_a_warehouse_that_is_whole_passes(models: Models) -> None:
    models.load(**dict[str, Any](WHOLE))

    assert found_by(models) == {}


@pytest.mark.parametrize("check", PLANTED)
def test_a_planted_failure_is_found_by_its_check_alone(models: Models, check: str) -> None:
    rows_found, planted = PLANTED[check]
    tables: dict[str, Any] = {
        table: [*rows, *planted.get(table, ())] for table, rows in WHOLE.items()
    }
    models.load(**tables)

    assert found_by(models) == {check: rows_found}


def test_a_warehouse_without_consumption_is_checked_all_the_same(models: Models) -> None:
    tables: dict[str, Any] = {
        table: rows for table, rows in WHOLE.items() if table != "consumption_daily"
    }
    models.load(without=["consumption_daily"], **tables)

    assert found_by(models) == {}
