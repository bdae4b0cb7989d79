"""From the queue to the end: which statuses a session passes through and what it burns."""

from collections.abc import Iterator
from itertools import chain
from typing import NamedTuple

from .dice import Dice, Weighted
from .moments import Moment
from .rhythm import DAY, HOUR
from .vocabulary import NEWER_STATUS_DETAILS

_SLICES = 4  # how often a session reports what it burns while it works on one thing
_FREE_ODDS = 0.04
_ACUS_PER_HOUR = (0.7, 9.0)


class Step(NamedTuple):
    """A status, reached some seconds (least, most) after the one before."""

    status: str
    detail: str | None
    after: tuple[float, float]
    burns: bool = False


Fate = tuple[Step, ...]

_SHIFT = (300, 5 * HOUR)
_DAYS = (0.5 * DAY, 4 * DAY)

_CLAIMED = Step("claimed", None, (2, 60))
_WORKING = Step("running", "working", (5, 240), burns=True)
_STARTED: Fate = (_CLAIMED, _WORKING)
_FINISHED: Fate = (*_STARTED, Step("running", "finished", _SHIFT))
_ASKING: Fate = (*_STARTED, Step("running", "waiting_for_user", _SHIFT))
_ASLEEP: Fate = (*_ASKING, Step("suspended", "inactivity", (0.5 * HOUR, 6 * HOUR)))
_WAKING: Fate = (*_ASLEEP, Step("resuming", None, _DAYS))
_EXIT = Step("exit", None, _DAYS)


def _suspended(detail: str) -> Fate:
    return (*_STARTED, Step("suspended", detail, _SHIFT))


# Short fates are what got stuck: the queue, the machine or the human never moved again.
_FATES: Weighted[Fate] = Weighted(
    {
        (): 0.8,
        (_CLAIMED,): 0.8,
        _STARTED: 0.8,
        _FINISHED: 8.0,
        (*_FINISHED, _EXIT): 38.0,
        (*_STARTED, Step("exit", None, _SHIFT)): 8.0,
        _ASKING: 4.0,
        _ASLEEP: 9.0,
        _WAKING: 0.8,
        (*_WAKING, _WORKING, Step("running", "finished", _SHIFT), _EXIT): 8.0,
        (*_STARTED, Step("running", "waiting_for_approval", _SHIFT)): 2.0,
        (*_STARTED, Step("error", "error", _SHIFT)): 2.0,
        (*_STARTED, Step("error", None, _SHIFT)): 2.0,
        _suspended("user_request"): 3.0,
        _suspended("usage_limit_exceeded"): 1.5,
        _suspended("out_of_credits"): 1.0,
        _suspended("out_of_quota"): 1.0,
        _suspended("no_quota_allocation"): 1.0,
        _suspended("payment_declined"): 1.0,
        _suspended("org_usage_limit_exceeded"): 1.0,
        _suspended("total_session_limit_exceeded"): 1.0,
        _suspended("error"): 1.0,
        **{_suspended(detail): 1.0 for detail in NEWER_STATUS_DETAILS},
    }
)


def career(born: int, dice: Dice) -> list[Moment]:
    """Every status and ACU total of a session that was created at `born`, in order."""
    rate = 0.0 if dice.chance(_FREE_ODDS) else dice.spread(*_ACUS_PER_HOUR) / HOUR
    return list(chain.from_iterable(_steps(dice.draw(_FATES), born, rate, dice)))


def _steps(fate: Fate, moment: int, rate: float, dice: Dice) -> Iterator[list[Moment]]:
    acus, burning = 0.0, False
    for step in fate:
        wait = dice.seconds(*step.after)
        if burning:
            yield _burn(moment, wait, acus, rate)
            acus += wait * rate
        moment += wait
        status = {"status": step.status, "status_detail": step.detail}
        yield [Moment(moment, status | {"acus_consumed": _total(acus)})]
        burning = step.burns


def _burn(moment: int, wait: int, acus: float, rate: float) -> list[Moment]:
    spans = [wait * part // _SLICES for part in range(1, _SLICES)]
    return [Moment(moment + span, {"acus_consumed": _total(acus + span * rate)}) for span in spans]


def _total(acus: float) -> float | int:
    """The total as JSON shows it: a whole number has no decimal point."""
    total = round(acus, 2)
    return int(total) if total.is_integer() else total
