"""What the destination holds of consumption, and who started sessions there; asked once each."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from functools import cache, cached_property
from typing import Any, NamedTuple

import sqlglot
from sqlglot import exp

from .held import IDS_A_QUERY, Held, epoch_of, moment_literal, rendered
from .rereads import batches

Who = tuple[str, str]
"""`user` or `service_user`, and an id."""

_KINDS = {"user": "user_id", "service_user": "service_user_id"}


class Booked(NamedTuple):
    """ACUs of a billing day that are held: whose, which, and when the day begins."""

    scope: str
    subject_id: str
    billing_day: date
    product: str
    starts_at: int


class Books:
    """What is held; an organisation that is not there has nothing.

    Args:
        held: What the destination holds.
        since: Sessions that changed before this are of no interest, epoch seconds.
    """

    def __init__(self, held: Held, since: int) -> None:
        self._held = held
        self._since = since
        self._booked = cache(self._booked_since)

    def people(self, org_id: str) -> dict[Who, int]:
        """Who started sessions that changed since, and when the last of them did.

        Raises:
            Exception: Whatever dlt raises where the destination cannot be read.
        """
        return self._people.get(org_id, {})

    def billed(self, org_id: str) -> set[Who]:
        """Of whom there is any consumption in an organisation.

        Raises:
            Exception: As of `people`.
        """
        return self._billed.get(org_id, set())

    def booked(self, org_id: str, since: date) -> list[Booked]:
        """The consumption since a billing day, but for zeros.

        Raises:
            Exception: As of `people`.
        """
        return list(self._booked(since).get(org_id, []))

    def booked_by(self, org_id: str, subject_ids: Sequence[str], since: date) -> list[Booked]:
        """The same of some only, so that it may go far back.

        Raises:
            Exception: As of `people`.
        """
        query = _booked_query(since).where(exp.column("org_id", "held").eq(org_id))
        rows = self._held.answers(
            lambda _, client: (
                rendered(query.where(exp.column("subject_id", "held").isin(*some)), client)
                for some in batches(subject_ids, IDS_A_QUERY)
            )
        )
        return [_booked_of(row) for _, *row in rows]

    @cached_property
    def _people(self) -> dict[str, dict[Who, int]]:
        found: dict[str, dict[Who, int]] = defaultdict(dict)
        rows = self._held.answers(
            lambda _, client: (
                rendered(
                    sqlglot.select("org_id", f"'{kind}'", column, "MAX(updated_at)")
                    .from_("sessions AS held")
                    .where(exp.column("updated_at", "held") >= moment_literal(self._since))
                    .where(f"{column} IS NOT NULL")
                    .group_by("org_id", column),
                    client,
                )
                for kind, column in _KINDS.items()
            )
        )
        for org_id, kind, name, changed in rows:
            found[org_id][kind, name] = epoch_of(changed)
        return found

    @cached_property
    def _billed(self) -> dict[str, set[Who]]:
        query = sqlglot.select("org_id", "scope", "subject_id").distinct().from_(_CONSUMPTION)
        found: dict[str, set[Who]] = defaultdict(set)
        for org_id, *who in self._held.answers(lambda _, client: [rendered(query, client)]):
            found[org_id].add((who[0], who[1]))
        return found

    def _booked_since(self, since: date) -> dict[str, list[Booked]]:
        query = _booked_query(since)
        found: dict[str, list[Booked]] = defaultdict(list)
        for org_id, *row in self._held.answers(lambda _, client: [rendered(query, client)]):
            found[org_id].append(_booked_of(row))
        return found


def _booked_query(since: date) -> exp.Select:
    day = exp.cast(exp.Literal.string(since.isoformat()), "DATE")
    return (
        sqlglot.select("org_id", *Booked._fields)
        .from_(_CONSUMPTION)
        .where(exp.column("billing_day", "held") >= day)
        .where("acus <> 0")
    )


def _booked_of(row: list[Any]) -> Booked:
    return Booked(*row)._replace(starts_at=epoch_of(row[-1]))


_CONSUMPTION = "consumption_daily AS held"
