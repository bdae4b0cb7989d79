"""Everyone and everything that an organisation has, or that its sessions name."""

from collections.abc import Iterable
from typing import NamedTuple

from .remembered import Remembered
from .world import World

OWN_SERVICE_USER = "service-user-demo"
"""The one whose token v3 accepts."""
DELETED_SERVICE_USER = "service-user-retired"

_DEPARTED = 1  # place among the people of the first organisation: busy enough to be missed
_IDENTITY_PROVIDER_ONLY = 3
_BOTH = 0
_EACH = 5  # of so many people, one is in either of these places


class Listed(NamedTuple):
    """The ids of an organisation; its sessions name no other one, but for whoever left.

    Attributes:
        users: Members of their own.
        idp_users: Members through a group of the identity provider; some are `users` as well.
        service_users: Machine accounts.
        playbooks: Playbooks.
        people: Every person, whether still there or not.
        machines: Every machine account, whether still there or not.
    """

    users: tuple[str, ...]
    idp_users: tuple[str, ...]
    service_users: tuple[str, ...]
    playbooks: tuple[str, ...]
    people: frozenset[str]
    machines: frozenset[str]


class Roster:
    """Knows who belongs to which organisation.

    Args:
        world: The organisations; its lock is held while this is asked.

    Attributes:
        departed: The one person whom sessions name and no list knows any more.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self._listed = Remembered(world, self._look)
        self.departed = world.cast(world.org_ids[0]).users[_DEPARTED]

    def of(self, org_id: str) -> Listed:
        """The ids of an organisation."""
        return self._listed[org_id]

    def _look(self, org_id: str) -> Listed:
        cast = self._world.cast(org_id)
        people = _and_named(cast.users, self._named(org_id, "user_id"))
        machines = _and_named(cast.service_users, self._named(org_id, "service_user_id"))
        idp_only = {*cast.users[_IDENTITY_PROVIDER_ONLY::_EACH]}
        absent = idp_only | {self.departed}
        idp = idp_only | {*cast.users[_BOTH::_EACH]}
        return Listed(
            users=tuple(one for one in people if one not in absent),
            idp_users=tuple(one for one in cast.users if one in idp),
            service_users=machines,
            playbooks=_and_named(cast.playbooks, self._named(org_id, "playbook_id")),
            people=frozenset(people),
            machines=frozenset((*machines, OWN_SERVICE_USER, DELETED_SERVICE_USER)),
        )

    def _named(self, org_id: str, field: str) -> set[str]:
        named = {str(row.item.get(field) or "") for row in self._world.rows(org_id)}
        return named - {""}


def _and_named(cast: tuple[str, ...], named: Iterable[str]) -> tuple[str, ...]:
    """The cast, then whomever a test made a session name."""
    return tuple(dict.fromkeys((*cast, *sorted(named))))
