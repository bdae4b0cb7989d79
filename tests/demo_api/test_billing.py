"""Billing days and cycles: when each begins."""

from datetime import UTC, datetime

import pytest

from pipelines.devin.demo_api.billing import billing_day, billing_days, cycle_of, cycles


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


@pytest.mark.parametrize(
    ("moment", "day"),
    [
        ("2026-06-15T07:59:59", "2026-06-14T08:00"),
        ("2026-06-15T08:00:00", "2026-06-15T08:00"),
        ("2026-06-15T23:59:59", "2026-06-15T08:00"),
        ("2026-12-01T00:00:00", "2026-11-30T08:00"),
    ],
)
def test_a_billing_day_begins_at_eight_in_summer_and_in_winter(moment: str, day: str) -> None:
    assert at(day) == billing_day(at(moment))


def test_the_billing_days_of_a_span_are_those_that_begin_in_it() -> None:
    days = billing_days(at("2026-06-15T08:00"), at("2026-06-17T08:00"))
    later = billing_days(at("2026-06-15T08:00:01"), at("2026-06-17T08:00:01"))

    assert [at("2026-06-15T08:00"), at("2026-06-16T08:00")] == list(days)
    assert [at("2026-06-16T08:00"), at("2026-06-17T08:00")] == list(later)


@pytest.mark.parametrize(
    ("moment", "after", "before"),
    [
        ("2026-06-15T07:59:59", "2026-05-15T08:00", "2026-06-15T08:00"),
        ("2026-06-15T08:00:00", "2026-06-15T08:00", "2026-07-15T08:00"),
        ("2026-01-01T00:00:00", "2025-12-15T08:00", "2026-01-15T08:00"),
        ("2026-12-31T00:00:00", "2026-12-15T08:00", "2027-01-15T08:00"),
    ],
)
def test_a_cycle_goes_from_mid_month_to_mid_month(moment: str, after: str, before: str) -> None:
    assert (at(after), at(before)) == cycle_of(at(moment))


def test_cycles_follow_one_another_without_a_gap() -> None:
    found = cycles(at("2025-11-20T00:00"), at("2026-06-30T12:00"))

    assert len(found) == 8
    assert [cycle.after for cycle in found[:-1]] == [cycle.before for cycle in found[1:]]
    assert found[-1].after <= at("2025-11-20T00:00") < found[-1].before
    assert found[0].after <= at("2026-06-30T12:00") < found[0].before
