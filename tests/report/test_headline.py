"""The headline figures are what the rows sum to, and so are those of the period before."""

from __future__ import annotations

import pytest

from tests.report.conftest import SMALL, Read, burned, session

FIGURES = {
    "ACUs": (60.0, 30.0),
    "Cost": (80.0, 60.0),
    "Sessions": (4, 2),
    "Active users": (3, 2),
    "Merged pull requests": (1, 1),
    "Merge rate": (0.5, 1.0),
    "ACUs per merged pull request": (15.0, 4.0),
    "Wasted share": (pytest.approx(10 / 60), 0.0),
}


def test_figures_are_of_the_period_and_of_the_one_before(read: Read) -> None:
    found = read().headline

    assert {figure.name: (figure.now, figure.before) for figure in found.figures} == FIGURES
    assert (found.acus, found.sessions, found.unpriced, found.metered) == (60.0, 4, 20.0, True)


def test_figures_are_of_the_organisation_alone_that_is_asked_for(read: Read) -> None:
    found = read(organizations=["Payments"]).headline

    now = {figure.name: figure.now for figure in found.figures}
    assert (now["ACUs"], now["Sessions"], now["Merged pull requests"]) == (20.0, 1, 0)
    assert now["Merge rate"] is None


def test_without_a_price_there_is_no_cost(read: Read) -> None:
    rows = [burned("2026-03-31", "org_a", 5), burned("2025-12-01", "org_a", 5, 10)]

    found = read({**SMALL, "acu_daily": rows}).headline

    assert "Cost" not in {figure.name for figure in found.figures}
    assert found.unpriced == 0


def test_sessions_without_any_acus_are_not_metered(read: Read) -> None:
    rows = {"sessions": [session("s1", "org_a", "u1", "2026-03-30T10:00")]}

    found = read(rows).headline

    assert (found.metered, found.acus, found.sessions) == (False, 0.0, 1)


def test_a_period_without_sessions_says_nothing_of_metering(read: Read) -> None:
    found = read(begin="2024-02-01", end="2024-03-01").headline

    assert (found.metered, found.sessions) == (True, 0)
