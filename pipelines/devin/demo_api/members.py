"""People and machine accounts, as the API lists them."""

from typing import Any

from starlette.requests import Request

from .access import BETA_ORGANIZATION, ENTERPRISE, Access
from .dice import Dice
from .pages import PageQuery, page
from .persons import person
from .query import parse
from .rhythm import DAY
from .roles import ADMIN, MEMBER, assigned
from .roster import DELETED_SERVICE_USER, OWN_SERVICE_USER, Listed, Roster

_GROUPS = ("engineering", "data & analytics", "contractors")
_JOBS = ("CI", "Nightly triage", "Dependency bot", "Release bot")
_EXPIRING_ODDS = 0.5
_VALID_FOR = 365 * DAY

Member = dict[str, Any]
Homes = dict[str, list[str]]


class _UserQuery(PageQuery):
    email: str | None = None


class _ServiceUserQuery(PageQuery):
    include_inactive: bool = False


class Members:
    """Lists who may start sessions.

    Args:
        access: Who may read it.
        roster: Who there is.
    """

    def __init__(self, access: Access, roster: Roster) -> None:
        self._access = access
        self._world = access.world
        self._roster = roster
        every, one = f"{ENTERPRISE}/members", f"{BETA_ORGANIZATION}/members"
        enterprise, org = "ViewAccountMembership", "ViewOrgMembership"
        self.routes = [
            access.route(f"{every}/users", enterprise, self.users),
            access.route(f"{every}/idp-users", enterprise, self.idp_users),
            access.route(f"{every}/service-users", enterprise, self.service_users),
            access.route(f"{one}/users", org, self.users),
            access.route(f"{one}/idp-users", org, self.idp_users),
        ]

    def users(self, request: Request) -> dict[str, Any]:
        """A page of the members of an organisation, or of all."""
        homes = self._homes(request, "users")
        return self._people(request, [self._user(one, homes[one]) for one in homes])

    def idp_users(self, request: Request) -> dict[str, Any]:
        """A page of those who are members through a group of the identity provider."""
        members = self._homes(request, "users")
        homes = self._homes(request, "idp_users")
        found = [self._idp_user(one, homes[one], members.get(one, [])) for one in homes]
        return self._people(request, found)

    def service_users(self, request: Request) -> dict[str, Any]:
        """A page of the machine accounts of all organisations."""
        query = parse(request.query_params.multi_items(), _ServiceUserQuery)
        homes = self._homes(request, "service_users")
        found = [_own(), *(self._service_user(one, homes[one]) for one in homes)]
        inactive = [self._deleted()] if query.include_inactive else []
        return page(found + inactive, query, self._access.settings.totals)

    def _homes(self, request: Request, kind: str) -> Homes:
        """The organisations that list somebody, by who it is."""
        homes: Homes = {}
        for org_id in self._access.org_ids(request):
            listed: Listed = self._roster.of(org_id)
            for one in getattr(listed, kind):
                homes.setdefault(one, []).append(org_id)
        return homes

    def _people(self, request: Request, found: list[Member]) -> dict[str, Any]:
        query = parse(request.query_params.multi_items(), _UserQuery)
        some = [one for one in found if query.email in {None, one["email"]}]
        return page(some, query, self._access.settings.totals)

    def _user(self, user_id: str, org_ids: list[str]) -> Member:
        leads = user_id == self._world.cast(self._world.org_ids[0]).users[0]
        roles = [assigned(MEMBER, org_id) for org_id in org_ids]
        if leads:
            roles.append(assigned(ADMIN, None))
        name, email = person(user_id)
        return {"user_id": user_id, "email": email, "name": name, "role_assignments": roles}

    def _idp_user(self, user_id: str, org_ids: list[str], also_in: list[str]) -> Member:
        group = {"idp_group_name": Dice("group", user_id).pick(_GROUPS)}
        through_it = [group | assigned(MEMBER, org_id) for org_id in org_ids]
        return self._user(user_id, also_in) | {"idp_role_assignments": through_it}

    def _service_user(self, service_user_id: str, org_ids: list[str]) -> Member:
        dice = Dice("service user", service_user_id)
        name = f"{dice.pick(_JOBS)} {service_user_id[-4:]}"
        expiring = dice.chance(_EXPIRING_ODDS)
        return {
            "service_user_id": service_user_id,
            "name": name,
            "expires_at": self._world.past.now + _VALID_FOR if expiring else None,
            "deleted_at": None,
            "role_assignments": [assigned(MEMBER, org_id) for org_id in org_ids],
        }

    def _deleted(self) -> Member:
        return {
            "service_user_id": DELETED_SERVICE_USER,
            "name": "Proof of concept",
            "expires_at": None,
            "deleted_at": self._world.past.start,
            "role_assignments": [],
        }


def _own() -> Member:
    return {
        "service_user_id": OWN_SERVICE_USER,
        "name": "Warehouse",
        "expires_at": None,
        "deleted_at": None,
        "role_assignments": [assigned(ADMIN, None)],
    }
