"""The cast of an organisation: who starts sessions, with which playbooks, in which repositories."""

from dataclasses import dataclass

from . import hosts
from .dice import Dice
from .hosts import Repository

_USER_PREFIXES = (
    "user-",
    "email|",
    "okta|Acme|",
    "google-oauth2|",
    "saml|Müller & Söhne|",  # a directory name is free text, so the id holds whatever it holds
)
_SERVICES = (
    ("payments", "ledger"),
    ("payments", "invoicing"),
    ("web", "storefront"),
    ("web", "design-system"),
    ("data", "warehouse"),
    ("data", "ingest.v2"),
    ("platform", "terraform-live"),
    ("platform", "build_tools"),
    ("mobile", "app"),
    ("search", "ranker"),
)
_PEOPLE_PER_SESSION = 1 / 40
_MOST_PEOPLE = 400


@dataclass(frozen=True)
class Organisation:
    """Everyone and everything a session of one organisation can refer to.

    Attributes:
        org_id: Its id.
        users: Ids of people; the first ones are the busiest.
        service_users: Ids of machine accounts.
        playbooks: Ids of playbooks.
        schedules: Ids of schedules; sessions carry none, the listing can still filter by them.
        automations: Ids of automations.
        repositories: Where pull requests are opened.
    """

    org_id: str
    users: tuple[str, ...]
    service_users: tuple[str, ...]
    playbooks: tuple[str, ...]
    schedules: tuple[str, ...]
    automations: tuple[str, ...]
    repositories: tuple[Repository, ...]


def found(org_id: str, sessions: int, dice: Dice) -> Organisation:
    """Found an organisation whose size suits a number of sessions."""
    people = min(_MOST_PEOPLE, 6 + int(sessions * _PEOPLE_PER_SESSION))
    return Organisation(
        org_id=org_id,
        users=tuple(_user_id(dice) for _ in range(people)),
        service_users=_ids("service-user-", 4, dice),
        playbooks=_ids("playbook-", 9, dice),
        schedules=_ids("schedule-", 3, dice),
        automations=_ids("automation-", 5, dice),
        repositories=_repositories(),
    )


def _ids(prefix: str, count: int, dice: Dice) -> tuple[str, ...]:
    return tuple(prefix + dice.token(16) for _ in range(count))


def _user_id(dice: Dice) -> str:
    return dice.pick(_USER_PREFIXES) + dice.token(12)


def _repositories() -> tuple[Repository, ...]:
    return (
        *(hosts.github("acme", f"{team}-{name}") for team, name in _SERVICES),
        *(hosts.gitlab(f"acme/{team}/backend", name) for team, name in _SERVICES[::2]),
        *(hosts.bitbucket("acme-labs", name) for _, name in _SERVICES[1::3]),
        *(hosts.azure("acme", f"{team.title()} Team", name) for team, name in _SERVICES[::4]),
    )
