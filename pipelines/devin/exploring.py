"""What the notebook asks of the warehouse: opened for each question, and closed after it."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from sources.devin.errors import ConfigurationError

from .failures import explained
from .report.content import Asked, reading
from .report.ranking import DIMENSIONS, ranking
from .report.reading import Row, as_day
from .warehouse import open_pipeline

MOST_ROWS = 1_000
"""Rows of an answer that are shown."""

_SERIES = 6

_CHANGES: tuple[Any, ...] = (
    *(exp.DML, exp.DDL, exp.Drop, exp.Alter, exp.TruncateTable),
    *(exp.Command, exp.Into),
)
"""What a query may not hold, wherever in it: Postgres takes a DELETE in a common table too."""

_READ_ONLY = {
    "duckdb": "BEGIN TRANSACTION READ ONLY",
    "postgres": "SET default_transaction_read_only = on",
}
"""What keeps a connection from writing, by dialect."""


class QuestionRefused(ConfigurationError):
    """A question in SQL that cannot be answered."""

    advice = "Correct it, and ask again."


@dataclass(frozen=True)
class Warehouse:
    """A warehouse, by its destination and dataset."""

    destination: str
    dataset: str

    def organizations(self) -> dict[str, str]:
        """Ids of the organisations that have sessions, by their names."""
        with reading(self._pipeline(), Asked()) as (_, _, _, organizations):
            return {name: org_id for org_id, name in organizations.items()}

    def as_of(self) -> datetime:
        """As of when it is loaded."""
        with reading(self._pipeline(), Asked()) as (_, as_of, _, _):
            return as_of

    def today(self) -> date:
        """The billing day that it is loaded up to."""
        with reading(self._pipeline(), Asked()) as (_, _, period, _):
            return period.last

    def members(
        self, dimension: str, begin: date, end: date, organizations: Sequence[str]
    ) -> list[Row]:
        """The members of a dimension by their ACUs.

        Args:
            dimension: The name of one of `DIMENSIONS`.
            begin: First billing day.
            end: Last billing day.
            organizations: Their ids; none for all.
        """
        asked = _asked(begin, end, organizations)
        with reading(self._pipeline(), asked) as (reader, _, _, _):
            found = ranking(reader, _named(dimension))
        ranks = [*found.ranks, *([found.others] if found.others else [])]
        return [
            {
                dimension: rank.label,
                "acus": round(rank.acus, 2),
                "share": round(rank.share or 0.0, 4),
                "before": round(rank.before, 2),
                "cost": None if rank.cost is None else round(rank.cost, 2),
            }
            for rank in ranks
        ]

    def by_day(
        self, dimension: str, begin: date, end: date, organizations: Sequence[str]
    ) -> list[Row]:
        """ACUs by billing day and member, the smaller members together.

        Args:
            dimension: The name of one of `DIMENSIONS`.
            begin: First billing day.
            end: Last billing day.
            organizations: Their ids; none for all.
        """
        asked = _asked(begin, end, organizations)
        what = _named(dimension)
        keys = ", ".join(what.keys)
        with reading(self._pipeline(), asked) as (reader, _, _, _):
            rows = reader.rows(f"""
                SELECT billing_day, {keys}, SUM(acus) AS acus
                FROM {what.model}
                WHERE billing_day >= :begin AND billing_day < :end AND org_id IN (:orgs)
                GROUP BY billing_day, {keys}
            """)
        sums: dict[tuple[date, str], float] = defaultdict(float)
        totals: dict[str, float] = defaultdict(float)
        for row in rows:
            label = what.label(row) or what.none
            totals[label] += row["acus"] or 0.0
            sums[as_day(row["billing_day"]), label] += row["acus"] or 0.0
        kept = sorted(totals, key=lambda label: (-totals[label], label))[:_SERIES]
        shown: dict[tuple[date, str], float] = defaultdict(float)
        for (day, label), acus in sums.items():
            shown[day, label if label in kept else "all others"] += acus
        return [
            {"day": day.isoformat(), dimension: label, "acus": round(acus, 2)}
            for (day, label), acus in sorted(shown.items())
        ]

    def answer(self, query: str) -> list[Row]:
        """The first rows of a query, which names models and tables as they are called.

        Raises:
            QuestionRefused: It is no query, or the warehouse does not take it.
        """
        try:
            parsed = sqlglot.parse_one(query, read="duckdb")
        except SqlglotError as error:
            raise QuestionRefused(str(error).splitlines()[0]) from None
        if not isinstance(parsed, exp.Query) or changes(parsed):
            raise QuestionRefused("only a SELECT can be asked here")
        limited = parsed if parsed.args.get("limit") else parsed.limit(MOST_ROWS)
        try:
            with reading(self._pipeline(), Asked()) as (reader, _, _, _):
                keep_from_writing(reader.client)
                return reader.rows(limited.sql(dialect="duckdb"))[:MOST_ROWS]
        except Exception as failure:
            said = explained(failure)
            if said is None:
                raise
            raise QuestionRefused(said.message, said.advice) from failure

    def _pipeline(self) -> Any:
        return open_pipeline(self.destination, self.dataset)


def changes(parsed: exp.Expr) -> bool:
    """Whether a statement changes anything, or may, wherever in it."""
    return parsed.find(*_CHANGES) is not None


def keep_from_writing(client: Any) -> None:
    """Let an open connection read only, also what functions do, where its engine can be told to.

    Raises:
        Exception: Whatever dlt raises where the destination does not take it.
    """
    statement = _READ_ONLY.get(client.capabilities.sqlglot_dialect)
    if statement:
        client.execute_sql(statement)


def _asked(begin: date, end: date, organizations: Sequence[str]) -> Asked:
    """What is about these days, the last one included."""
    return Asked(begin.isoformat(), (end + timedelta(days=1)).isoformat(), organizations)


def _named(dimension: str) -> Any:
    return next(one for one in DIMENSIONS if one.name == dimension)
