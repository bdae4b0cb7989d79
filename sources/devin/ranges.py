"""Ranges of `created_at` to be loaded again: as people write them, and as schedulers set them.

A date is the first moment of that day where the reader is, so daylight saving matters here, and
nowhere else: everything behind a `Range` counts epoch seconds. Nothing here does any I/O, but to
look at the time zone database and the environment.
"""

import os
from bisect import bisect_left
from datetime import UTC, date, datetime, time
from difflib import get_close_matches
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo, available_timezones

from dlt.common.configuration.container import Container
from dlt.extract.incremental.context import TimeIntervalContext

from .errors import ConfigurationError
from .settings import duration, instant

FIRST = 1_704_067_200
"""2024-01-01: no session is older than the product."""

_DATES = "a date (2026-03-01), an instant (2026-03-01T08:00:00Z) or epoch seconds"
_SCHEDULER = (
    "DLT_INTERVAL_START",
    "DLT_INTERVAL_END",
    "DLT_INTERVAL_TIMEZONE",
    "DLT_ALLOW_EXTERNAL_SCHEDULERS",
)
_SCHEDULER_ADVICE = (
    "Correct DLT_INTERVAL_START, DLT_INTERVAL_END and DLT_INTERVAL_TIMEZONE, or what Airflow has "
    "for an interval; set DLT_ALLOW_EXTERNAL_SCHEDULERS to false for a sync without one."
)


class Range(NamedTuple):
    """A span of `created_at`, half open.

    Attributes:
        begin: Sessions created at or after this are in it, epoch seconds.
        end: Sessions created before this are.
    """

    begin: int
    end: int

    def __str__(self) -> str:
        return f"{_text(self.begin)} to {_text(self.end)}"


def read_range(begin: Any, end: Any, *, time_zone: str = "UTC", now: int) -> Range:
    """The range between two dates or moments.

    Args:
        begin: Where it begins: a date, an ISO 8601 instant, or epoch seconds.
        end: Where it ends, not part of it: the day after the last one, in the same forms.
        time_zone: Where days begin, and what an instant without an offset means: an IANA name.
        now: Epoch seconds.

    Returns:
        The range as far as there can be sessions in it.
        So an end in the future is now: the current month can be loaded again before it is over.

    Raises:
        ConfigurationError: Something is unreadable, or no session can be in the range.
    """
    zone = _zone(time_zone)
    first, last = _read("begin", begin, zone), _read("end", end, zone)
    return _possible(Range(first, last), now, f"the range from {begin} to {end}")


def last(text: Any, *, now: int) -> Range:
    """The range of this long up to now.

    Args:
        text: A duration such as `12h`, `30d` or `2w`.
        now: Epoch seconds.

    Raises:
        ConfigurationError: It is not a duration, or no time at all.
    """
    advice = "Write a number and a unit, such as 12h, 30d or 2w."
    try:
        seconds = duration(text)
    except ValueError as error:
        raise ConfigurationError(f"the range is unreadable: {error}", advice) from None
    begin = int(max(now - seconds, FIRST))
    if begin >= now:
        raise ConfigurationError(f"the range of the last {text} is empty", advice)
    return Range(begin, now)


def scheduled(allowed: bool | None, *, now: int) -> Range | None:
    """The interval that dlt's external scheduler sets: its variables, or Airflow's data interval.

    It counts only where somebody opted in, by the switches of dlt's own incremental: Airflow gives
    every task an interval, and each would be a backfill instead of a sync, without a word.

    Args:
        allowed: Whether it counts; None to leave it to `DLT_ALLOW_EXTERNAL_SCHEDULERS`.
        now: Epoch seconds.

    Returns:
        The range; None where there is none, or it does not count.
        An interval without length is none: dlt gives it to runs that somebody started by hand.

    Raises:
        ConfigurationError: The interval is unreadable, or no session can be in it.
    """
    try:
        context = Container()[TimeIntervalContext]
        opted_in = context.allow_external_schedulers if allowed is None else allowed
        interval = context.interval if opted_in else None
    except (ValueError, OverflowError) as error:
        message = f"the scheduler's interval is unreadable ({_variables()}): {error}"
        raise ConfigurationError(message, _SCHEDULER_ADVICE) from None
    if interval is None:
        return None
    found = Range(instant(interval[0]), instant(interval[1]))
    if found.begin == found.end:
        return None
    return _possible(found, now, f"the scheduler's interval from {found}", _SCHEDULER_ADVICE)


def moment(value: Any, zone: ZoneInfo) -> int:
    """Epoch seconds like `settings.instant`, but a date or time without an offset is the zone's.

    One that clocks skip is the first moment after it, one that comes twice is the first.

    Raises:
        ValueError: It is no date, instant or number.
    """
    wall = _wall(value)
    if wall is None:
        return instant(value)
    by_old_offset, by_new_offset = _epoch(wall, zone, 0), _epoch(wall, zone, 1)
    if by_old_offset <= by_new_offset:
        return by_old_offset
    # Skipped: the clocks changed between the two.
    between = range(by_new_offset, by_old_offset)
    return by_new_offset + bisect_left(between, wall, key=lambda at: _clock(at, zone))


def _variables() -> str:
    return ", ".join(f"{name}={os.environ[name]!r}" for name in _SCHEDULER if name in os.environ)


def _wall(value: Any) -> datetime | None:
    """What a clock shows at a date or time without an offset; None for anything else."""
    if isinstance(value, str):
        try:
            value = None if value.strip().isdecimal() else datetime.fromisoformat(value.strip())
        except ValueError:
            return None
    if isinstance(value, date) and not isinstance(value, datetime):
        value = datetime.combine(value, time())
    return value if isinstance(value, datetime) and value.tzinfo is None else None


def _epoch(wall: datetime, zone: ZoneInfo, fold: int) -> int:
    return int(wall.replace(tzinfo=zone, fold=fold).timestamp())


def _clock(at: int, zone: ZoneInfo) -> datetime:
    return datetime.fromtimestamp(at, zone).replace(tzinfo=None)


def _zone(name: str) -> ZoneInfo:
    """The zone of this name, as the database spells it: `ZoneInfo` opens any file, or fails to."""
    known = available_timezones()
    if name in known:
        return ZoneInfo(name)
    spelled = {key.casefold(): key for key in known}
    close = [spelled[key] for key in get_close_matches(name.strip().casefold(), spelled)]
    hint = f"Did you mean {' or '.join(close)}? " if close else ""
    raise ConfigurationError(
        f"{name!r} is not a time zone", f"{hint}Write an IANA name such as Europe/Berlin or UTC."
    )


def _read(edge: str, value: Any, zone: ZoneInfo) -> int:
    try:
        return moment(value, zone)
    except ValueError as error:
        message = f"the {edge} of the range is unreadable: {error}"
        raise ConfigurationError(message, f"Write {_DATES}.") from None


def _possible(found: Range, now: int, subject: str, advice: str | None = None) -> Range:
    """The part of a range that can hold sessions."""
    if problem := _problem(found, now):
        raise ConfigurationError(f"{subject} {problem[0]}", advice or problem[1])
    return Range(max(found.begin, FIRST), min(found.end, now))


def _problem(found: Range, now: int) -> tuple[str, str] | None:
    """Why no session can be in a range, and what to write instead."""
    if found.begin > found.end:
        return "ends before it begins", "Write the earlier one first."
    if found.begin == found.end:
        return "is empty", "Write an end that is later: for one day, the day after."
    if found.end <= FIRST:
        return (
            "ends before there was a Devin",
            "Write an end after 2024-01-01; a plain number is epoch seconds.",
        )
    if found.begin >= now:
        return "begins in the future", f"Write a begin before now, {_text(now)}."
    return None


def _text(epoch: int) -> str:
    return f"{datetime.fromtimestamp(epoch, UTC):%Y-%m-%dT%H:%M:%SZ}"
