"""What the API counts, by calendar month."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sources.devin.metrics import FIRST_MONTHS, month_begin, months
from tests.usage.conftest import DAY, ORG, OTHER, Place

MOMENTS = st.integers(0, 2**31)


def month(text: str) -> int:
    return int(datetime.fromisoformat(f"{text}-01T00:00:00Z").timestamp())


@given(now=MOMENTS)
def test_first_the_last_thirteen_months_are_read(now: int) -> None:
    found = months(None, now)

    begins = [begin for begin, _ in found]
    assert len(found) in {FIRST_MONTHS, FIRST_MONTHS - 1}  # none of a month that just begins
    assert [end for _, end in found][:-1] == begins[1:]
    assert {datetime.fromtimestamp(begin, UTC).day for begin in begins} == {1}
    assert found[-1][0] < now <= found[-1][1]


@given(as_of=MOMENTS, later=st.integers(1, 2 * 366 * DAY))
def test_then_the_month_before_the_last_reading_and_all_that_follow(as_of: int, later: int) -> None:
    found = months(as_of, as_of + later)

    everything = months(None, as_of + later)
    assert found == everything[-len(found) :]
    assert found[0][0] == max(everything[0][0], month_begin(as_of, -1))


@pytest.mark.parametrize(
    ("moment", "later", "expected"),
    [("2026-01", -1, "2025-12"), ("2025-12", 1, "2026-01"), ("2026-03", -26, "2024-01")],
)
def test_a_month_before_january_is_december(moment: str, later: int, expected: str) -> None:
    assert month_begin(month(moment), later) == month(expected)


def test_each_organisation_and_month_is_a_row_and_a_null_stays_one(place: Place) -> None:
    place.api.org_ids = [ORG, OTHER]
    path = f"/v3/organizations/{OTHER}/metrics"
    place.api.metrics[f"{path}/usage"] = {"sessions_count": 7, "searches_count": None, "new": 1}
    place.api.metrics[f"{path}/prs"] = {"prs_created_count": 3, "prs_taken_over_count": 2}

    place.sync()
    place.sync()

    usage, prs = place.table("metrics_usage"), place.table("metrics_pull_requests")
    assert [len(rows) for rows in (usage, prs)] == [26, 26]
    assert usage[-1] == {
        "org_id": OTHER,
        "period_start": datetime(2026, 6, 1, tzinfo=UTC),
        "period_end": datetime(2026, 7, 1, tzinfo=UTC),
        "sessions_count": 7,
        "searches_count": None,
        "prs_created_count": None,
        "prs_merged_count": None,
    }
    assert (prs[-1]["prs_created_count"], prs[-1]["prs_taken_over_count"]) == (3, 2)


def test_of_months_that_are_over_only_the_last_one_is_read_again(place: Place) -> None:
    place.sync()
    place.api.calls.clear()

    place.sync()

    spans = [call.params for call in place.api.asked("/metrics/usage")]
    assert [int(span["time_after"]) for span in spans] == [month("2026-05"), month("2026-06")]
    assert int(spans[0]["time_before"]) == month("2026-06")
    assert int(spans[1]["time_before"]) <= place.api.now
