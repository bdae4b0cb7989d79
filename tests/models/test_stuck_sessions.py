"""`stuck_sessions`: which wait for somebody, and for how long."""

from typing import Any

from tests.models.harness import Models
from tests.models.rows import Row, at, session, snapshot


def waiting(session_id: str, for_what: str = "user", **columns: Any) -> Row:
    detail = f"waiting_for_{for_what}"
    return session(session_id, status="running", status_detail=detail, **columns)


def run(as_of: str) -> Row:
    return {"run_id": as_of, "scope": "v3/org", "as_of": at(as_of), "outcome": "loaded"}


def test_a_session_waits_from_its_last_change_to_what_is_loaded(models: Models) -> None:
    models.load(
        prices={"2026-01-01": 2.0},
        sync_runs=[run("2026-03-05 12:00"), run("2026-03-04 12:00")],
        sessions=[
            waiting(
                "a",
                title="T",
                url="https://app.devin.ai/sessions/a",
                user_id="ann",
                updated_at=at("2026-03-04 10:30"),
                acus_consumed=3.0,
            ),
            waiting("b", "approval", service_user_id="robot", updated_at=at("2026-03-05 11:59:51")),
        ],
        session_snapshots=[snapshot("a", "2026-03-04 10:30", 3.0)],
    )

    assert models.rows("stuck_sessions") == [
        (
            *("a", "org", "T", "https://app.devin.ai/sessions/a", "ann", None, "user"),
            *(at("2026-03-04 10:30"), 25.5, 3.0, 6.0),
        ),
        (
            *("b", "org", None, "", None, "robot", "approval"),
            *(at("2026-03-05 11:59:51"), 0.0025, 0.0, None),
        ),
    ]


def test_hours_are_not_those_of_clocks_that_change(models: Models) -> None:
    models.load(
        sync_runs=[run("2026-03-09 00:00")],
        sessions=[waiting("a", updated_at=at("2026-03-08 00:00"))],
    )

    assert models.rows("stuck_sessions", "waiting_hours") == [(24.0,)]


def test_what_changed_after_the_warehouse_was_loaded_waits_since_then(models: Models) -> None:
    models.load(
        sync_runs=[run("2026-03-05 12:00")],
        sessions=[waiting("a", updated_at=at("2026-03-05 12:00:03"))],
    )

    assert models.rows("stuck_sessions", "waiting_since", "waiting_hours") == [
        (at("2026-03-05 12:00:03"), 0.0)
    ]


def test_without_runs_the_newest_session_tells_the_time(models: Models) -> None:
    models.load(
        sessions=[
            waiting("a", updated_at=at("2026-03-05 12:00"), extracted_at=at("2026-03-05 13:00")),
            session("b", extracted_at=at("2026-03-05 14:00")),
        ]
    )

    assert models.rows("stuck_sessions", "session_id", "waiting_hours") == [("a", 2.0)]


def test_what_nobody_has_to_answer_is_not_stuck(models: Models) -> None:
    models.load(
        sync_runs=[run("2026-03-05 12:00")],
        sessions=[
            waiting("deleted", deleted_at=at("2026-03-02 09:00")),
            waiting("archived", is_archived=True),
            session("working", status="running", status_detail="working"),
            session("finished", status="running", status_detail="finished"),
            session("new", status="new"),
            waiting("newer", "something_newer"),
        ],
    )

    assert models.rows("stuck_sessions") == []


def test_whether_it_is_archived_need_not_be_known(models: Models) -> None:
    models.load(
        sync_runs=[run("2026-03-05 12:00")],
        sessions=[waiting("a", is_archived=False), waiting("b", is_archived=None)],
    )

    assert models.rows("stuck_sessions", "session_id") == [("a",), ("b",)]
