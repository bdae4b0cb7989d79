"""`wasted_acus`: which sessions ended with nothing."""

from typing import Any

from tests.models.harness import Models
from tests.models.rows import Row, at, pull_request, session, snapshot


def ended(session_id: str = "a", status: str = "exit", **columns: Any) -> Row:
    return session(session_id, status=status, **{"acus_consumed": 1.0, **columns})


def test_a_wasted_session_is_told_with_what_it_cost(models: Models) -> None:
    who = {"title": 'Say "<b>it\'s</b>"', "url": "https://app.devin.ai/sessions/a"}
    models.load(
        prices={"2026-01-01": 2.0},
        sessions=[
            ended(**who, user_id="ann", acus_consumed=3.0, updated_at=at("2026-03-02 09:00")),
            ended("b", "error", service_user_id="robot", updated_at=at("2026-03-03 09:00")),
        ],
        session_snapshots=[
            snapshot("a", "2026-03-01 09:00", 1.0),
            snapshot("a", "2026-03-02 09:00", 3.0),
        ],
    )

    assert models.rows("wasted_acus") == [
        (
            *("a", "org", who["title"], who["url"], "ann", None, "exit", None),
            *(at("2026-03-02 09:00"), "no_pull_request", 3.0, 6.0),
        ),
        (
            *("b", "org", None, "", None, "robot", "error", None),
            *(at("2026-03-03 09:00"), "error", 1.0, None),
        ),
    ]


def test_the_reason_follows_from_how_it_ended(models: Models) -> None:
    reasons = {
        ("exit", None): "no_pull_request",
        ("exit", "finished"): "no_pull_request",
        ("exit", "out_of_credits"): "limit",
        ("error", None): "error",
        ("error", "error"): "error",
        ("error", "usage_limit_exceeded"): "error",
        ("suspended", "error"): "error",
        ("suspended", "usage_limit_exceeded"): "limit",
        ("suspended", "org_usage_limit_exceeded"): "limit",
        ("suspended", "user_usage_limit_exceeded"): "limit",
        ("suspended", "total_session_limit_exceeded"): "limit",
        ("suspended", "a_newer_limit_exceeded"): "limit",
        ("suspended", "out_of_credits"): "limit",
        ("suspended", "out_of_quota"): "limit",
        ("suspended", "out_of_something_newer"): "limit",
        ("suspended", "no_quota_allocation"): "limit",
        ("suspended", "payment_declined"): "limit",
        ("suspended", "contract_expired"): "limit",
    }
    models.load(
        sessions=[
            ended(f"{status} {detail}", status, status_detail=detail) for status, detail in reasons
        ]
    )

    found = models.rows("wasted_acus", "status", "status_detail", "reason")

    assert {(status, detail): reason for status, detail, reason in found} == reasons


def test_what_may_go_on_is_not_wasted(models: Models) -> None:
    may_go_on = [
        ("suspended", None),
        ("suspended", "inactivity"),
        ("suspended", "user_request"),
        ("running", "finished"),
        ("running", "error"),
        ("running", "waiting_for_user"),
        ("resuming", "out_of_quota"),
        ("new", None),
        ("claimed", None),
        ("a newer one", None),
    ]
    models.load(
        sessions=[
            ended(f"{status} {detail}", status, status_detail=detail)
            for status, detail in may_go_on
        ]
    )

    assert models.rows("wasted_acus") == []


def test_a_pull_request_that_is_not_closed_saves_its_session(models: Models) -> None:
    states = ["merged", "open", "draft", None, "in_queue"]
    names = [
        (f"{status} {state}", status, state) for status in ("exit", "error") for state in states
    ]
    models.load(
        sessions=[ended(name, status) for name, status, _ in names],
        session_pull_requests=[
            row
            for name, _, state in names
            for row in (pull_request(name, 1, "closed"), pull_request(name, 2, state, 1))
        ],
    )

    assert models.rows("wasted_acus") == []


def test_of_closed_pull_requests_an_error_or_a_limit_is_told_first(models: Models) -> None:
    models.load(
        sessions=[
            ended("a"),
            ended("b", "error"),
            ended("c", "suspended", status_detail="out_of_quota"),
            ended("d", "suspended", status_detail="inactivity"),
        ],
        session_pull_requests=[
            pull_request(name, number, "closed", number)
            for name in ("a", "b", "c", "d")
            for number in (0, 1)
        ],
    )

    assert models.rows("wasted_acus", "session_id", "reason") == [
        ("a", "all_closed"),
        ("b", "error"),
        ("c", "limit"),
    ]


def test_a_session_that_used_nothing_wasted_nothing(models: Models) -> None:
    models.load(sessions=[ended("a", acus_consumed=0.0), ended("b", "error", acus_consumed=0.0)])

    assert models.rows("wasted_acus") == []


def test_deleted_and_archived_sessions_count(models: Models) -> None:
    models.load(
        sessions=[
            ended("a", deleted_at=at("2026-03-02 09:00")),
            ended("b", is_archived=True),
        ]
    )

    assert models.rows("wasted_acus", "session_id", "acus") == [("a", 1.0), ("b", 1.0)]


def test_a_child_is_judged_by_its_own_pull_requests(models: Models) -> None:
    models.load(
        sessions=[ended("parent"), ended("child", parent_session_id="parent")],
        session_pull_requests=[pull_request("parent", 1, "merged")],
    )

    assert models.rows("wasted_acus", "session_id", "reason") == [("child", "no_pull_request")]
