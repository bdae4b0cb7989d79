"""How many ACUs may be used in a billing cycle."""

import math
from typing import Any

from starlette.requests import Request

from .access import ENTERPRISE, Access
from .billing import billing_day, cycles
from .ledger import UNITS
from .pages import PageQuery, page
from .query import parse

_ROOM = 1.5  # as much as an average cycle of the past, and half as much again
_STEP = 10
_USER = 0  # place of the one person with a limit among those of the first organisation
_USER_SHARE = 20


class Limits:
    """Lists the limits: one of the enterprise, of every other organisation, of one person.

    Args:
        access: Who may read them.
    """

    def __init__(self, access: Access) -> None:
        self._access = access
        self._world = access.world
        self._of: dict[str, int] = {}
        path = f"{ENTERPRISE}/consumption/acu-limits/devin"
        self.routes = [access.route(path, "ViewAccountConsumption", self.limits)]

    def of_organization(self, org_id: str) -> int | None:
        """The limit of an organisation, if it has one."""
        limited = self._world.org_ids[::2]
        return self._limit(org_id) if org_id in limited else None

    def limits(self, request: Request) -> dict[str, Any]:
        """A page of the limits."""
        query = parse(request.query_params.multi_items(), PageQuery)
        org_ids = self._world.org_ids
        one = self._world.cast(org_ids[0]).users[_USER]
        found = [
            _item("enterprise", sum(map(self._limit, org_ids))),
            *(_item("org", self._limit(org_id), org_id=org_id) for org_id in org_ids[::2]),
            _item("user", self._limit(org_ids[0]) // _USER_SHARE, user_id=one),
        ]
        return page(found, query, self._access.settings.totals)

    def _limit(self, org_id: str) -> int:
        """By what the past burned: what happens later leaves it alone."""
        if org_id not in self._of:
            past = self._world.past
            today = billing_day(past.now)
            days = self._world.ledger.burned(org_id).items()
            units = sum(sum(who.values()) for day, who in days if day < today)
            average = units / UNITS / len(cycles(past.start, past.now))
            self._of[org_id] = _STEP * math.ceil(max(1.0, average * _ROOM) / _STEP)
        return self._of[org_id]


def _item(scope: str, limit: int, **whose: str) -> dict[str, Any]:
    return {"scope": scope, "cycle_acu_limit": limit, "org_id": None, "user_id": None} | whose
