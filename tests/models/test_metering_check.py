"""Whether sessions and consumption agree, and why not."""

from typing import Any

import pytest

from tests.models.harness import Models
from tests.models.rows import Row, at, day, session, snapshot

FIRST, SECOND = day("2026-03-01"), day("2026-03-02")


def _consumed(billing_day: str, acus: float, **columns: Any) -> Row:
    return {
        "scope": "organization",
        "org_id": "org",
        "subject_id": "org",
        "billing_day": day(billing_day),
        "product": "devin",
        "acus": acus,
        **columns,
    }


def _synced(scope: str, as_of: str, **columns: Any) -> Row:
    moment = at(as_of)
    return {
        "run_id": f"{scope} {as_of}",
        "scope": scope,
        "as_of": moment,
        "started_at": moment,
        "outcome": "loaded",
        **columns,
    }


def test_days_are_compared_and_priced(models: Models) -> None:
    models.load(
        prices={"2026-01-01": 2.0},
        sync_runs=[_synced("v3/org", "2026-02-01 09:00")],
        sessions=[session("a", acus_consumed=4.0)],
        session_snapshots=[
            snapshot("a", "2026-03-01 09:00", 3.0),
            snapshot("a", "2026-03-02 09:00", 4.0),
        ],
        consumption_daily=[
            _consumed("2026-03-01", 3.0),
            _consumed("2026-03-02", 2.5),
            _consumed("2026-03-03", 1.5),
            _consumed("2026-03-04", 0.0),
        ],
    )

    assert models.rows("metering_check") == [
        ("org", FIRST, 3.0, 6.0, 3.0, 6.0, 0.0, "agrees"),
        ("org", SECOND, 1.0, 2.0, 2.5, 5.0, -1.5, "sessions show less"),
        ("org", day("2026-03-03"), 0.0, 0.0, 1.5, 3.0, -1.5, "sessions show less"),
        ("org", day("2026-03-04"), 0.0, 0.0, 0.0, 0.0, 0.0, "agrees"),
    ]


@pytest.mark.parametrize(
    ("of_sessions", "consumed", "explanation"),
    [
        (1.0, 1.01, "agrees"),
        (1.02, 1.0, "sessions show more"),
        (101.0, 100.0, "agrees"),
        (98.9, 100.0, "sessions show less"),
    ],
)
def test_a_hundredth_of_an_acu_or_of_the_whole_is_let_pass(
    models: Models, of_sessions: float, consumed: float, explanation: str
) -> None:
    models.load(
        sessions=[session("a", acus_consumed=of_sessions)],
        session_snapshots=[snapshot("a", "2026-03-01 09:00", of_sessions)],
        consumption_daily=[_consumed("2026-03-01", consumed)],
    )

    assert models.rows("metering_check", "explanation") == [(explanation,)]


def test_only_what_sessions_can_show_is_compared(models: Models) -> None:
    models.load(
        consumption_daily=[
            _consumed("2026-03-01", 1.0, product="cascade"),
            _consumed("2026-03-01", 1.0, scope="user", subject_id="ann"),
            _consumed("2026-03-01", 1.0, scope="enterprise", org_id="", subject_id="enterprise"),
        ],
    )

    assert models.rows("metering_check") == []


def test_a_day_without_consumption_is_not_compared(models: Models) -> None:
    models.load(
        sessions=[session("a", acus_consumed=3.0)],
        session_snapshots=[snapshot("a", "2026-03-01 09:00", 3.0)],
    )

    assert models.rows("metering_check") == [
        ("org", FIRST, 3.0, None, None, None, None, "no consumption data")
    ]


def test_an_organisation_whose_sessions_all_have_no_acus_is_not_metered(models: Models) -> None:
    models.load(
        sync_runs=[_synced("v2/enterprise", "2026-03-09 09:00")],
        sessions=[
            session("a", status="exit", acus_consumed=0.0),
            session("b", status="exit", acus_consumed=0.0, org_id="half"),
            session("c", status="exit", acus_consumed=1.0, org_id="half"),
            session("d", status="new", acus_consumed=0.0, org_id="idle"),
        ],
        session_snapshots=[snapshot("c", "2026-02-01 09:00", 1.0, org_id="half")],
        consumption_daily=[
            _consumed("2026-03-01", 2.0),
            _consumed("2026-03-02", 0.0),
            _consumed("2026-03-10", 2.0, org_id="half"),
            _consumed("2026-03-10", 2.0, org_id="idle"),
            _consumed("2026-03-10", 2.0, org_id="without sessions"),
        ],
    )

    assert models.rows("metering_check", "org_id", "billing_day", "gap", "explanation") == [
        ("half", day("2026-02-01"), None, "burned before the first sync"),
        ("half", day("2026-03-10"), -2.0, "sessions show less"),
        ("idle", day("2026-03-10"), -2.0, "sessions show less"),
        ("org", FIRST, -2.0, "not metered"),
        ("org", SECOND, 0.0, "agrees"),
        ("without sessions", day("2026-03-10"), -2.0, "sessions show less"),
    ]


@pytest.mark.parametrize(
    "scope",
    [
        "v3/org",
        "v3/org?tags=a",
        "v2/enterprise",
        "v2/enterprise?tags=a",
        "v2/enterprise?org_ids=other&org_ids=org",
        "v2/enterprise?org_ids=org&tags=a",
    ],
)
def test_until_the_first_sync_days_need_not_agree(models: Models, scope: str) -> None:
    models.load(
        sync_runs=[
            _synced(scope, "2026-03-02 09:00"),
            _synced(scope, "2026-03-05 09:00"),
            _synced(scope, "2026-03-01 09:00", outcome="failed"),
        ],
        sessions=[session("a", acus_consumed=5.0)],
        session_snapshots=[
            snapshot("a", "2026-03-02 08:30", 5.0),
            snapshot("a", "2026-03-03 09:00", 6.0),
        ],
        consumption_daily=[
            _consumed("2026-03-01", 2.0),
            _consumed("2026-03-02", 3.0),
            _consumed("2026-03-03", 2.0),
        ],
    )

    assert models.rows("metering_check", "billing_day", "gap", "explanation") == [
        (FIRST, -2.0, "burned before the first sync"),
        (SECOND, 2.0, "burned before the first sync"),
        (day("2026-03-03"), -1.0, "sessions show less"),
    ]


@pytest.mark.parametrize(
    "scope", ["v3/organic", "v3/an/org", "v2/enterprise?org_ids=organic", "v2/enterprise?org_ids=x"]
)
def test_the_sync_of_another_organisation_explains_nothing(models: Models, scope: str) -> None:
    models.load(
        sync_runs=[_synced(scope, "2026-03-09 09:00")],
        consumption_daily=[_consumed("2026-03-01", 2.0)],
    )

    assert models.rows("metering_check", "explanation") == [("sessions show less",)]
