"""Warehouses made up by hand, and the report of one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from pipelines.devin.cli_verbs import app
from pipelines.devin.models.catalogue import catalogue
from pipelines.devin.models.config import ModelSettings
from pipelines.devin.report.content import Asked, Report, read_report
from pipelines.devin.report.page import page
from pipelines.devin.warehouse import open_pipeline
from tests.report.browser import PROGRAM, Page, browsing
from tests.report.stand_in import stand_in
from tests.support.isolation import reset_dlt

Rows = Mapping[str, Sequence[Mapping[str, Any]]]
Read = Callable[..., Report]
Verb = Callable[..., Result]

MADE_AT = datetime(2026, 4, 1, 9, tzinfo=UTC)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def burned(
    day: str, org_id: str, acus: float, cost: float | None = None, **who: str
) -> dict[str, Any]:
    return {
        "billing_day": date.fromisoformat(day),
        "org_id": org_id,
        "acus": acus,
        "cost": cost,
        **who,
    }


def session(session_id: str, org_id: str, user_id: str | None, created_at: str) -> dict[str, Any]:
    url = f"https://app.devin.ai/sessions/{session_id}"
    who = {"session_id": session_id, "org_id": org_id, "user_id": user_id}
    return {**who, "url": url, "created_at": at(created_at)}


SMALL: Rows = {
    "organizations": [
        {"org_id": "org_a", "name": "Platform"},
        {"org_id": "org_b", "name": "Payments"},
    ],
    "acu_daily": [
        burned("2026-03-30", "org_a", 10, 20, user_id="u1"),
        burned("2026-03-31", "org_a", 30, 60, user_id="u2"),
        burned("2026-03-31", "org_b", 20, 40, user_id="u1"),
        burned("2025-12-01", "org_a", 30, 60, user_id="u1"),
        burned("2025-01-01", "org_a", 1000, 2000, user_id="u1"),
    ],
    "acu_by_user": [
        burned("2026-03-30", "org_a", 10, 20, user_id="u1", name="Ada"),
        burned("2026-03-31", "org_b", 20, 40, user_id="u1", name="Ada"),
        burned("2026-03-31", "org_a", 20, 40, user_id="u2", email="grace@acme.example"),
        burned("2026-03-31", "org_a", 10, 20, service_user_id="bot"),
        burned("2025-12-01", "org_a", 15, 30, user_id="u1", name="Ada"),
    ],
    "acu_by_repository": [
        burned("2026-03-31", "org_a", 15, 30, repository="acme/api"),
        burned("2026-03-31", "org_a", 45, 90),
    ],
    "sessions": [
        session("s1", "org_a", "u1", "2026-03-30T10:00"),
        session("s2", "org_a", "u2", "2026-03-31T09:00"),
        session("s3", "org_b", "u1", "2026-03-31T10:00"),
        session("first", "org_a", "u3", "2026-01-01T08:00"),
        session("before", "org_a", "u3", "2026-01-01T07:59"),
        session("s0", "org_a", "u1", "2025-12-01T10:00"),
    ],
    "session_days": [
        {"session_id": "s1", **burned("2026-03-30", "org_a", 10, 20)},
        {"session_id": "s2", **burned("2026-03-31", "org_a", 30, 60)},
        {"session_id": "s3", **burned("2026-03-31", "org_b", 20, 40)},
        {"session_id": "s0", **burned("2025-12-01", "org_a", 30, 60)},
    ],
    "wasted_acus": [
        {"session_id": "s1", "org_id": "org_a", "title": "Broke", "reason": "error", "acus": 10}
    ],
    "pull_requests": [
        {
            "org_id": "org_a",
            "pr_state": state,
            "first_seen_at": at(seen),
            "acus": acus,
            "cost": None,
        }
        for state, seen, acus in (
            ("merged", "2026-03-30T12:00", 10.0),
            ("open", "2026-03-30T12:00", 5.0),
            ("merged", "2025-12-01T12:00", 4.0),
        )
    ],
    "pull_request_outcomes": [
        {
            "month": date(2026, 3, 1),
            "org_id": "org_a",
            "repository": "acme/api",
            **{"created": 2, "merged": 1, "closed": 0, "open": 1, "acus": 15.0},
        }
    ],
    "session_tree": [
        {
            **{"session_id": session_id, "root_session_id": root, "org_id": "org_a"},
            **{"title": title, "descendants": below, "own_acus": own, "tree_acus": tree},
        }
        for session_id, root, title, below, own, tree in (
            ("s1", "s1", "Lead", 1, 10.0, 40.0),
            ("s2", "s1", "Helper", 0, 30.0, 30.0),
            ("s0", "s0", "Long ago", 0, 30.0, 30.0),
        )
    ],
    "stuck_sessions": [
        {
            **{"session_id": "s2", "org_id": "org_a", "title": "Waits", "waiting_for": "user"},
            **{"waiting_since": at("2026-03-31T09:00"), "waiting_hours": 3.0, "acus": 30.0},
        }
    ],
    "adoption": [
        {
            **{"week": date(2026, 3, 30), "org_id": "org_a", "sessions": 5, "active_users": 2},
            **{"sessions_per_user": 2.0, "first_time_users": 1, "service_user_share": 0.2},
        }
    ],
    "cycle_forecast": [
        {
            **{"org_id": "org_a", "cycle_start": date(2026, 3, 1), "cycle_end": date(2026, 4, 1)},
            **{"cycle_known": True, "days_elapsed": 30.0, "days_total": 31.0, "acus": 40.0},
            **{"acus_per_day": 1.5, "expected_acus": 45.0, "cycle_acu_limit": 42.0},
        },
        {
            **{"org_id": "org_a", "cycle_start": date(2026, 2, 1), "cycle_end": date(2026, 3, 1)},
            **{"cycle_known": True, "acus": 9999.0, "expected_acus": 9999.0},
        },
    ],
    "metering_check": [
        {
            **{"org_id": "org_a", "billing_day": date(2026, 3, 31), "session_acus": 30.0},
            **{"consumption_acus": 32.0, "gap": -2.0, "explanation": "sessions show less"},
        },
        {
            **{"org_id": "org_b", "billing_day": date(2026, 3, 31), "session_acus": 0.0},
            "explanation": "not metered",
        },
    ],
    "data_quality": [
        {"check_name": "rejected_items", "what": "Items that are not loaded.", "rows_found": 3},
        {"check_name": "duplicate_keys", "what": "Sessions there twice.", "rows_found": 0},
    ],
    "endpoint_reads": [
        {
            **{"endpoint": "acu_limits", "org_id": "", "outcome": "denied"},
            **{"permission": "ViewAccountConsumption", "read_at": at("2026-03-31T11:00")},
        }
    ],
}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Where the command line has its warehouse in a test."""
    return tmp_path / "devin_warehouse.duckdb"


@pytest.fixture
def read(file: Path) -> Read:
    """Reads the report of a warehouse with these rows, or with those of `SMALL`."""

    def read(rows: Rows = SMALL, *, without: Sequence[str] = (), **asked: Any) -> Report:
        stand_in(file, rows, without=without)
        return read_report(open_pipeline(), Asked(**asked))

    return read


@pytest.fixture
def verb() -> Verb:
    """Runs a verb of the command line in this process."""

    def verb(*arguments: str) -> Result:
        reset_dlt()
        return CliRunner().invoke(app, arguments)

    return verb


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[Page]:
    """A real browser; without one on this machine, the test is skipped."""
    if PROGRAM is None:
        pytest.skip("there is no Chromium on this machine")
    with browsing(tmp_path / "profile") as opened:
        yield opened


def shown(report: Report, settings: ModelSettings | None = None) -> str:
    """The page of a report."""
    return page(report, catalogue()[0], settings or ModelSettings(28_800), MADE_AT)
