"""Who used how many ACUs, and when: worked out by hand, the same on each engine."""

from typing import Any

from tests.models.harness import Models
from tests.models.rows import Row, at, day, session, snapshot

FIRST, SECOND = day("2026-03-01"), day("2026-03-02")


def test_growth_is_booked_on_the_billing_day_of_the_later_state(models: Models) -> None:
    models.load(
        sessions=[session("a")],
        session_snapshots=[
            snapshot("a", "2026-03-01 20:00", 1.5),
            snapshot("a", "2026-03-02 07:59:59", 2.0),
            snapshot("a", "2026-03-02 08:00", 4.5),
            snapshot("a", "2026-03-04 10:00", 4.5),
            snapshot("a", "2026-03-05 10:00", 5.0),
        ],
    )

    assert models.rows("session_days", "session_id", "billing_day", "acus") == [
        ("a", FIRST, 2.0),
        ("a", SECOND, 2.5),
        ("a", day("2026-03-05"), 0.5),
    ]


def test_a_session_seen_once_used_all_its_acus_on_that_day(models: Models) -> None:
    models.load(
        sessions=[session("a"), session("b")],
        session_snapshots=[
            snapshot("a", "2026-03-02 07:59:59.999999", 3.25),
            snapshot("b", "2026-03-02 08:00", 0.0),
        ],
    )

    assert models.rows("session_days", "session_id", "billing_day", "acus") == [("a", FIRST, 3.25)]


def test_billing_days_may_begin_at_midnight_or_before_it(models: Models) -> None:
    models.load(
        billing_day_offset=0,
        sessions=[session("a")],
        session_snapshots=[
            snapshot("a", "2026-03-01 23:59:59", 1.0),
            snapshot("a", "2026-03-02 00:00", 3.0),
        ],
    )

    assert models.rows("session_days", "billing_day", "acus") == [(FIRST, 1.0), (SECOND, 2.0)]


def test_billing_days_may_begin_on_the_day_before(models: Models) -> None:
    models.load(
        billing_day_offset=-3600,
        sessions=[session("a")],
        session_snapshots=[snapshot("a", "2026-03-01 23:00", 1.0)],
    )

    assert models.rows("session_days", "billing_day", "acus") == [(SECOND, 1.0)]


def test_acus_that_shrink_are_taken_back_on_that_day(models: Models) -> None:
    models.load(
        sessions=[session("a")],
        session_snapshots=[
            snapshot("a", "2026-03-01 09:00", 5.0),
            snapshot("a", "2026-03-02 09:00", 3.5),
            snapshot("a", "2026-03-03 09:00", 4.0),
            snapshot("a", "2026-03-03 10:00", 3.5),
        ],
    )

    assert models.rows("session_days", "billing_day", "acus") == [(FIRST, 5.0), (SECOND, -1.5)]


def test_sessions_without_acus_have_no_days(models: Models) -> None:
    models.load(
        sessions=[session("a"), session("b")],
        session_snapshots=[
            snapshot("a", "2026-03-01 09:00", 0.0),
            snapshot("a", "2026-03-02 09:00", 0.0),
            snapshot("b", "2026-03-02 09:00", 0.0),
        ],
    )

    assert models.rows("session_days") == []
    assert models.rows("acu_daily") == []


def test_a_day_of_a_session_names_all_that_acus_are_counted_by(models: Models) -> None:
    models.load(
        prices={"2026-01-01": 2.0},
        sessions=[
            session(
                "a",
                user_id="ann",
                playbook_id="fix",
                category="bugs",
                subcategory="Crashes",
                origin="slack",
                deleted_at=at("2026-03-09 00:00"),
            ),
            session("b", org_id="other", service_user_id="bot"),
        ],
        session_snapshots=[
            snapshot("a", "2026-03-01 09:00", 1.0),
            snapshot("b", "2026-03-01 09:00", 1.5, org_id="other"),
        ],
    )

    assert models.rows("session_days") == [
        ("a", FIRST, "org", "ann", None, "fix", "bugs", "Crashes", "slack", 1.0, 2.0),
        ("b", FIRST, "other", None, "bot", None, None, None, None, 1.5, 3.0),
    ]


def test_each_day_costs_what_was_the_price_then(models: Models) -> None:
    models.load(
        prices={"2026-03-02": 2.25, "2026-03-03": 2.0},
        sessions=[session("a")],
        session_snapshots=[
            snapshot("a", "2026-03-01 09:00", 1.0),
            snapshot("a", "2026-03-02 09:00", 3.0),
            snapshot("a", "2026-03-03 09:00", 6.0),
            snapshot("a", "2026-03-09 09:00", 7.0),
        ],
    )

    assert models.rows("acu_prices") == [
        (SECOND, day("2026-03-03"), 2.25),
        (day("2026-03-03"), None, 2.0),
    ]
    assert models.rows("session_days", "billing_day", "acus", "cost") == [
        (FIRST, 1.0, None),
        (SECOND, 2.0, 4.5),
        (day("2026-03-03"), 3.0, 6.0),
        (day("2026-03-09"), 1.0, 2.0),
    ]


def test_without_a_price_nothing_has_a_cost(models: Models) -> None:
    models.load(
        sessions=[session("a", user_id="ann")],
        session_snapshots=[snapshot("a", "2026-03-01 09:00", 1.0)],
    )

    assert models.rows("acu_prices") == []
    assert models.rows("acu_daily") == [(FIRST, "org", "ann", None, 1, 1.0, None)]


def test_a_day_sums_the_sessions_of_each_person_and_service_user(models: Models) -> None:
    models.load(prices={"2026-01-01": 2.0}, **_of_three_sessions())

    assert models.rows("acu_daily") == [
        (FIRST, "org", "ann", None, 2, 3.5, 7.0),
        (FIRST, "org", None, "bot", 1, 4.0, 8.0),
        (SECOND, "org", "ann", None, 1, 1.0, 2.0),
    ]


def test_people_and_service_users_have_names_where_they_are_loaded(models: Models) -> None:
    models.load(
        users=[
            {"user_id": "ann", "name": "Ann", "email": "ann@acme.example"},
            {"user_id": "idle", "name": "Idle"},
        ],
        service_users=[{"service_user_id": "bot", "name": "CI"}],
        sessions=[
            session("a", user_id="ann"),
            session("b", service_user_id="bot"),
            session("c", user_id="who"),
            session("d"),
        ],
        session_snapshots=[
            snapshot("a", "2026-03-01 09:00", 1.0),
            snapshot("b", "2026-03-01 09:00", 2.0),
            snapshot("c", "2026-03-01 09:00", 3.0),
            snapshot("d", "2026-03-01 09:00", 4.0),
        ],
    )

    assert models.rows("acu_by_user") == [
        (FIRST, "org", "ann", None, "Ann", "ann@acme.example", 1, 1.0, None),
        (FIRST, "org", "who", None, None, None, 1, 3.0, None),
        (FIRST, "org", None, "bot", "CI", None, 1, 2.0, None),
        (FIRST, "org", None, None, None, None, 1, 4.0, None),
    ]


def test_repositories_of_a_session_share_its_acus_equally(models: Models) -> None:
    models.load(
        prices={"2026-01-01": 2.0},
        session_pull_requests=[
            _pull_request("a", 1, "acme/web"),
            _pull_request("a", 2, "acme/web"),
            _pull_request("a", 3, "acme/api"),
            _pull_request("b", 4, "acme/web"),
            _pull_request("c", 5, None),
        ],
        **_of_three_sessions(),
    )

    assert models.rows("acu_by_repository") == [
        (FIRST, "org", "acme/api", 1, 1.0, 2.0),
        (FIRST, "org", "acme/web", 2, 2.5, 5.0),
        (FIRST, "org", None, 1, 4.0, 8.0),
        (SECOND, "org", "acme/api", 1, 0.5, 1.0),
        (SECOND, "org", "acme/web", 1, 0.5, 1.0),
    ]


def test_tags_of_a_session_share_its_acus_equally(models: Models) -> None:
    models.load(
        prices={"2026-01-01": 2.0},
        session_tags=[
            {"session_id": "a", "tag": "team:web"},
            {"session_id": "a", "tag": "urgent"},
            {"session_id": "c", "tag": "urgent"},
        ],
        **_of_three_sessions(),
    )

    assert models.rows("acu_by_tag") == [
        (FIRST, "org", "team:web", 1, 1.0, 2.0),
        (FIRST, "org", "urgent", 2, 5.0, 10.0),
        (FIRST, "org", None, 1, 1.5, 3.0),
        (SECOND, "org", "team:web", 1, 0.5, 1.0),
        (SECOND, "org", "urgent", 1, 0.5, 1.0),
    ]


def test_playbooks_have_titles_where_they_are_loaded(models: Models) -> None:
    models.load(
        prices={"2026-01-01": 2.0},
        playbooks=[{"playbook_id": "fix", "title": "Fix a bug"}],
        **_of_three_sessions(),
    )

    assert models.rows("acu_by_playbook") == [
        (FIRST, "org", "fix", "Fix a bug", 1, 2.0, 4.0),
        (FIRST, "org", "gone", None, 1, 1.5, 3.0),
        (FIRST, "org", None, None, 1, 4.0, 8.0),
        (SECOND, "org", "fix", "Fix a bug", 1, 1.0, 2.0),
    ]


def test_use_cases_are_counted_with_the_finer_ones(models: Models) -> None:
    models.load(prices={"2026-01-01": 2.0}, **_of_three_sessions())

    assert models.rows("acu_by_category") == [
        (FIRST, "org", "bugs", "Crashes", 1, 2.0, 4.0),
        (FIRST, "org", "bugs", None, 1, 1.5, 3.0),
        (FIRST, "org", None, None, 1, 4.0, 8.0),
        (SECOND, "org", "bugs", "Crashes", 1, 1.0, 2.0),
    ]


def test_origins_are_counted(models: Models) -> None:
    models.load(prices={"2026-01-01": 2.0}, **_of_three_sessions())

    assert models.rows("acu_by_origin") == [
        (FIRST, "org", "api", 1, 4.0, 8.0),
        (FIRST, "org", "slack", 2, 3.5, 7.0),
        (SECOND, "org", "slack", 1, 1.0, 2.0),
    ]


def test_the_warehouse_is_as_of_the_newest_sync(models: Models) -> None:
    models.load(
        sync_runs=[
            {"run_id": "1", "as_of": at("2026-03-01 10:00")},
            {"run_id": "2", "as_of": at("2026-03-02 10:00:00.5")},
            {"run_id": "3", "as_of": None, "outcome": "failed"},
        ],
        sessions=[session("a", extracted_at=at("2026-03-09 00:00"))],
    )

    assert models.rows("as_of") == [(at("2026-03-02 10:00:00.5"),)]


def test_without_a_sync_it_is_as_of_the_session_read_last(models: Models) -> None:
    models.load(
        sessions=[
            session("a", extracted_at=at("2026-03-09 00:00")),
            session("b", extracted_at=at("2026-03-08 00:00")),
        ],
    )

    assert models.rows("as_of") == [(at("2026-03-09 00:00"),)]


def test_an_empty_warehouse_is_as_of_never(models: Models) -> None:
    models.load()

    assert models.rows("as_of") == [(None,)]


def _of_three_sessions() -> dict[str, Any]:
    """Ann's sessions a (2 + 1 ACUs on two days) and b (1.5), and c of a service user (4)."""
    crashes = {"category": "bugs", "subcategory": "Crashes"}
    return {
        "sessions": [
            session("a", user_id="ann", origin="slack", playbook_id="fix", **crashes),
            session("b", user_id="ann", origin="slack", playbook_id="gone", category="bugs"),
            session("c", service_user_id="bot", origin="api"),
        ],
        "session_snapshots": [
            snapshot("a", "2026-03-01 09:00", 2.0),
            snapshot("a", "2026-03-02 09:00", 3.0),
            snapshot("b", "2026-03-01 12:00", 1.5),
            snapshot("c", "2026-03-01 13:00", 4.0),
        ],
    }


def _pull_request(session_id: str, number: int, repository: str | None) -> Row:
    return {
        "session_id": session_id,
        "pr_url": f"https://git.example/{number}",
        "repository": repository,
        "number": number,
    }
