"""The headline figures are what the rows sum to, and so are those of the period before."""

from __future__ import annotations

import pytest

from pipelines.devin.report.wording import change
from tests.report.conftest import SMALL, Read, at, burned, session

FIGURES = {
    "ACUs": (60.0, 30.0),
    "Cost": (120.0, 60.0),
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
    assert (found.acus, found.sessions, found.unpriced, found.metered) == (60.0, 4, 0.0, True)


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


def test_a_cost_that_lacks_a_price_is_not_known(read: Read) -> None:
    rows = [*SMALL["acu_daily"], burned("2026-03-31", "org_a", 7)]

    found = read({**SMALL, "acu_daily": rows}).headline

    assert "Cost" not in {figure.name for figure in found.figures}
    assert found.unpriced == 7.0


def test_a_cost_before_that_lacks_a_price_leaves_no_change(read: Read) -> None:
    rows = [*SMALL["acu_daily"], burned("2025-12-02", "org_a", 7)]

    found = read({**SMALL, "acu_daily": rows}).headline

    (cost,) = (figure for figure in found.figures if figure.name == "Cost")
    assert (cost.now, cost.before, change(cost)) == (120.0, None, "")


def test_days_without_acus_need_no_price(read: Read) -> None:
    rows = [*SMALL["acu_daily"], burned("2026-03-31", "org_a", 0)]

    found = read({**SMALL, "acu_daily": rows}).headline

    assert ("Cost", 120.0) in {(figure.name, figure.now) for figure in found.figures}


@pytest.mark.parametrize(
    ("lacking", "expected"),
    [("", (15.0, 8.0)), ("2026-03-30", None), ("2025-12-01", (15.0, None))],
)
def test_a_merged_pull_request_costs_what_all_that_were_seen_cost(
    read: Read, lacking: str, expected: tuple[float, float | None] | None
) -> None:
    seen = [("2026-03-30", 10.0), ("2026-03-30", 5.0), ("2025-12-01", 8.0)]
    rows = [
        {
            **{"org_id": "org_a", "pr_state": "open" if acus < 8 else "merged"},
            **{"first_seen_at": at(f"{day}T12:00"), "acus": acus, "cost": acus},
        }
        for day, acus in seen
    ]
    unpriced = {"org_id": "org_a", "first_seen_at": at(f"{lacking or '2026-03-30'}T13:00")}
    rows.append({**unpriced, "acus": 3.0 if lacking else 0.0, "cost": None})

    found = {
        figure.name: figure for figure in read({**SMALL, "pull_requests": rows}).headline.figures
    }

    cost = found.get("Cost per merged pull request")
    assert (cost and (cost.now, cost.before)) == expected


def test_sessions_without_any_acus_are_not_metered(read: Read) -> None:
    rows = {"sessions": [session("s1", "org_a", "u1", "2026-03-30T10:00")]}

    found = read(rows).headline

    assert (found.metered, found.acus, found.sessions) == (False, 0.0, 1)


def test_a_period_without_sessions_says_nothing_of_metering(read: Read) -> None:
    found = read(begin="2024-02-01", end="2024-03-01").headline

    assert (found.metered, found.sessions) == (True, 0)
