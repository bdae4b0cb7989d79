"""What fills each table beside the sessions: which endpoint, of which organisation."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from . import consumption, directory, insights, metrics
from .asking import Asking, Rows
from .endpoints import Endpoint
from .fields import Make, rows_of
from .tables import Table
from .usage_tables import (
    ACU_LIMITS,
    BILLING_CYCLES,
    CONSUMPTION,
    INSIGHTS,
    ORGANIZATIONS,
    PLAYBOOKS,
    SERVICE_USERS,
    USERS,
)

_LISTS: dict[str, tuple[Endpoint, Make]] = {
    ORGANIZATIONS.name: (directory.ORGANIZATIONS, directory.organization),
    SERVICE_USERS.name: (directory.SERVICE_USERS, directory.service_user),
    BILLING_CYCLES.name: (directory.BILLING_CYCLES, directory.billing_cycle),
    ACU_LIMITS.name: (directory.ACU_LIMITS, directory.acu_limit),
}


@dataclass(frozen=True)
class Part:
    """What fills a table, or some of it, and may be denied.

    Attributes:
        table: The table.
        org_id: The organisation that is asked; empty for the enterprise.
        endpoint: What is asked, or the first of it.
        read: Reads the rows; what it remembers, it does at the end.
        otherwise: What to read where this is denied.
    """

    table: Table
    org_id: str
    endpoint: Endpoint
    read: Callable[[Asking], Rows]
    otherwise: tuple["Part", ...] = ()

    def __str__(self) -> str:
        """The table, and the organisation where it is of one."""
        return f"{self.table.name} of {self.org_id}" if self.org_id else self.table.name


def parts(table: Table, org_ids: Sequence[str]) -> list[Part]:
    """What fills a table.

    Args:
        table: The table.
        org_ids: The organisations.
    """
    if table.name in _LISTS:
        endpoint, make = _LISTS[table.name]
        return [Part(table, "", endpoint, partial(_listed, endpoint=endpoint, make=make))]
    if table is USERS:
        return [_people(org_ids)]
    of_each = [_of_organization(table, org_id) for org_id in org_ids]
    if table is CONSUMPTION:
        endpoint = consumption.ENDPOINTS[consumption.ENTERPRISE]
        return [Part(table, "", endpoint, consumption.read_enterprise), *of_each]
    return of_each


def _of_organization(table: Table, org_id: str) -> Part:
    if table is PLAYBOOKS:
        endpoint, make = directory.PLAYBOOKS, directory.playbook
        read = partial(_listed, endpoint=endpoint, make=make, org_id=org_id)
        return Part(table, org_id, endpoint, read)
    if table is CONSUMPTION:
        endpoint = consumption.ENDPOINTS[consumption.ORGANIZATION]
        return Part(table, org_id, endpoint, partial(consumption.read_organization, org_id=org_id))
    if table is INSIGHTS:
        return Part(table, org_id, insights.ENDPOINT, partial(insights.read, org_id=org_id))
    endpoint = metrics.ENDPOINTS[table.name]
    return Part(table, org_id, endpoint, partial(metrics.read, table=table, org_id=org_id))


def _people(org_ids: Sequence[str]) -> Part:
    """All people of the enterprise, or else those of each organisation."""
    everybody = partial(directory.people, members=directory.USERS, others=directory.IDP_USERS)
    of_organizations = tuple(
        Part(
            USERS,
            org_id,
            directory.ORG_USERS,
            partial(
                directory.people,
                members=directory.ORG_USERS,
                others=directory.ORG_IDP_USERS,
                org_id=org_id,
            ),
        )
        for org_id in org_ids
    )
    return Part(USERS, "", directory.USERS, everybody, of_organizations)


def _listed(asking: Asking, endpoint: Endpoint, make: Make, org_id: str = "") -> Rows:
    for reply in endpoint.items(asking.client, org_id=org_id):
        yield from rows_of(reply.value, make, reply.began)
