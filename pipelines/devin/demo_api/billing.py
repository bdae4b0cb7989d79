"""Billing days and billing cycles; both begin at midnight PST, which is 08:00 UTC all year."""

from datetime import UTC, datetime
from typing import NamedTuple

from .rhythm import DAY, HOUR

_BEGINS = 8 * HOUR
_FIRST_OF_CYCLE = 15  # day of the month
_MONTHS = 12


class Cycle(NamedTuple):
    """A billing cycle: it includes the second `after`, and not the second `before`."""

    after: int
    before: int


def billing_day(at: int) -> int:
    """The first second of the billing day that a moment falls into."""
    return (at - _BEGINS) // DAY * DAY + _BEGINS


def billing_days(begin: int, end: int) -> range:
    """The first seconds of the billing days that begin in a half-open span."""
    return range(billing_day(begin - 1) + DAY, end, DAY)


def cycle_of(at: int) -> Cycle:
    """The cycle that a moment falls into."""
    day = datetime.fromtimestamp(at - _BEGINS, UTC)
    month = day.year * _MONTHS + day.month - 1 - (day.day < _FIRST_OF_CYCLE)
    return Cycle(_begin(month), _begin(month + 1))


def cycles(begin: int, now: int) -> list[Cycle]:
    """The cycles from the one of `begin` to the one of `now`, newest first."""
    found = [cycle_of(now)]
    while found[-1].after > begin:
        found.append(cycle_of(found[-1].after - 1))
    return found


def _begin(month: int) -> int:
    first = datetime(month // _MONTHS, month % _MONTHS + 1, _FIRST_OF_CYCLE, tzinfo=UTC)
    return int(first.timestamp()) + _BEGINS
