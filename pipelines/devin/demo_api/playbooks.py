"""Playbooks: what sessions are told to do, written once and used often."""

from typing import Any

from starlette.requests import Request

from .access import ENTERPRISE, ORGANIZATION, Access
from .dice import Dice
from .pages import PageQuery, page
from .query import parse
from .rhythm import DAY
from .roster import Roster

_TITLES = (
    "Fix a flaky test",
    "Upgrade a dependency",
    "Triage a bug report",
    "Review a pull request",
    "Write release notes",
    "Migrate a service — step by step",
    "Add tests to a module",
    "On-call <first look>",
    "依存関係の更新",
)
_SHARED_EACH = 4  # of so many playbooks of an organisation, the last is the enterprise's
_MACRO_ODDS = 0.4
_SCHEMA = {"type": "object", "properties": {"ok": {"type": "boolean"}}}

Playbook = dict[str, Any]


class Playbooks:
    """Lists playbooks.

    Args:
        access: Who may read them.
        roster: Which there are.
    """

    def __init__(self, access: Access, roster: Roster) -> None:
        self._access = access
        self._world = access.world
        self._roster = roster
        self.routes = [
            access.route(f"{ORGANIZATION}/playbooks", "ManageOrgPlaybooks", self.of_organization),
            access.route(f"{ENTERPRISE}/playbooks", "ManageAccountPlaybooks", self.of_enterprise),
        ]

    def of_organization(self, request: Request) -> dict[str, Any]:
        """A page of those an organisation may use, its own and the enterprise's."""
        return self._page(request, self._playbooks(request.path_params["org_id"]))

    def of_enterprise(self, request: Request) -> dict[str, Any]:
        """A page of those that belong to no organisation."""
        every = [one for org_id in self._world.org_ids for one in self._playbooks(org_id)]
        return self._page(request, [one for one in every if one["access_type"] == "enterprise"])

    def _page(self, request: Request, found: list[Playbook]) -> dict[str, Any]:
        query = parse(request.query_params.multi_items(), PageQuery)
        return page(found, query, self._access.settings.totals)

    def _playbooks(self, org_id: str) -> list[Playbook]:
        ids = self._roster.of(org_id).playbooks
        return [self._playbook(place, ids[place], org_id) for place in range(len(ids))]

    def _playbook(self, place: int, playbook_id: str, org_id: str) -> Playbook:
        dice = Dice("playbook", playbook_id)
        shared = place % _SHARED_EACH == _SHARED_EACH - 1
        title = _TITLES[place % len(_TITLES)]
        created_at = self._world.past.start - dice.between(1, 300) * DAY
        people = self._world.cast(org_id).users
        return {
            "playbook_id": playbook_id,
            "title": title,
            "body": f"# {title}\n\n1. Look first.\n2. Change little.\n3. Say what you did.",
            "macro": f"!step_{place + 1}" if dice.chance(_MACRO_ODDS) else None,
            "access_type": "enterprise" if shared else "org",
            "org_id": None if shared else org_id,
            "created_by": dice.favour(people),
            "updated_by": dice.favour(people),
            "created_at": created_at,
            "updated_at": created_at + dice.between(0, 60) * DAY,
            "structured_output_schema": _SCHEMA if dice.chance(_MACRO_ODDS) else None,
        }
