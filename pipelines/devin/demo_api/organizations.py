"""The organisations of the enterprise and the ACUs they may use."""

from typing import Any

from starlette.requests import Request

from .access import ENTERPRISE, Access
from .dice import Dice
from .limits import Limits
from .pages import PageQuery, page
from .query import parse
from .rhythm import DAY


class Organizations:
    """Lists the organisations.

    Args:
        access: Who may read them.
        limits: What each may use.
    """

    def __init__(self, access: Access, limits: Limits) -> None:
        self._access = access
        self._world = access.world
        self._limits = limits
        self.routes = [
            access.route(f"{ENTERPRISE}/organizations", "ManageOrganizations", self.organizations)
        ]

    def organizations(self, request: Request) -> dict[str, Any]:
        """A page of all organisations."""
        query = parse(request.query_params.multi_items(), PageQuery)
        found = [self._organization(org_id) for org_id in self._world.org_ids]
        return page(found, query, self._access.settings.totals)

    def _organization(self, org_id: str) -> dict[str, Any]:
        dice = Dice("organization", org_id)
        created_at = self._world.past.start - dice.between(30, 400) * DAY
        name = org_id.removeprefix("org").lstrip("-_").replace("-", " ").title()
        return {
            "org_id": org_id,
            "name": f"Acme {name}",
            "created_at": created_at,
            "updated_at": created_at + dice.between(0, 30) * DAY,
            "max_cycle_acu_limit": self._limits.of_organization(org_id),
            "max_session_acu_limit": dice.pick((None, 50, 100)),
        }
