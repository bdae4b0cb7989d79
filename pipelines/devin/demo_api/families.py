"""Sessions that start other sessions, and which side of the pair says so."""

from typing import NamedTuple

from .dice import Dice, Weighted
from .rhythm import HOUR

_COORDINATOR_ODDS = 0.04
_JOIN_ODDS = 0.6
_ORPHAN_ODDS = 0.003
_OPEN_FOR = 12 * HOUR
_SIDES: Weighted[tuple[bool, bool]] = Weighted(
    {(True, True): 80.0, (True, False): 10.0, (False, True): 10.0}
)


class Link(NamedTuple):
    """A child's tie to its parent.

    Attributes:
        named_by_child: The parent's id as the child declares it, if it does.
        listed_by: The parent that lists the child, if it does.
    """

    named_by_child: str | None = None
    listed_by: str | None = None


class Families:
    """Gives sessions of one organisation a parent, if one is looking for children."""

    def __init__(self) -> None:
        self._parent = ""
        self._places = 0
        self._until = 0

    def join(self, session_id: str, at: int, dice: Dice) -> Link:
        """Find the place of a session created at `at`; it may start a family of its own."""
        link = self._link(at, dice)
        if dice.chance(_COORDINATOR_ODDS):
            self._parent, self._places = session_id, dice.between(1, 8)
            self._until = at + _OPEN_FOR
        return link

    def _link(self, at: int, dice: Dice) -> Link:
        if dice.chance(_ORPHAN_ODDS):
            return Link(named_by_child=dice.token(32))  # its parent has been deleted
        if not self._places or at > self._until or not dice.chance(_JOIN_ODDS):
            return Link()
        self._places -= 1
        names, lists = dice.draw(_SIDES)
        return Link(self._parent if names else None, self._parent if lists else None)
