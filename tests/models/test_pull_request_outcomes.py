"""`pull_request_outcomes`: what became of the pull requests of a month."""

from typing import Any

from tests.models.harness import Models
from tests.models.rows import at, day, pull_request, session, snapshot


class Listed:
    """A session that has one pull request from the first moment on."""

    def __init__(
        self,
        number: int,
        state: str | None,
        first_seen: str,
        acus: float = 0.0,
        org_id: str = "org",
        **columns: Any,
    ) -> None:
        name = f"session {number}"
        self.session = session(name, acus_consumed=acus, org_id=org_id)
        self.pull_request = pull_request(name, number, state, **columns)
        self.snapshot = snapshot(name, first_seen, acus, pull_request_count=1, org_id=org_id)


def load(models: Models, *several: Listed, price: float | None = None) -> None:
    models.load(
        prices=None if price is None else {"2026-01-01": price},
        sessions=[each.session for each in several],
        session_pull_requests=[each.pull_request for each in several],
        session_snapshots=[each.snapshot for each in several],
    )


def test_without_pull_requests_there_is_no_row(models: Models) -> None:
    models.load(
        sessions=[session("a", acus_consumed=1.0)],
        session_snapshots=[snapshot("a", "2026-03-01 09:00", 1.0)],
    )

    assert models.rows("pull_request_outcomes") == []


def test_a_month_counts_what_became_of_its_pull_requests(models: Models) -> None:
    load(
        models,
        Listed(1, "merged", "2026-03-01 00:00", 3.0),
        Listed(2, "merged", "2026-03-10 00:00", 1.0),
        Listed(3, "closed", "2026-03-11 00:00", 2.0),
        Listed(4, "open", "2026-03-12 00:00", 0.5),
        Listed(5, "draft", "2026-03-31 23:59:59", 0.5),
        price=10.0,
    )

    assert models.rows("pull_request_outcomes") == [
        (day("2026-03-01"), "org", "acme/web", 5, 2, 1, 2, 0.4, 7.0, 70.0, 3.5, 35.0)
    ]


def test_a_state_that_is_not_told_or_not_known_is_open(models: Models) -> None:
    load(
        models,
        Listed(1, None, "2026-03-01 09:00"),
        Listed(2, "in_queue", "2026-03-01 09:00"),
    )

    found = models.rows("pull_request_outcomes", "created", "merged", "closed", "open")

    assert found == [(2, 0, 0, 2)]


def test_months_are_those_of_utc(models: Models) -> None:
    load(
        models,
        Listed(1, "open", "2026-02-28 23:59:59.999999"),
        Listed(2, "open", "2026-03-01 00:00"),
        Listed(3, "open", "2025-12-31 23:59:59"),
        Listed(4, "open", "2026-01-01 00:00"),
    )

    assert models.rows("pull_request_outcomes", "month", "created") == [
        (day("2025-12-01"), 1),
        (day("2026-01-01"), 1),
        (day("2026-02-01"), 1),
        (day("2026-03-01"), 1),
    ]


def test_organisations_and_repositories_are_told_apart(models: Models) -> None:
    load(
        models,
        Listed(1, "merged", "2026-03-01 09:00"),
        Listed(2, "merged", "2026-03-01 09:00", repository="acme/api"),
        Listed(3, "merged", "2026-03-01 09:00", repository=None),
        Listed(4, "merged", "2026-03-01 09:00", org_id="org two"),
    )

    assert models.rows("pull_request_outcomes", "org_id", "repository", "created") == [
        ("org", "acme/api", 1),
        ("org", "acme/web", 1),
        ("org", None, 1),
        ("org two", "acme/web", 1),
    ]


def test_where_none_is_merged_there_is_no_price_of_a_merged_one(models: Models) -> None:
    load(models, Listed(1, "closed", "2026-03-01 09:00", 2.0), price=10.0)

    assert models.rows(
        "pull_request_outcomes", "merge_rate", "acus", "cost", "acus_per_merged", "cost_per_merged"
    ) == [(0.0, 2.0, 20.0, None, None)]


def test_without_acus_a_merged_one_used_none_and_has_no_cost(models: Models) -> None:
    load(models, Listed(1, "merged", "2026-03-01 09:00"), price=10.0)

    assert models.rows(
        "pull_request_outcomes", "merge_rate", "acus", "cost", "acus_per_merged", "cost_per_merged"
    ) == [(1.0, 0.0, None, 0.0, None)]


def test_a_pull_request_of_several_sessions_counts_once(models: Models) -> None:
    models.load(
        sessions=[session("a", acus_consumed=1.0), session("b", acus_consumed=2.0)],
        session_pull_requests=[pull_request("a", 1, "merged"), pull_request("b", 1, "merged")],
        session_snapshots=[
            snapshot("a", "2026-03-31 09:00", 1.0, pull_request_count=1),
            snapshot("b", "2026-04-01 09:00", 2.0, pull_request_count=1),
        ],
    )

    assert models.rows("pull_request_outcomes", "month", "created", "acus") == [
        (day("2026-03-01"), 1, 3.0)
    ]


def test_what_no_snapshot_lists_is_in_no_month(models: Models) -> None:
    models.load(
        sessions=[session("a", updated_at=at("2026-03-01 09:00"))],
        session_pull_requests=[pull_request("a", 1, "merged")],
    )

    assert models.rows("pull_request_outcomes", "month", "created", "merged") == [(None, 1, 1)]
