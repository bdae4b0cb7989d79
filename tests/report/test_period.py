"""A period is whole billing days, and those before it are as many."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from pipelines.devin.report.period import Period, asked_period, billing_day

EIGHT_HOURS = 28_800
NOON = datetime(2026, 3, 31, 12, tzinfo=UTC)
NIGHT = datetime(2026, 3, 31, 7, 59, tzinfo=UTC)


@pytest.mark.parametrize(
    ("moment", "offset", "expected"),
    [
        (NOON, EIGHT_HOURS, date(2026, 3, 31)),
        (NIGHT, EIGHT_HOURS, date(2026, 3, 30)),
        (NIGHT, 0, date(2026, 3, 31)),
        (NOON, -13 * 3600, date(2026, 4, 1)),
    ],
)
def test_a_billing_day_begins_after_midnight(moment: datetime, offset: int, expected: date) -> None:
    assert billing_day(moment, offset) == expected


@pytest.mark.parametrize(
    ("begin", "end", "expected"),
    [
        (None, None, (date(2026, 1, 1), date(2026, 4, 1))),
        ("2026-03-01", None, (date(2026, 3, 1), date(2026, 4, 1))),
        (None, "2026-03-01", (date(2025, 12, 1), date(2026, 3, 1))),
        (" 2026-02-01 ", "2026-03-01", (date(2026, 2, 1), date(2026, 3, 1))),
        ("2026-03-31", None, (date(2026, 3, 31), date(2026, 4, 1))),
        ("0001-01-01", "9999-12-31", (date(2023, 12, 31), date(2026, 4, 1))),
    ],
)
def test_what_is_not_said_is_ninety_days_up_to_now(
    begin: str | None, end: str | None, expected: tuple[date, date]
) -> None:
    found = asked_period(begin, end, NOON, EIGHT_HOURS)

    assert (found.begin, found.end) == expected


def test_the_period_before_is_as_long_and_ends_where_this_begins() -> None:
    period = Period(date(2026, 3, 1), date(2026, 4, 1), EIGHT_HOURS)

    assert (period.days, period.last) == (31, date(2026, 3, 31))
    assert (period.before.begin, period.before.end) == (date(2026, 1, 29), date(2026, 3, 1))
    assert period.starts_at == datetime(2026, 3, 1, 8, tzinfo=UTC)
    assert period.ends_at == datetime(2026, 4, 1, 8, tzinfo=UTC)
