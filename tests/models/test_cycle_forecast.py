"""What a billing cycle will have used by its end."""

import pytest

from tests.models.harness import Models
from tests.models.rows import Row, at, day, session, snapshot

_SPAN = ("cycle_start", "cycle_end", "cycle_known", "acus")


def _cycle(starts_at: str, ends_at: str) -> Row:
    return {"starts_at": at(starts_at), "ends_at": at(ends_at)}


def _run(as_of: str) -> Row:
    return {"run_id": as_of, "as_of": at(as_of)}


def test_a_cycle_goes_on_as_it_did_so_far(models: Models) -> None:
    models.load(
        prices={"2026-01-01": 2.0},
        billing_cycles=[
            _cycle("2026-02-15 08:00", "2026-03-15 08:00"),
            _cycle("2026-03-15 08:00", "2026-04-14 08:00"),
            _cycle("2026-04-14 08:00", "2026-05-15 08:00"),
        ],
        acu_limits=[{"scope": "org", "org_id": "org", "cycle_acu_limit": 50.0}],
        sync_runs=[_run("2026-03-25 20:00")],
        sessions=[session("a"), session("b")],
        session_snapshots=[
            snapshot("a", "2026-02-20 09:00", 4.0),
            snapshot("a", "2026-03-15 07:00", 5.0),
            snapshot("a", "2026-03-15 08:00", 15.0),
            snapshot("b", "2026-03-25 09:00", 11.0),
        ],
    )

    assert models.rows("cycle_forecast") == [
        (
            "org",
            day("2026-02-15"),
            day("2026-03-15"),
            True,
            28.0,
            28.0,
            5.0,
            10.0,
            round(5 / 28, 6),
            5.0,
            10.0,
            50.0,
            0.1,
        ),
        (
            "org",
            day("2026-03-15"),
            day("2026-04-14"),
            True,
            10.5,
            30.0,
            21.0,
            42.0,
            2.0,
            60.0,
            120.0,
            50.0,
            1.2,
        ),
    ]


def test_without_billing_cycles_it_goes_by_calendar_months_of_billing_days(models: Models) -> None:
    models.load(
        sync_runs=[_run("2026-03-11 08:00")],
        sessions=[session("a")],
        session_snapshots=[
            snapshot("a", "2026-01-20 09:00", 3.1),
            snapshot("a", "2026-03-01 07:00", 4.0),
            snapshot("a", "2026-03-01 08:00", 14.0),
        ],
    )

    found = models.rows("cycle_forecast", *_SPAN, "days_elapsed", "days_total", "expected_acus")

    assert found == [
        (day("2026-01-01"), day("2026-02-01"), False, 3.1, 31.0, 31.0, 3.1),
        (day("2026-02-01"), day("2026-03-01"), False, 0.9, 28.0, 28.0, 0.9),
        (day("2026-03-01"), day("2026-04-01"), False, 10.0, 10.0, 31.0, 31.0),
    ]


def test_months_fill_what_the_known_cycles_leave(models: Models) -> None:
    models.load(
        billing_cycles=[_cycle("2026-02-15 08:00", "2026-03-15 08:00")],
        sync_runs=[_run("2026-03-20 08:00")],
        sessions=[session("a")],
        session_snapshots=[
            snapshot("a", "2026-02-10 09:00", 1.0),
            snapshot("a", "2026-03-01 09:00", 3.0),
            snapshot("a", "2026-03-16 09:00", 8.0),
        ],
    )

    assert models.rows("cycle_forecast", *_SPAN, "days_elapsed", "expected_acus") == [
        (day("2026-02-01"), day("2026-02-15"), False, 1.0, 14.0, 1.0),
        (day("2026-02-15"), day("2026-03-15"), True, 2.0, 28.0, 2.0),
        (day("2026-03-15"), day("2026-04-01"), False, 5.0, 5.0, 17.0),
    ]


def test_each_organisation_is_there_from_its_first_acus_to_now(models: Models) -> None:
    models.load(
        prices={"2026-01-01": 2.0},
        sync_runs=[_run("2026-03-02 08:00")],
        sessions=[session("a"), session("b", org_id="other"), session("c", org_id="unmetered")],
        session_snapshots=[
            snapshot("a", "2026-01-20 09:00", 1.0),
            snapshot("b", "2026-02-20 09:00", 2.0, org_id="other"),
            snapshot("c", "2026-02-20 09:00", 0.0, org_id="unmetered"),
        ],
    )

    found = models.rows("cycle_forecast", "org_id", "cycle_start", "acus", "cost", "expected_acus")

    assert found == [
        ("org", day("2026-01-01"), 1.0, 2.0, 1.0),
        ("org", day("2026-02-01"), 0.0, 0.0, 0.0),
        ("org", day("2026-03-01"), 0.0, 0.0, 0.0),
        ("other", day("2026-02-01"), 2.0, 4.0, 2.0),
        ("other", day("2026-03-01"), 0.0, 0.0, 0.0),
    ]


def test_nothing_is_expected_of_a_cycle_that_has_just_begun(models: Models) -> None:
    models.load(
        billing_cycles=[_cycle("2026-03-01 08:00", "2026-04-01 08:00")],
        sync_runs=[_run("2026-03-01 08:00")],
        sessions=[session("a")],
        session_snapshots=[snapshot("a", "2026-03-01 08:00", 1.0)],
    )

    assert models.rows("cycle_forecast", "days_elapsed", "acus_per_day", "expected_acus") == [
        (0.0, None, None)
    ]


def test_the_cost_is_open_if_a_day_of_the_cycle_has_no_price(models: Models) -> None:
    models.load(
        prices={"2026-03-02": 2.0},
        sync_runs=[_run("2026-03-11 08:00")],
        sessions=[session("a")],
        session_snapshots=[
            snapshot("a", "2026-03-01 09:00", 1.0),
            snapshot("a", "2026-03-02 09:00", 2.0),
        ],
    )

    assert models.rows("cycle_forecast", "acus", "cost", "expected_cost") == [(2.0, None, None)]


@pytest.mark.parametrize(
    ("limit", "of_organization", "expected"),
    [
        (100.0, 10.0, (100.0, 0.31)),
        (None, 62.0, (62.0, 0.5)),
        (0.0, 62.0, (0.0, None)),
        (None, None, (None, None)),
    ],
    ids=["as limited", "as the organisation has it", "nothing allowed", "unknown"],
)
def test_the_limit_is_that_of_the_organisation(
    models: Models,
    limit: float | None,
    of_organization: float | None,
    expected: tuple[float | None, float | None],
) -> None:
    models.load(
        organizations=[{"org_id": "org", "max_cycle_acu_limit": of_organization}],
        acu_limits=[
            {"scope": "org", "org_id": "org", "cycle_acu_limit": limit},
            {"scope": "user", "org_id": "org", "user_id": "ann", "cycle_acu_limit": 7.0},
            {"scope": "enterprise", "cycle_acu_limit": 1000.0},
        ],
        sync_runs=[_run("2026-03-11 08:00")],
        sessions=[session("a")],
        session_snapshots=[snapshot("a", "2026-03-01 09:00", 10.0)],
    )

    assert models.rows("cycle_forecast", "cycle_acu_limit", "share_of_limit") == [expected]


def test_billing_days_that_begin_at_midnight_move_the_cycles(models: Models) -> None:
    models.load(
        billing_day_offset=0,
        billing_cycles=[_cycle("2026-03-01 00:00", "2026-04-01 00:00")],
        sync_runs=[_run("2026-03-01 12:00")],
        sessions=[session("a")],
        session_snapshots=[snapshot("a", "2026-03-01 00:00", 1.0)],
    )

    assert models.rows("cycle_forecast", *_SPAN, "days_elapsed") == [
        (day("2026-03-01"), day("2026-04-01"), True, 1.0, 0.5)
    ]
