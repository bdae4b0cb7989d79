"""When sessions start: working hours, quiet weekends, growing use and incident days."""

from bisect import bisect_right
from datetime import UTC, datetime
from itertools import accumulate

from .dice import Dice

HOUR = 3600
DAY = 24 * HOUR

_SATURDAY = 5
_WEEKEND = 0.12
_NIGHT = 0.06
# Two sites: Europe from 7:00 to 16:00 UTC and, with fewer people, America until 23:00 UTC.
_EUROPE = (0.5, 0.9, 1.0, 1.0, 0.8, 0.7, 1.0, 1.1, 1.0)
_AMERICA = (0.6, 0.6, 0.6, 0.6, 0.4, 0.3, 0.2)
_BY_HOUR = (*[_NIGHT] * 7, *_EUROPE, *_AMERICA, _NIGHT)
_INCIDENT_ODDS = 0.05
_INCIDENT_HOURS = 3
_INCIDENT_WEIGHT = 6.0
_BATCH_ODDS = 0.05


class Rhythm:
    """How busy each hour of one organisation is.

    Args:
        org_id: The organisation.
        seed: The seed of the world.
        start: First moment of its history, in epoch seconds.
        now: Last moment of its history; use grows from `start` until then and stays.

    Raises:
        ValueError: `start` is not before `now`.
    """

    def __init__(self, org_id: str, seed: int, start: int, now: int) -> None:
        if start >= now:
            raise ValueError(f"a history must start before it ends: {start} >= {now}")
        self._key = (seed, org_id)
        self._start = start
        self._now = now
        self._hours = range(start, now, HOUR)
        self._bounds = tuple(accumulate(self._weight(hour) for hour in self._hours))
        self._per_weight = 0.0

    def history(self, count: int, dice: Dice) -> list[int]:
        """Exactly `count` starting times between `start` and `now`, in order."""
        self._per_weight = count / self._bounds[-1]
        return _batched([self._moment(dice) for _ in range(count)], dice)

    def arrivals(self, hour: int, dice: Dice) -> list[int]:
        """Starting times in the hour from `hour` on, at the pace of the history, in order."""
        expected = self._per_weight * self._weight(hour)
        count = int(expected) + dice.chance(expected % 1)
        return _batched([hour + dice.between(0, HOUR - 1) for _ in range(count)], dice)

    def _moment(self, dice: Dice) -> int:
        place = bisect_right(self._bounds, dice.upto(self._bounds[-1]))
        hour = self._hours[min(place, len(self._hours) - 1)]
        return min(hour + dice.between(0, HOUR - 1), self._now)

    def _weight(self, hour: int) -> float:
        moment = datetime.fromtimestamp(hour, UTC)
        weekend = _WEEKEND if moment.weekday() >= _SATURDAY else 1.0
        incident = _INCIDENT_WEIGHT if hour // HOUR in self._incident(hour // DAY) else 1.0
        grown = min(1.0, (hour - self._start) / max(1, self._now - self._start))
        return _BY_HOUR[moment.hour] * weekend * incident * (0.5 + grown)

    def _incident(self, day: int) -> range:
        """The hours (since the epoch) in which an incident of that day keeps everyone busy."""
        dice = Dice(*self._key, "incident", day)
        first = day * 24 + dice.between(6, 20)
        return range(first, first + _INCIDENT_HOURS * dice.chance(_INCIDENT_ODDS))


def _batched(times: list[int], dice: Dice) -> list[int]:
    """Times in order, some moved to the one before: scripts start several in one second."""
    ordered = sorted(times)
    for place in range(1, len(ordered)):
        if dice.chance(_BATCH_ODDS):
            ordered[place] = ordered[place - 1]
    return ordered
