"""ACUs by billing day and product, and the cycles they are billed in."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from http import HTTPStatus
from typing import Any

from starlette.requests import Request
from starlette.routing import Route

from .access import ENTERPRISE, ORGANIZATION, Access
from .billing import Cycle, cycle_of, cycles
from .ledger import UNITS
from .local_agents import REVIEW_SINCE, LocalAgents
from .pages import PageQuery, page
from .problems import Problem
from .query import parse
from .roster import Listed, Roster
from .windows import Window

_PRODUCTS = ("devin", "cascade", "terminal")


class Consumption:
    """Tells what was burned: by the sessions, and by the products that have none.

    Args:
        access: Who may read it.
        roster: Who may be asked about.
    """

    def __init__(self, access: Access, roster: Roster) -> None:
        self._access = access
        self._world = access.world
        self._roster = roster
        self._local = LocalAgents(access.world)
        every, one = f"{ENTERPRISE}/consumption", f"{ORGANIZATION}/consumption"
        enterprise, org = "ViewAccountConsumption", "ViewOrgConsumption"
        self.routes = [
            access.route(f"{every}/cycles", enterprise, self.cycles),
            access.route(f"{every}/daily/organizations/{{org_id}}", enterprise, self.daily),
            *self._routes(f"{every}/daily", enterprise),
            *self._routes(f"{one}/daily", org),
        ]

    def _routes(self, path: str, permission: str) -> list[Route]:
        # An id holds whatever the directory it came from allows, slashes too.
        machines = f"{path}/service-users/{{who:path}}"
        return [
            self._access.route(path, permission, self.daily),
            self._access.route(f"{path}/users/{{who:path}}", permission, self.of_user),
            self._access.route(machines, permission, self.of_service_user),
        ]

    def cycles(self, request: Request) -> dict[str, Any]:
        """A page of the billing cycles, newest first; the current one ends in the future."""
        query = parse(request.query_params.multi_items(), PageQuery)
        found = [cycle._asdict() for cycle in cycles(self._world.past.start, self._world.clock.now)]
        return page(found, query, self._access.settings.totals)

    def daily(self, request: Request) -> dict[str, Any]:
        """What an organisation, or all of them, burned."""
        return self._told(request, None)

    def of_user(self, request: Request) -> dict[str, Any]:
        """What a person burned, in one organisation or all of them."""
        return self._told(request, _known(request, [one.people for one in self._listed(request)]))

    def of_service_user(self, request: Request) -> dict[str, Any]:
        """What a machine account burned, in one organisation or all of them."""
        return self._told(request, _known(request, [one.machines for one in self._listed(request)]))

    def _listed(self, request: Request) -> list[Listed]:
        return [self._roster.of(org_id) for org_id in self._access.org_ids(request)]

    def _told(self, request: Request, who: str | None) -> dict[str, Any]:
        span = self._span(parse(request.query_params.multi_items(), Window))
        days: defaultdict[int, Counter[str]] = defaultdict(Counter)
        for org_id in self._access.org_ids(request):
            for day, product, units in self._burned(org_id, who, span):
                days[day][product] += units
        buckets = [_bucket(day, days[day]) for day in sorted(days) if any(days[day].values())]
        total = sum(sum(products.values()) for products in days.values())
        return {"total_acus": total / UNITS, "consumption_by_date": buckets}

    def _burned(self, org_id: str, who: str | None, span: Cycle) -> Iterator[tuple[int, str, int]]:
        """Billing days in a span, products, and units that someone or everyone burned."""
        for day, burned in self._world.ledger.burned(org_id).items():
            if span.after <= day < span.before:
                yield day, "devin", sum(burned.values()) if who is None else burned.get(who, 0)
        for day, burn in self._local.burned(org_id, span):
            if who in {None, burn.who}:
                yield day, burn.product, burn.units

    def _span(self, window: Window) -> Cycle:
        """The span of a window; a bound that is missing is the current cycle's."""
        cycle = cycle_of(self._world.clock.now)
        after = cycle.after if window.time_after is None else window.time_after
        before = cycle.before if window.time_before is None else window.time_before
        return Cycle(after, before)


def _known(request: Request, ids: Iterable[frozenset[str]]) -> str:
    who: str = request.path_params["who"]
    if not any(who in some for some in ids):
        raise Problem(HTTPStatus.NOT_FOUND, f"There is no user {who}.")
    return who


def _bucket(day: int, units: Mapping[str, int]) -> dict[str, Any]:
    products: dict[str, float | None] = {name: units.get(name, 0) / UNITS for name in _PRODUCTS}
    products["review"] = units.get("review", 0) / UNITS if day >= REVIEW_SINCE else None
    return {"date": day, "acus": sum(units.values()) / UNITS, "acus_by_product": products}
