"""A range of `created_at` is read where the reader is, and no other range than what was meant."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta, timezone
from types import ModuleType
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

import dlt
import pytest
from dlt.common.configuration.container import Container
from dlt.extract.incremental.context import TimeIntervalContext
from hypothesis import given
from hypothesis import strategies as st

from sources.devin.errors import ConfigurationError
from sources.devin.ranges import FIRST, Range, last, moment, read_range, scheduled
from sources.devin.settings import instant

HOUR, DAY = 3600, 86_400
NOW = instant("2026-06-15T12:00:00Z")
LATE = instant("2040-01-01")
SCHEDULER_ADVICE = (
    "Correct DLT_INTERVAL_START, DLT_INTERVAL_END and DLT_INTERVAL_TIMEZONE, or what Airflow has "
    "for an interval; set DLT_ALLOW_EXTERNAL_SCHEDULERS to false for a sync without one."
)

zones = st.sampled_from(sorted(available_timezones() - {"localtime"}))
days = st.dates(date(2024, 1, 3), date(2037, 12, 31))
moments = st.integers(FIRST, LATE - 1)


def error_of(begin: Any, end: Any, time_zone: str = "UTC") -> ConfigurationError:
    with pytest.raises(ConfigurationError) as caught:
        read_range(begin, end, time_zone=time_zone, now=NOW)
    return caught.value


def day_of(day: date, time_zone: str) -> Range:
    return read_range(day, day + timedelta(days=1), time_zone=time_zone, now=LATE)


def text(epoch: int) -> str:
    return datetime.fromtimestamp(epoch, UTC).isoformat()


def test_a_range_is_written_as_two_moments() -> None:
    march = read_range("2026-03-01", "2026-04-01", now=NOW)

    assert str(march) == "2026-03-01T00:00:00Z to 2026-04-01T00:00:00Z"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2026-03-01", "2026-03-01T05:00:00+00:00"),
        (" 2026-03-01 ", "2026-03-01T05:00:00+00:00"),
        (date(2026, 3, 1), "2026-03-01T05:00:00+00:00"),
        ("2026-03-01T08:00:00", "2026-03-01T13:00:00+00:00"),
        ("2026-03-01 08:00", "2026-03-01T13:00:00+00:00"),
        (datetime(2026, 3, 1, 8), "2026-03-01T13:00:00+00:00"),  # noqa: DTZ001 - as it may come
        ("2026-03-01T08:00:00Z", "2026-03-01T08:00:00+00:00"),
        ("2026-03-01T08:00:00+02:00", "2026-03-01T06:00:00+00:00"),
        (datetime(2026, 3, 1, 8, tzinfo=UTC), "2026-03-01T08:00:00+00:00"),
        (datetime(2026, 3, 1, 8, tzinfo=timezone(timedelta(hours=2))), "2026-03-01T06:00:00+00:00"),
        (1_772_323_200, "2026-03-01T00:00:00+00:00"),
        ("1772323201", "2026-03-01T00:00:01+00:00"),
        (1_772_323_200.9, "2026-03-01T00:00:00+00:00"),
    ],
)
def test_an_offset_counts_and_without_one_the_time_zone_does(value: Any, expected: str) -> None:
    assert expected == text(read_range(value, NOW, time_zone="America/New_York", now=NOW).begin)


def test_where_this_machine_is_does_not_matter(in_new_york: None) -> None:
    assert read_range("2026-03-01", "2026-03-02", now=NOW).begin == 1_772_323_200


@pytest.mark.parametrize(
    ("day", "time_zone", "expected", "hours"),
    [
        ("2026-03-28", "Europe/Berlin", "2026-03-27T23:00:00Z to 2026-03-28T23:00:00Z", 24),
        ("2026-03-29", "Europe/Berlin", "2026-03-28T23:00:00Z to 2026-03-29T22:00:00Z", 23),
        ("2026-03-30", "Europe/Berlin", "2026-03-29T22:00:00Z to 2026-03-30T22:00:00Z", 24),
        ("2025-10-26", "Europe/Berlin", "2025-10-25T22:00:00Z to 2025-10-26T23:00:00Z", 25),
        ("2026-03-08", "America/New_York", "2026-03-08T05:00:00Z to 2026-03-09T04:00:00Z", 23),
        ("2025-11-02", "America/New_York", "2025-11-02T04:00:00Z to 2025-11-03T05:00:00Z", 25),
        # No midnight: the day begins at 01:00.
        ("2026-03-28", "Asia/Beirut", "2026-03-27T22:00:00Z to 2026-03-28T22:00:00Z", 24),
        ("2026-03-29", "Asia/Beirut", "2026-03-28T22:00:00Z to 2026-03-29T21:00:00Z", 23),
        ("2025-09-07", "America/Santiago", "2025-09-07T04:00:00Z to 2025-09-08T03:00:00Z", 23),
        ("2026-03-08", "America/Havana", "2026-03-08T05:00:00Z to 2026-03-09T04:00:00Z", 23),
        # 23:00 comes twice, on the day that ends.
        ("2026-04-04", "America/Santiago", "2026-04-04T03:00:00Z to 2026-04-05T04:00:00Z", 25),
        # Midnight comes twice: the day begins with the first.
        ("2025-11-02", "America/Havana", "2025-11-02T04:00:00Z to 2025-11-03T05:00:00Z", 25),
        # 23:00 is skipped on the day that ends.
        ("2025-03-29", "America/Nuuk", "2025-03-29T02:00:00Z to 2025-03-30T01:00:00Z", 23),
        ("2026-04-05", "Australia/Lord_Howe", "2026-04-04T13:00:00Z to 2026-04-05T13:30:00Z", 24.5),
        ("2025-10-05", "Australia/Lord_Howe", "2025-10-04T13:30:00Z to 2025-10-05T13:00:00Z", 23.5),
        ("2026-03-29", "Antarctica/Troll", "2026-03-29T00:00:00Z to 2026-03-29T22:00:00Z", 22),
        ("2025-10-26", "Antarctica/Troll", "2025-10-25T22:00:00Z to 2025-10-27T00:00:00Z", 26),
        ("2026-03-01", "Asia/Kathmandu", "2026-02-28T18:15:00Z to 2026-03-01T18:15:00Z", 24),
    ],
)
def test_a_day_begins_at_its_first_moment(
    day: str, time_zone: str, expected: str, hours: float
) -> None:
    found = day_of(date.fromisoformat(day), time_zone)

    assert (expected, hours) == (str(found), (found.end - found.begin) / HOUR)


@pytest.mark.parametrize(
    ("value", "time_zone", "expected"),
    [
        # Skipped, and the clock shows what comes next.
        ("2026-03-29T02:30", "Europe/Berlin", "2026-03-29T01:00:00+00:00"),
        ("2025-10-05T02:15", "Australia/Lord_Howe", "2025-10-04T15:30:00+00:00"),
        # A gap from 23:30 to 00:30: the day began at half past.
        ("1919-03-31", "America/Toronto", "1919-03-31T04:30:00+00:00"),
        # A day that never was, and those around it.
        ("2011-12-29", "Pacific/Apia", "2011-12-29T10:00:00+00:00"),
        ("2011-12-30", "Pacific/Apia", "2011-12-30T10:00:00+00:00"),
        ("2011-12-31", "Pacific/Apia", "2011-12-30T10:00:00+00:00"),
        # Twice: the first.
        ("2025-10-26T02:30", "Europe/Berlin", "2025-10-26T00:30:00+00:00"),
        ("2026-04-05T01:45", "Australia/Lord_Howe", "2026-04-04T14:45:00+00:00"),
    ],
)
def test_a_time_that_clocks_skip_is_the_next_and_one_that_comes_twice_the_first(
    value: str, time_zone: str, expected: str
) -> None:
    assert expected == text(moment(value, ZoneInfo(time_zone)))


@given(days, zones)
def test_a_day_has_22_to_26_hours(day: date, time_zone: str) -> None:
    found = day_of(day, time_zone)

    assert 22 * HOUR <= found.end - found.begin <= 26 * HOUR


@given(days, zones)
def test_consecutive_days_touch(day: date, time_zone: str) -> None:
    assert day_of(day, time_zone).end == day_of(day + timedelta(days=1), time_zone).begin


@given(days, zones)
def test_no_moment_before_a_day_is_of_it_and_its_first_is(day: date, time_zone: str) -> None:
    begin, zone = day_of(day, time_zone).begin, ZoneInfo(time_zone)

    assert datetime.fromtimestamp(begin - 1, zone).date() < day
    assert datetime.fromtimestamp(begin, zone).date() == day


@given(st.tuples(moments, moments).filter(lambda pair: pair[0] < pair[1]), zones)
def test_a_range_reads_what_it_writes(pair: tuple[int, int], time_zone: str) -> None:
    found = Range(*pair)
    begin, end = str(found).split(" to ")

    assert found == read_range(begin, end, time_zone=time_zone, now=LATE)


@given(moments, zones)
def test_an_instant_is_itself_in_every_zone(epoch: int, time_zone: str) -> None:
    zone = ZoneInfo(time_zone)

    assert epoch == moment(datetime.fromtimestamp(epoch, zone).isoformat(), zone)


def test_an_end_in_the_future_is_now() -> None:
    assert Range(instant("2026-06-01"), NOW) == read_range("2026-06-01", "2026-07-01", now=NOW)
    assert Range(instant("2026-06-01"), NOW) == read_range("2026-06-01", "9999-12-31", now=NOW)
    assert Range(NOW - 1, NOW) == read_range(NOW - 1, 10**30, now=NOW)


def test_a_begin_before_the_product_is_where_the_product_began() -> None:
    expected = Range(FIRST, instant("2026-03-01"))

    assert expected == read_range("0001-01-01", "2026-03-01", now=NOW)
    assert text(FIRST) == "2024-01-01T00:00:00+00:00"


@pytest.mark.parametrize(
    ("begin", "end", "problem", "advice"),
    [
        (
            "2026-04-01",
            "2026-03-01",
            "the range from 2026-04-01 to 2026-03-01 ends before it begins",
            "Write the earlier one first.",
        ),
        (
            "2026-03-01",
            "2026-03-01",
            "the range from 2026-03-01 to 2026-03-01 is empty",
            "Write an end that is later: for one day, the day after.",
        ),
        (
            1_772_323_200,
            "2026-03-01T00:00:00Z",
            "the range from 1772323200 to 2026-03-01T00:00:00Z is empty",
            "Write an end that is later: for one day, the day after.",
        ),
        (
            "2023-12-01",
            "2024-01-01",
            "the range from 2023-12-01 to 2024-01-01 ends before there was a Devin",
            "Write an end after 2024-01-01; a plain number is epoch seconds.",
        ),
        (
            "20260301",
            "20260401",
            "the range from 20260301 to 20260401 ends before there was a Devin",
            "Write an end after 2024-01-01; a plain number is epoch seconds.",
        ),
        (
            "2026-06-15T12:00:00Z",
            "2026-07-01",
            "the range from 2026-06-15T12:00:00Z to 2026-07-01 begins in the future",
            "Write a begin before now, 2026-06-15T12:00:00Z.",
        ),
        (
            10**30,
            10**31,
            f"the range from {10**30} to {10**31} begins in the future",
            "Write a begin before now, 2026-06-15T12:00:00Z.",
        ),
    ],
)
def test_a_range_that_can_hold_no_session_is_refused(
    begin: Any, end: Any, problem: str, advice: str
) -> None:
    error = error_of(begin, end)

    assert type(error) is ConfigurationError
    assert (problem, advice) == (error.message, error.advice)


@pytest.mark.parametrize(
    "value",
    ["", "yesterday", "2026-02-30", "01.03.2026", "1.5", "2026-03-01T25:00", None, True, math.nan],
)
@pytest.mark.parametrize("edge", ["begin", "end"])
def test_what_is_no_date_is_quoted(value: Any, edge: str) -> None:
    given = {"begin": "2026-03-01", "end": "2026-04-01"} | {edge: value}

    error = error_of(**given)

    assert error.message == (
        f"the {edge} of the range is unreadable: {value!r} is not a date such as 2026-03-01 "
        "or 2026-03-01T08:00:00Z"
    )
    assert error.advice == (
        "Write a date (2026-03-01), an instant (2026-03-01T08:00:00Z) or epoch seconds."
    )


@pytest.mark.parametrize(
    ("time_zone", "hint"),
    [
        ("utc", "UTC"),
        (" UTC", "UTC"),
        ("europe/berlin", "Europe/Berlin"),
        ("Europe/Berln", "Europe/Berlin"),
        ("Europe//Berlin", "Europe/Berlin"),
        ("America/New York", "America/New_York"),
    ],
)
def test_an_unknown_time_zone_is_quoted_with_close_names(time_zone: str, hint: str) -> None:
    error = error_of("2026-03-01", "2026-04-01", time_zone)

    assert error.message == f"{time_zone!r} is not a time zone"
    assert error.advice.startswith(f"Did you mean {hint}")
    assert error.advice.endswith("? Write an IANA name such as Europe/Berlin or UTC.")


@pytest.mark.parametrize(
    "time_zone",
    [
        "",
        "Europe/",
        "Europe",
        "../x",
        "/etc/localtime",
        "tzdata.zi",
        "right/UTC",
        "UTC\0",
        "x" * 300,
        "+01:00",
        "\udcff",
    ],
)
def test_what_is_a_file_or_breaks_a_path_is_no_time_zone_either(time_zone: str) -> None:
    error = error_of("2026-03-01", "2026-04-01", time_zone)

    assert error.message == f"{time_zone!r} is not a time zone"
    assert error.advice.endswith("Write an IANA name such as Europe/Berlin or UTC.")


@pytest.mark.parametrize(
    ("length", "expected"),
    [
        ("12h", Range(NOW - 12 * HOUR, NOW)),
        ("30d", Range(NOW - 30 * DAY, NOW)),
        ("2w", Range(NOW - 14 * DAY, NOW)),
        ("0.5s", Range(NOW - 1, NOW)),
        (90, Range(NOW - 90, NOW)),
        ("99999d", Range(FIRST, NOW)),
        ("9" * 400 + "d", Range(FIRST, NOW)),
    ],
)
def test_the_last_of_it_ends_now(length: Any, expected: Range) -> None:
    assert expected == last(length, now=NOW)


@pytest.mark.parametrize(
    ("length", "problem"),
    [
        ("0d", "the range of the last 0d is empty"),
        (0, "the range of the last 0 is empty"),
        (
            "a month",
            "the range is unreadable: 'a month' is not a duration such as 90s, 15m, 1h or 7d",
        ),
        ("-1d", "the range is unreadable: '-1d' is not a duration such as 90s, 15m, 1h or 7d"),
    ],
)
def test_the_last_of_nothing_is_refused(length: Any, problem: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        last(length, now=NOW)

    assert problem == caught.value.message
    assert caught.value.advice == "Write a number and a unit, such as 12h, 30d or 2w."


class Launcher:
    """Sets what a scheduler sets before it starts a run."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._monkeypatch = monkeypatch

    def variables(self, start: str, end: str, **others: str) -> None:
        given = {"DLT_INTERVAL_START": start, "DLT_INTERVAL_END": end} | others
        for name, value in given.items():
            self._monkeypatch.setenv(name, value)

    def airflow(self, start: datetime, end: datetime) -> None:
        module: Any = ModuleType("airflow.operators.python")
        module.get_current_context = lambda: {
            "data_interval_start": start,
            "data_interval_end": end,
        }
        for name in ("airflow", "airflow.operators"):
            self._monkeypatch.setitem(sys.modules, name, ModuleType(name))
        self._monkeypatch.setitem(sys.modules, module.__name__, module)


@pytest.fixture
def launcher(monkeypatch: pytest.MonkeyPatch) -> Iterator[Launcher]:
    """Starts from a process that has not looked at its scheduler yet, and ends as one."""
    Container()[TimeIntervalContext]
    del Container()[TimeIntervalContext]
    yield Launcher(monkeypatch)
    if TimeIntervalContext in Container():
        del Container()[TimeIntervalContext]


MARCH = read_range("2026-03-01", "2026-04-01", now=NOW)
MARCH_BOUNDS = ("2026-03-01T00:00:00Z", "2026-04-01T00:00:00Z")
MARCH_DATA = (datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 4, 1, tzinfo=UTC))


@pytest.mark.parametrize(
    ("allowed", "variable", "expected"),
    [
        (None, None, None),
        (None, "", None),
        (None, "false", None),
        (None, "true", MARCH),
        (True, None, MARCH),
        (True, "false", MARCH),
        (False, "true", None),
    ],
)
def test_a_scheduler_is_heard_only_where_somebody_opted_in(
    launcher: Launcher, allowed: bool | None, variable: str | None, expected: Range | None
) -> None:
    flag = {} if variable is None else {"DLT_ALLOW_EXTERNAL_SCHEDULERS": variable}
    launcher.variables(*MARCH_BOUNDS, **flag)

    assert expected == scheduled(allowed, now=NOW)


@pytest.mark.parametrize(("allowed", "expected"), [(None, None), (False, None), (True, MARCH)])
def test_so_is_airflow(launcher: Launcher, allowed: bool | None, expected: Range | None) -> None:
    launcher.airflow(*MARCH_DATA)

    assert expected == scheduled(allowed, now=NOW)


def test_an_interval_set_in_the_program_counts_the_same(launcher: Launcher) -> None:
    dlt.current.interval.set(MARCH_DATA)

    assert scheduled(True, now=NOW) == MARCH
    assert scheduled(None, now=NOW) is None


def test_where_nothing_schedules_there_is_no_range(launcher: Launcher) -> None:
    assert scheduled(True, now=NOW) is None


def test_a_run_started_by_hand_has_no_range(launcher: Launcher) -> None:
    launcher.variables(MARCH_BOUNDS[0], MARCH_BOUNDS[0])

    assert scheduled(True, now=NOW) is None


def test_the_time_zone_of_a_scheduler_moves_nothing(launcher: Launcher) -> None:
    launcher.variables(*MARCH_BOUNDS, DLT_INTERVAL_TIMEZONE="Europe/Berlin")

    assert scheduled(True, now=NOW) == MARCH


def test_an_interval_that_is_not_over_ends_now(launcher: Launcher) -> None:
    launcher.variables("2026-06-01", "2026-07-01")

    assert Range(instant("2026-06-01"), NOW) == scheduled(True, now=NOW)


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        (
            {"start": "soon", "end": "2026-04-01"},
            "is unreadable (DLT_INTERVAL_START='soon', DLT_INTERVAL_END='2026-04-01'): ",
        ),
        (
            {"start": "2026-03-01", "end": "2026-04-01", "DLT_INTERVAL_TIMEZONE": "Berlin"},
            "is unreadable (DLT_INTERVAL_START='2026-03-01', DLT_INTERVAL_END='2026-04-01', "
            "DLT_INTERVAL_TIMEZONE='Berlin'): ",
        ),
        (
            {"start": "2026-03-01", "end": "9999-12-31T23:59:59-05:00"},
            "is unreadable (DLT_INTERVAL_START='2026-03-01', "
            "DLT_INTERVAL_END='9999-12-31T23:59:59-05:00'): ",
        ),
        (
            {"start": "1", "end": "2", "DLT_ALLOW_EXTERNAL_SCHEDULERS": "maybe"},
            "is unreadable (DLT_INTERVAL_START='1', DLT_INTERVAL_END='2', "
            "DLT_ALLOW_EXTERNAL_SCHEDULERS='maybe'): ",
        ),
        (
            {"start": "2026-04-01", "end": "2026-03-01"},
            "from 2026-04-01T00:00:00Z to 2026-03-01T00:00:00Z ends before it begins",
        ),
        (
            {"start": "2026-07-01", "end": "2026-08-01"},
            "from 2026-07-01T00:00:00Z to 2026-08-01T00:00:00Z begins in the future",
        ),
    ],
)
def test_a_wrong_interval_is_quoted_with_its_variables(
    launcher: Launcher, variables: dict[str, str], message: str
) -> None:
    launcher.variables(**variables)

    with pytest.raises(ConfigurationError) as caught:
        scheduled(True, now=NOW)

    assert caught.value.message.startswith(f"the scheduler's interval {message}")
    assert caught.value.advice == SCHEDULER_ADVICE
