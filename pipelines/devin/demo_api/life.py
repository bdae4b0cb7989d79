"""An organisation as it lives: its past when a world is built, and each hour that follows."""

from collections.abc import Iterator
from dataclasses import dataclass

from .dice import Dice
from .people import found
from .rhythm import Rhythm
from .story import Story, Storyteller


@dataclass(frozen=True)
class Past:
    """How much history a world starts with.

    Attributes:
        seed: Decides everything that is left to chance.
        start: Its first moment, in epoch seconds.
        now: Its last moment, in epoch seconds.
    """

    seed: int
    start: int
    now: int


class Life:
    """The sessions of one organisation, in the order they are born.

    Args:
        org_id: The organisation.
        sessions: How many sessions its past holds.
        past: From when to when that past lasts.
        metered: Whether it pays by the ACU. On a quota plan, sessions read 0 whatever they do.

    Attributes:
        organisation: Who and what its sessions are about.
        metered: As given.
    """

    def __init__(self, org_id: str, sessions: int, past: Past, *, metered: bool = True) -> None:
        self.metered = metered
        self._key = (past.seed, org_id)
        self._sessions = sessions
        self._rhythm = Rhythm(org_id, past.seed, past.start, past.now)
        self.organisation = found(org_id, sessions, Dice(*self._key, "people"))
        self._teller = Storyteller(self.organisation)

    def past(self) -> Iterator[Story]:
        """The stories of the past; to be read first and once."""
        dice = Dice(*self._key, "past")
        for born in self._rhythm.history(self._sessions, dice):
            yield self._tell(born, dice)

    def hour(self, hour: int) -> Iterator[Story]:
        """The stories that begin in the hour from `hour` (epoch seconds) on."""
        dice = Dice(*self._key, hour)
        for born in self._rhythm.arrivals(hour, dice):
            yield self._tell(born, dice)

    def _tell(self, born: int, dice: Dice) -> Story:
        story = self._teller.tell(born, dice)
        if not self.metered:
            story.moments = [
                moment._replace(fields=moment.fields | {"acus_consumed": 0})
                for moment in story.moments
            ]
        return story
