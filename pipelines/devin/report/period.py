"""Periods of billing days, and the one that is asked for."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from sources.devin.errors import ConfigurationError
from sources.devin.ranges import FIRST

USUAL = 90
"""Days up to now, where nobody says from when."""

_DAY = timedelta(days=1)


class PeriodUnclear(ConfigurationError):
    """No report can be made of the period that is asked for."""

    advice = "Name dates such as --from 2026-03-01 --to 2026-04-01; the second is not part of it."


@dataclass(frozen=True)
class Period:
    """Billing days one after another.

    Attributes:
        begin: The first one.
        end: The day after the last one.
        offset: Seconds from midnight UTC to the begin of a billing day.
    """

    begin: date
    end: date
    offset: int = 0

    @property
    def days(self) -> int:
        """How many there are."""
        return (self.end - self.begin).days

    @property
    def last(self) -> date:
        """The last one."""
        return self.end - _DAY

    @property
    def before(self) -> "Period":
        """The period of equal length just before."""
        return Period(self.begin - self.days * _DAY, self.begin, self.offset)

    @property
    def starts_at(self) -> datetime:
        """Its first moment."""
        return self._moment(self.begin)

    @property
    def ends_at(self) -> datetime:
        """The first moment after it."""
        return self._moment(self.end)

    def _moment(self, day: date) -> datetime:
        return datetime.combine(day, time(), UTC) + timedelta(seconds=self.offset)


def billing_day(moment: datetime, offset: int) -> date:
    """The billing day that a moment is part of.

    Args:
        moment: The moment.
        offset: Seconds from midnight UTC to the begin of a billing day.
    """
    return (moment.astimezone(UTC) - timedelta(seconds=offset)).date()


def asked_period(begin: str | None, end: str | None, as_of: datetime, offset: int) -> Period:
    """The period that somebody asks for, as far as there can be ACUs in it.

    Args:
        begin: Its first day; `USUAL` days before its end if not said.
        end: The day after its last one; that of `as_of` is the last if not said.
        as_of: As of when the warehouse is loaded.
        offset: Seconds from midnight UTC to the begin of a billing day.

    Raises:
        PeriodUnclear: A date is none, or there is no day between the two.
    """
    today = billing_day(as_of, offset)
    first = billing_day(datetime.fromtimestamp(FIRST, UTC), offset)
    until = today + _DAY if end is None else min(_day(end), today + _DAY)
    since = until - USUAL * _DAY if begin is None else max(_day(begin), first)
    if since > today:
        raise PeriodUnclear(f"{since} has not come yet: the warehouse is loaded as of {today}")
    if since >= until:
        raise PeriodUnclear(f"no day is both from {since} on and before {until}")
    return Period(since, until, offset)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        raise PeriodUnclear(f"{text!r} is not a date") from None
