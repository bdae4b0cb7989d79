"""The tags of a session over time: put on at the start, added later, taken off again."""

from .dice import Dice, Weighted
from .moments import Moment
from .rhythm import DAY, HOUR

_TRIAGE = "needs-triage"
_TAGS = (
    "team:payments",
    "team:web",
    "team:data",
    "team:platform",
    "urgent",
    "Q2 OKR",
    "tech-debt",
    "customer/acme & co",
    "red, amber",
    "緊急",
    "sécurité",
    "🔥",
)
_COUNTS = Weighted({0: 42.0, 1: 26.0, 2: 14.0, 3: 6.0})
_TRIAGE_ODDS = 0.12
_SOLVED_ODDS = 0.6
_ADDED_ODDS = 0.12
_REMOVED_ODDS = 0.12
_LATER = (HOUR, 12 * DAY)


def tagging(born: int, dice: Dice) -> list[Moment]:
    """The tags of a session created at `born`: the first moment is the start itself."""
    if dice.chance(_TRIAGE_ODDS):
        return _triage(born, dice)
    tags = list(dict.fromkeys(dice.pick(_TAGS) for _ in range(dice.draw(_COUNTS))))
    history = [_tagged(born, tags)]
    if dice.chance(_ADDED_ODDS):
        tags = list(dict.fromkeys([*tags, dice.pick(_TAGS)]))
        history.append(_tagged(born + dice.seconds(60, HOUR), tags))
    if tags and dice.chance(_REMOVED_ODDS):
        history.append(_tagged(history[-1].at + dice.seconds(*_LATER), tags[1:]))
    return history


def _triage(born: int, dice: Dice) -> list[Moment]:
    """A tag that asks for attention and is taken off, leaving nothing, once someone looked."""
    history = [_tagged(born, [_TRIAGE])]
    if dice.chance(_SOLVED_ODDS):
        history.append(_tagged(born + dice.seconds(HOUR, 4 * DAY), []))
    return history


def _tagged(at: int, tags: list[str]) -> Moment:
    return Moment(at, {"tags": tags})
