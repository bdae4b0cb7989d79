"""The whole life of a session, written at its birth and acted out as the clock moves."""

from dataclasses import dataclass
from typing import Any

from .dice import Dice, Weighted
from .families import Families, Link
from .fates import career
from .moments import Moment
from .outputs import structured_output
from .people import Organisation
from .pull_requests import PullRequests
from .rhythm import DAY
from .rows import PREFIX, app_url
from .tags import tagging
from .titles import title
from .vocabulary import (
    CATEGORY_WEIGHTS,
    DEVIN_MODES,
    ORIGIN_WEIGHTS,
    OTHER_SUBCATEGORY,
    SUBCATEGORIES,
)

_MACHINES = frozenset({"api", "automation", "code_scan"})
_ANCIENT = frozenset({"origin", "category", "subcategory", "status_detail", "is_archived"})
# How complete rows are: rows of an older server lack fields, lean ones leave out every null, and
# newer ones carry fields that the contract does not know.
_SHAPES = Weighted({"plain": 54.0, "newer": 28.0, "lean": 10.0, "ancient": 8.0})
_ARCHIVED_ODDS = 0.1

_PUSH = 4  # claimed, started and three reports of progress later, there is something to push


@dataclass(slots=True)
class Story:
    """A session's birth and everything that will happen to it.

    Attributes:
        session_id: Its id, 32 hex digits.
        born: When it is created, in epoch seconds.
        item: What the API shows of it at that moment.
        moments: Its changes; those of the same field are in order.
        listed_by: Id of the parent that lists it as a child, if one does.
        schedule_id: The schedule that started it, which no item shows.
    """

    session_id: str
    born: int
    item: dict[str, Any]
    moments: list[Moment]
    listed_by: str | None
    schedule_id: str | None


class Storyteller:
    """Writes the stories of one organisation, in the order its sessions are born.

    Args:
        organisation: Who and what the stories are about.
    """

    def __init__(self, organisation: Organisation) -> None:
        self._organisation = organisation
        self._families = Families()
        self._pulls = PullRequests(organisation.repositories)

    def tell(self, born: int, dice: Dice) -> Story:
        """Write the story of a session born at that time."""
        session_id = dice.token(32)
        link = self._families.join(session_id, born, dice)
        tags, *later_tags = tagging(born, dice)
        item = self._opening(session_id, born, link, dice) | tags.fields
        moments = [*self._work(born, dice), *later_tags, *_paperwork(born, item, dice)]
        item, moments = _shaped(item, moments, dice.draw(_SHAPES), self._extras(item, dice))
        scheduled = item.get("origin") == "automation" and dice.chance(0.6)
        schedule_id = dice.pick(self._organisation.schedules) if scheduled else None
        return Story(session_id, born, item, moments, link.listed_by, schedule_id)

    def _opening(self, session_id: str, born: int, link: Link, dice: Dice) -> dict[str, Any]:
        origin = dice.draw(ORIGIN_WEIGHTS)
        playbooks = self._organisation.playbooks
        return {
            "session_id": PREFIX + session_id if dice.chance(0.01) else session_id,
            "url": app_url(session_id),
            "status": "new",
            "status_detail": None,
            "title": title(dice) if dice.chance(0.2) else None,
            "tags": [],
            "org_id": self._organisation.org_id,
            **self._principal(origin, dice),
            "created_at": born,
            "updated_at": born,
            "acus_consumed": 0,
            "pull_requests": [],
            "origin": origin if dice.chance(0.98) else None,
            "category": None,
            "subcategory": None,
            "playbook_id": dice.favour(playbooks) if dice.chance(0.25) else None,
            "parent_session_id": link.named_by_child,
            "child_session_ids": [] if dice.chance(0.3) else None,
            "is_archived": False,
            "structured_output": None,
        }

    def _principal(self, origin: str, dice: Dice) -> dict[str, str | None]:
        if dice.chance(0.02):
            return {"user_id": None, "service_user_id": None}  # the account is gone
        if origin in _MACHINES and dice.chance(0.85):
            machine = dice.favour(self._organisation.service_users)
            return {"user_id": None, "service_user_id": machine}
        return {"user_id": dice.favour(self._organisation.users), "service_user_id": None}

    def _work(self, born: int, dice: Dice) -> list[Moment]:
        steps = career(born, dice)
        if len(steps) <= _PUSH:
            return steps
        return [*steps, *self._pulls.of_session(steps[_PUSH].at, dice)]

    def _extras(self, item: dict[str, Any], dice: Dice) -> dict[str, Any]:
        automated = item["origin"] == "automation"
        automation_id = dice.pick(self._organisation.automations) if automated else None
        return {"automation_id": automation_id, "devin_mode": dice.pick((*DEVIN_MODES, None))}


def _paperwork(born: int, item: dict[str, Any], dice: Dice) -> list[Moment]:
    """What the service adds on its own: a title, a category, an output, the archive."""
    moments = []
    if item["title"] is None and dice.chance(0.95):
        moments.append(Moment(born + dice.between(20, 90), {"title": title(dice)}))
    if dice.chance(0.85):
        moments.append(Moment(born + dice.between(600, 7200), _classified(dice)))
    if item["playbook_id"] and dice.chance(0.4):
        output = {"structured_output": structured_output(dice)}
        moments.append(Moment(born + dice.between(1200, 9000), output))
    if dice.chance(_ARCHIVED_ODDS):
        moments.append(Moment(born + dice.seconds(DAY, 20 * DAY), {"is_archived": True}))
    return moments


def _classified(dice: Dice) -> dict[str, str]:
    category = dice.draw(CATEGORY_WEIGHTS)
    names = SUBCATEGORIES.get(category, (OTHER_SUBCATEGORY,))
    return {"category": category, "subcategory": dice.pick(names)}


def _shaped(
    item: dict[str, Any], moments: list[Moment], shape: str, extras: dict[str, Any]
) -> tuple[dict[str, Any], list[Moment]]:
    if shape == "newer":
        return item | extras, moments
    if shape == "lean":
        return {key: value for key, value in item.items() if value is not None}, moments
    if shape == "ancient":
        kept = [moment._replace(fields=_without(moment.fields, _ANCIENT)) for moment in moments]
        return _without(item, _ANCIENT), kept
    return item, moments


def _without(fields: dict[str, Any], unknown: frozenset[str]) -> dict[str, Any]:
    return {key: value for key, value in fields.items() if key not in unknown}
