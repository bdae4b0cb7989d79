"""What is burned without a session: on people's own machines, and by reviews of pull requests."""

from collections.abc import Iterator
from typing import NamedTuple

from .billing import Cycle, billing_days
from .dice import Dice
from .ledger import NOBODY, UNITS
from .rhythm import DAY, HOUR
from .world import World

REVIEW_SINCE = 1_777_622_400  # 2026-05-01T08:00:00Z; of the days before, nothing is told about it

_AGENT_ODDS = 0.3
_DAY_ODDS = 0.4
_TERMINAL_ODDS = 0.3
_CENT = UNITS // 100
_CENTS = (2, 120)
_REVIEW_CENTS = (5, 200)


class Burn(NamedTuple):
    """Some units of an ACU, burned by someone or `NOBODY` at one moment with one product."""

    at: int
    who: str
    product: str
    units: int


class LocalAgents:
    """Makes up what is burned without a session; what it once told, it tells again.

    Args:
        world: Whose people they are.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self._days: dict[tuple[str, int], tuple[Burn, ...]] = {}
        self._people: dict[str, tuple[str, ...]] = {}

    def burned(self, org_id: str, span: Cycle) -> Iterator[tuple[int, Burn]]:
        """What was burned until now on the billing days that begin in a span, with their start."""
        now = self._world.clock.now
        begin, end = max(span.after, self._world.past.start), min(span.before, now + 1)
        if not self._world.is_metered(org_id):
            return
        for day in billing_days(begin, end):
            for burn in self._day(org_id, day):
                if burn.at <= now:
                    yield day, burn

    def _day(self, org_id: str, day: int) -> tuple[Burn, ...]:
        if (org_id, day) not in self._days:
            self._days[org_id, day] = tuple(self._burns(org_id, day))
        return self._days[org_id, day]

    def _burns(self, org_id: str, day: int) -> Iterator[Burn]:
        dice = Dice(self._world.past.seed, "local", org_id, day)
        for who in self._with_agent(org_id):
            if dice.chance(_DAY_ODDS):
                product = "terminal" if dice.chance(_TERMINAL_ODDS) else "cascade"
                at = day + dice.between(0, 10 * HOUR)
                yield Burn(at, who, product, dice.seconds(*_CENTS) * _CENT)
        if day >= REVIEW_SINCE:
            at = day + dice.between(0, DAY - 1)
            yield Burn(at, NOBODY, "review", dice.seconds(*_REVIEW_CENTS) * _CENT)

    def _with_agent(self, org_id: str) -> tuple[str, ...]:
        if org_id not in self._people:
            people = self._world.cast(org_id).users
            some = (one for one in people if Dice("local", one).chance(_AGENT_ODDS))
            self._people[org_id] = tuple(some)
        return self._people[org_id]
