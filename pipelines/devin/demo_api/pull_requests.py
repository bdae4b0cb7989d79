"""The pull requests of an organisation: opened by sessions, sometimes shared, later closed."""

from bisect import bisect_right
from collections import deque
from collections.abc import Sequence
from typing import NamedTuple

from .dice import Dice, Weighted
from .hosts import Repository
from .moments import Moment
from .rhythm import DAY, HOUR

_COUNTS = Weighted({0: 48.0, 1: 40.0, 2: 8.0, 3: 3.0, 5: 1.0})
_ENDS: Weighted[str] = Weighted({"merged": 66.0, "closed": 14.0, "open": 20.0})
_REVIEW = (0.5 * HOUR, 12 * DAY)
_DRAFT_ODDS = 0.1
_UNKNOWN_ODDS = 0.03
_SHARED_ODDS = 0.05
_QUIET_ODDS = 0.5
_RECENT = 16


class PullRequest(NamedTuple):
    """A pull request and its whole life.

    Attributes:
        url: Its address.
        times: When its state changed, in epoch seconds, in order; the first is when it opened.
        states: The state from each of these times on; None where the host has not told.
    """

    url: str
    times: tuple[int, ...]
    states: tuple[str | None, ...]

    def seen(self, at: int) -> dict[str, str | None] | None:
        """What the API shows of it at a time, or None before it was opened."""
        known = bisect_right(self.times, at)
        return {"pr_url": self.url, "pr_state": self.states[known - 1]} if known else None


class PullRequests:
    """Opens pull requests in the repositories of one organisation.

    Args:
        repositories: Where; the first ones are the busiest.
    """

    def __init__(self, repositories: Sequence[Repository]) -> None:
        self._numbered = [(repository, [0]) for repository in repositories]
        self._recent: deque[PullRequest] = deque(maxlen=_RECENT)

    def of_session(self, opened: int, dice: Dice) -> list[Moment]:
        """The pull requests of a session that pushes its work at `opened`, as they change."""
        pulls = [self._one(opened, dice) for _ in range(dice.draw(_COUNTS))]
        times = sorted({max(opened, time) for pull in pulls for time in pull.times})
        return [
            Moment(at, _shown(pulls, at), bumps=at == times[0] or not dice.chance(_QUIET_ODDS))
            for at in times
        ]

    def _one(self, opened: int, dice: Dice) -> PullRequest:
        if self._recent and dice.chance(_SHARED_ODDS):
            return dice.pick(self._recent)
        self._recent.append(self._open(opened, dice))
        return self._recent[-1]

    def _open(self, opened: int, dice: Dice) -> PullRequest:
        repository, last_number = dice.favour(self._numbered)
        last_number[0] += dice.between(1, 3)  # people open pull requests in between
        times, states = _history(opened, dice)
        return PullRequest(
            repository.pull(last_number[0]),
            times,
            tuple(state.upper() if state and repository.shouts else state for state in states),
        )


def _history(opened: int, dice: Dice) -> tuple[tuple[int, ...], tuple[str | None, ...]]:
    if dice.chance(_UNKNOWN_ODDS):
        return (opened,), (None,)
    first = "draft" if dice.chance(_DRAFT_ODDS) else "open"
    end = dice.draw(_ENDS)
    if end == "open":
        return (opened,), (first,)
    return (opened, opened + dice.seconds(*_REVIEW)), (first, end)


def _shown(pulls: Sequence[PullRequest], at: int) -> dict[str, list[dict[str, str | None]]]:
    # A session may pick the same recent pull request twice; it lists it once.
    seen = {pull.url: shown for pull in pulls if (shown := pull.seen(at))}
    return {"pull_requests": list(seen.values())}
