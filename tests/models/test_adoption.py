"""`adoption`: who uses Devin, week by week."""

from typing import Any

import pytest

from pipelines.devin.models.config import ModelSettings
from pipelines.devin.models.rendering import render
from tests.models.harness import Models, known_models
from tests.models.rows import Row, at, day, session


def started(session_id: str, created_at: str, **columns: Any) -> Row:
    return session(session_id, created_at=at(created_at), **columns)


def test_without_sessions_there_is_no_week(models: Models) -> None:
    models.load()

    assert models.rows("adoption") == []


def test_a_week_counts_people_and_service_users(models: Models) -> None:
    models.load(
        sessions=[
            started("a", "2026-03-02 09:00", user_id="ann"),
            started("b", "2026-03-03 09:00", user_id="ann"),
            started("c", "2026-03-04 09:00", user_id="ann"),
            started("d", "2026-03-05 09:00", user_id="bob"),
            started("e", "2026-03-06 09:00", service_user_id="robot"),
            started("f", "2026-03-07 09:00"),
            started("g", "2026-03-08 09:00", service_user_id="robot"),
            started("h", "2026-03-08 10:00", service_user_id="other robot"),
        ]
    )

    expected = [(day("2026-03-02"), "org", 8, 2, 2.0, 2, 2, 0.375)]
    assert models.rows("adoption") == expected


def test_a_week_runs_from_monday_to_sunday_in_utc_across_the_end_of_a_year(models: Models) -> None:
    models.load(
        sessions=[
            started("sunday", "2025-12-28 23:59:59.999999", user_id="ann"),
            started("monday", "2025-12-29 00:00", user_id="ann"),
            started("old year", "2025-12-31 23:00", user_id="ann"),
            started("new year", "2026-01-01 01:00", user_id="ann"),
            started("next sunday", "2026-01-04 23:59:59", user_id="ann"),
            started("next monday", "2026-01-05 00:00", user_id="ann"),
        ]
    )

    expected = [(day("2025-12-22"), 1), (day("2025-12-29"), 4), (day("2026-01-05"), 1)]
    assert models.rows("adoption", "week", "sessions") == expected


def test_somebody_is_new_in_one_week_of_each_organisation(models: Models) -> None:
    models.load(
        sessions=[
            started("a", "2026-03-09 09:00", user_id="ann"),
            started("b", "2026-03-02 09:00", user_id="ann"),
            started("c", "2026-03-09 10:00", user_id="bob"),
            started("d", "2026-03-09 11:00", user_id="bob"),
            started("e", "2026-03-09 09:00", user_id="ann", org_id="org two"),
        ]
    )

    expected = [
        (day("2026-03-02"), "org", 1, 1),
        (day("2026-03-09"), "org", 2, 1),
        (day("2026-03-09"), "org two", 1, 1),
    ]
    found = models.rows("adoption", "week", "org_id", "active_users", "first_time_users")
    assert found == expected


def test_a_week_of_service_users_alone_has_no_sessions_per_user(models: Models) -> None:
    models.load(sessions=[started("a", "2026-03-02 09:00", service_user_id="robot")])

    assert models.rows("adoption") == [(day("2026-03-02"), "org", 1, 0, None, 0, 1, 1.0)]


def test_deleted_and_archived_sessions_count(models: Models) -> None:
    models.load(
        sessions=[
            started("a", "2026-03-02 09:00", user_id="ann", deleted_at=at("2026-03-03 09:00")),
            started("b", "2026-03-09 09:00", user_id="ann", is_archived=True),
        ]
    )

    expected = [
        (day("2026-03-02"), "org", 1, 1, 1.0, 1, 0, 0.0),
        (day("2026-03-09"), "org", 1, 1, 1.0, 0, 0, 0.0),
    ]
    assert models.rows("adoption") == expected


def test_what_has_both_a_person_and_a_service_user_counts_for_both(models: Models) -> None:
    models.load(sessions=[started("a", "2026-03-02 09:00", user_id="ann", service_user_id="robot")])

    assert models.rows("adoption") == [(day("2026-03-02"), "org", 1, 1, 1.0, 1, 1, 1.0)]


@pytest.mark.parametrize(("dialect", "unit"), [("bigquery", "ISOWEEK"), ("tsql", "ISO_WEEK")])
def test_a_week_begins_on_monday_where_weeks_begin_on_sunday(dialect: str, unit: str) -> None:
    sql = known_models()["adoption"].sql
    rendered = render(sql, dialect, ModelSettings(0), name=lambda name: name, columns={})

    assert unit in rendered
