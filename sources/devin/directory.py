"""Who and what there is: organisations, people, service users, playbooks, cycles and limits.

Each is a list that is read whole. What is no longer listed stays in its table.
"""

from . import errors
from .asking import Asking, Rows
from .endpoints import Endpoint
from .fields import (
    MICROSECONDS,
    Item,
    Row,
    moment,
    needed,
    needed_moment,
    number,
    rows_of,
    text,
)
from .texts import json_text

_MEMBERSHIP = "ViewAccountMembership"
_ORG_MEMBERSHIP = "ViewOrgMembership"
_CONSUMPTION = "ViewAccountConsumption"

ORGANIZATIONS = Endpoint("/v3/enterprise/organizations", "ManageOrganizations")
USERS = Endpoint("/v3/enterprise/members/users", _MEMBERSHIP)
IDP_USERS = Endpoint("/v3/enterprise/members/idp-users", _MEMBERSHIP)
ORG_USERS = Endpoint("/v3beta1/organizations/{org_id}/members/users", _ORG_MEMBERSHIP)
ORG_IDP_USERS = Endpoint("/v3beta1/organizations/{org_id}/members/idp-users", _ORG_MEMBERSHIP)
SERVICE_USERS = Endpoint(
    "/v3/enterprise/members/service-users", _MEMBERSHIP, (("include_inactive", "true"),)
)
PLAYBOOKS = Endpoint("/v3/organizations/{org_id}/playbooks", "ManageOrgPlaybooks")
BILLING_CYCLES = Endpoint("/v3/enterprise/consumption/cycles", _CONSUMPTION)
ACU_LIMITS = Endpoint("/v3/enterprise/consumption/acu-limits/devin", _CONSUMPTION)


def people(asking: Asking, members: Endpoint, others: Endpoint, org_id: str = "") -> Rows:
    """The people that one endpoint lists, and those that only the identity provider knows.

    Args:
        asking: What there is at hand.
        members: Lists people.
        others: Lists those whom the identity provider knows; an older API has no such endpoint.
        org_id: The organisation that is asked; empty for the enterprise.
    """
    seen: set[str | None] = set()
    for reply in members.items(asking.client, org_id=org_id):
        seen.update(text(item, "user_id") for item in reply.value)
        yield from rows_of(reply.value, user, reply.began)
    try:
        for reply in others.items(asking.client, org_id=org_id):
            unknown = [item for item in reply.value if text(item, "user_id") not in seen]
            yield from rows_of(unknown, idp_user, reply.began)
    except errors.OrganizationUnknown:
        return


def organization(item: Item, seen_at: int) -> Row:
    """The row of an organisation."""
    return (
        needed(item, "org_id"),
        text(item, "name"),
        moment(item, "created_at"),
        moment(item, "updated_at"),
        number(item, "max_cycle_acu_limit"),
        number(item, "max_session_acu_limit"),
        seen_at * MICROSECONDS,
    )


def user(item: Item, seen_at: int, *, from_identity_provider: bool = False) -> Row:
    """The row of a person."""
    roles = "idp_role_assignments" if from_identity_provider else "role_assignments"
    return (
        needed(item, "user_id"),
        text(item, "email"),
        text(item, "name"),
        from_identity_provider,
        json_text(item.get(roles) or item.get("role_assignments")),
        seen_at * MICROSECONDS,
    )


def idp_user(item: Item, seen_at: int) -> Row:
    """The row of a person who is known through the identity provider."""
    return user(item, seen_at, from_identity_provider=True)


def service_user(item: Item, seen_at: int) -> Row:
    """The row of a service user."""
    return (
        needed(item, "service_user_id"),
        text(item, "name"),
        moment(item, "expires_at"),
        moment(item, "deleted_at"),
        json_text(item.get("role_assignments")),
        seen_at * MICROSECONDS,
    )


def playbook(item: Item, seen_at: int) -> Row:
    """The row of a playbook; its text stays where it is."""
    return (
        needed(item, "playbook_id"),
        text(item, "org_id"),
        text(item, "title"),
        text(item, "macro"),
        text(item, "access_type"),
        text(item, "created_by"),
        text(item, "updated_by"),
        moment(item, "created_at"),
        moment(item, "updated_at"),
        seen_at * MICROSECONDS,
    )


def billing_cycle(item: Item, seen_at: int) -> Row:
    """The row of a billing cycle."""
    return needed_moment(item, "after"), needed_moment(item, "before"), seen_at * MICROSECONDS


def acu_limit(item: Item, seen_at: int) -> Row:
    """The row of a limit."""
    return (
        needed(item, "scope"),
        text(item, "org_id") or "",
        text(item, "user_id") or "",
        number(item, "cycle_acu_limit"),
        seen_at * MICROSECONDS,
    )
