"""When a client asks again, and after how long."""

from datetime import UTC, datetime, timedelta, timezone
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sources.devin.retry import RetryPolicy, http_date, is_retried, retry_after, wall_clock
from tests.support.sessions import NOON

from .conftest import http_time

SECONDS = st.floats(0, 1e6)


def highest(_low: float, high: float) -> float:
    return high


@given(failures=st.integers(1, 10**6), base=SECONDS, cap=SECONDS)
def test_no_wait_is_longer_than_its_cap_or_its_exponential_share(
    failures: int, base: float, cap: float
) -> None:
    policy = RetryPolicy(base=base, cap=cap)
    most = min(cap, base * 2 ** min(failures - 1, 32))

    assert most == policy.backoff(failures, highest)
    assert 0 <= policy.backoff(failures) <= most


def test_waits_double_up_to_the_cap() -> None:
    policy = RetryPolicy(base=1.0, cap=30.0)

    assert [policy.backoff(failures, highest) for failures in range(1, 9)] == [
        1.0,
        2.0,
        4.0,
        8.0,
        16.0,
        30.0,
        30.0,
        30.0,
    ]


def test_a_wait_is_drawn_from_all_of_its_span() -> None:
    drawn: list[tuple[float, float]] = []

    def draw(low: float, high: float) -> float:
        drawn.append((low, high))
        return 0.25

    assert RetryPolicy().backoff(3, draw) == 0.25
    assert drawn == [(0.0, 4.0)]


def test_by_default_waits_differ() -> None:
    assert len({RetryPolicy().backoff(6) for _ in range(20)}) > 1


def test_only_server_errors_and_three_others_are_asked_again() -> None:
    expected = [408, 425, 429, *range(500, 600)]

    assert expected == [status for status in range(100, 600) if is_retried(status)]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, None),
        ("", None),
        ("0", 0.0),
        ("120", 120.0),
        (" 7 ", 7.0),
        ("1.5", 1.5),
        ("86400", 86400.0),
        ("-3", 0.0),
        ("inf", None),
        ("-inf", None),
        ("nan", None),
        ("1e999", None),
        ("soon", None),
        ("12 s", None),
        (http_time(NOON + 90), 90.0),
        (http_time(NOON), 0.0),
        (http_time(NOON - 90), 0.0),
        ("Thu, 01 Jan 2026 13:00:00 +0000", 3600.0),
        ("Thu, 32 Jan 2026 13:00:00 GMT", None),
    ],
)
def test_retry_after_is_read_as_seconds_or_as_a_date(
    value: str | None, expected: float | None
) -> None:
    assert expected == retry_after(value, NOON)


@pytest.mark.parametrize(
    "value",
    [
        "Sun, 06 Nov 1994 08:49:37 GMT",
        "Sunday, 06-Nov-94 08:49:37 GMT",
        "Sun Nov  6 08:49:37 1994",
        "Sun, 06 Nov 1994 08:49:37 -0000",
        "Sun, 06 Nov 1994 09:49:37 +0100",
    ],
)
def test_an_http_date_is_read_in_each_form_it_may_have(value: str, in_new_york: None) -> None:
    assert http_date(value) == 784_111_777


@pytest.mark.parametrize("value", [None, "", " ", "now", "1700000000", "2026-01-01T12:00:00Z"])
def test_what_is_no_http_date_is_none(value: str | None) -> None:
    assert http_date(value) is None


@given(
    st.datetimes(datetime(1970, 1, 2), datetime(9999, 12, 30)),  # noqa: DTZ001 - given a zone below
    st.integers(-14 * 60, 14 * 60),
)
def test_any_moment_survives_as_an_http_date(moment: datetime, offset: int) -> None:
    zoned = moment.replace(microsecond=0, tzinfo=timezone(timedelta(minutes=offset)))

    assert int(zoned.timestamp()) == http_date(format_datetime(zoned))


DATE_PARTS = st.sampled_from(
    ["Sun,", "06", "Nov", "1994", "08:49:37", "GMT", "+0100", "-", ":", "9" * 20, "9" * 5000, "0"]
)


@given(st.text() | st.lists(DATE_PARTS, max_size=7).map(" ".join))
def test_no_header_can_break_the_reader_of_dates(value: str) -> None:
    assert isinstance(http_date(value), int | None)


@pytest.mark.parametrize(
    "value",
    [
        f"Sun, 06 Nov 1994 {'9' * 20}:00:00 GMT",
        f"Sun, 06 Nov {'9' * 20} 08:49:37 GMT",
        f"Sun, 06 Nov 1994 08:49:37 +{'9' * 20}",
    ],
)
def test_a_date_beyond_all_numbers_is_no_date(value: str) -> None:
    assert http_date(value) is None
    assert retry_after(value, NOON) is None


def test_the_wall_clock_is_this_machines_in_utc() -> None:
    assert abs(datetime.now(UTC).timestamp() - wall_clock()) < 5
