"""Reads models and tables of a warehouse, in SQL that every destination understands.

A query is written in DuckDB's dialect and names models and tables as they are called in `schemas`;
dates, moments and organisations are put into it by name. It asks for sums, never for all sessions.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, TypeVar, cast

import sqlglot
from dlt.destinations.exceptions import DatabaseTerminalException, DatabaseUndefinedRelation
from sqlglot import exp
from sqlglot.optimizer.normalize_identifiers import normalize_identifiers
from sqlglot.optimizer.qualify_columns import quote_identifiers

from sources.devin.tables import TABLES
from sources.devin.usage_tables import USAGE_TABLES

from ..misconfiguration import sentence
from ..models import analytics_dataset
from ..models.dialects import corrected

Row = dict[str, Any]
T = TypeVar("T")

_TABLES = frozenset(table.name for table in (*TABLES, *USAGE_TABLES))


@dataclass(frozen=True)
class Unavailable:
    """A part that cannot be read from this destination, and why not."""

    reason: str


@dataclass(frozen=True)
class Reader:
    """Reads from one open connection.

    Attributes:
        client: dlt's SQL client, opened.
        named: What queries call by name: dates and moments.
        org_ids: The organisations that `IN (:orgs)` means; all if there are none.
        places: Where models are that are not in the dataset of the views, by their names.
    """

    client: Any
    named: Mapping[str, date | datetime]
    org_ids: Collection[str] = ()
    places: Mapping[str, str] = field(default_factory=dict)

    def rows(self, query: str) -> list[Row]:
        """The rows of a query, by the names of its columns.

        Raises:
            Exception: Whatever dlt raises where the query fails.
        """
        tree: Any = sqlglot.parse_one(query, read="duckdb")
        with self.client.execute_query(self._rendered(tree)) as cursor:
            # Snowflake gives names in upper case.
            names = [str(column[0]).lower() for column in cursor.description]
            return [dict(zip(names, map(_plain, row), strict=True)) for row in cursor.fetchall()]

    def row(self, query: str) -> Row:
        """The only row of a query that sums over everything."""
        return self.rows(query)[0]

    def _rendered(self, tree: Any) -> str:
        dialect = self.client.capabilities.sqlglot_dialect
        tree = quote_identifiers(normalize_identifiers(tree, dialect), dialect)
        common = {cte.alias_or_name.lower() for cte in tree.find_all(exp.CTE)}
        for table in list(tree.find_all(exp.Table)):
            if isinstance(table.this, exp.Identifier) and table.name.lower() not in common:
                table.replace(self._qualified(table))
        for part in list(tree.find_all(exp.In)):
            if [str(one.name) for one in part.expressions] == ["orgs"]:
                part.replace(self._organizations(part))
        return corrected(
            cast(exp.Query, exp.replace_placeholders(tree, **self.named)), dialect
        ).sql(dialect)

    def _qualified(self, table: exp.Table) -> Any:
        dataset = self.client.dataset_name
        name = table.name.lower()  # normalised for Snowflake, it is in upper case
        if name in self.places:
            return exp.to_table(self.places[name], alias=table.alias_or_name)
        if name not in _TABLES:
            dataset = analytics_dataset(dataset)
        path = self.client.make_qualified_table_name_path(name, quote=False, dataset_name=dataset)
        parts = dict(zip(("this", "db", "catalog"), reversed(path), strict=False))
        found = exp.Table(**{k: exp.to_identifier(part, quoted=True) for k, part in parts.items()})
        return found.as_(table.alias_or_name, table=True) if table.alias else found

    def _organizations(self, part: exp.In) -> Any:
        if not self.org_ids:
            return exp.true()
        return part.this.isin(*[exp.Literal.string(org_id) for org_id in sorted(self.org_ids)])


def attempted(read: Callable[[Reader], T], reader: Reader) -> T | Unavailable:
    """What a function reads, or why it cannot: one model that fails does not keep the others.

    Raises:
        Exception: What dlt raises where it is not for one query alone to fail.
    """
    try:
        return read(reader)
    except DatabaseUndefinedRelation:
        return Unavailable("The destination has no view or table for it.")
    except DatabaseTerminalException as failure:
        return Unavailable(f"The destination says: {sentence(str(failure).splitlines()[0])}.")


def whole_cost(rows: str = "", of: str = "") -> str:
    """The SQL of what rows cost together: null as soon as some ACUs of them have no price.

    Args:
        rows: Which rows of the query count, as a condition; all if empty.
        of: The table that has their `acus` and `cost`, as the query calls it; any if empty.
    """
    at = f"{of}." if of else ""
    only = f"{rows} AND" if rows else ""
    return f"""
        CASE WHEN COUNT(CASE WHEN {only} {at}acus <> 0 AND {at}cost IS NULL THEN 1 END) = 0
             THEN SUM(CASE WHEN {only} {at}cost IS NOT NULL THEN {at}cost END) END
    """


def known_cost(found: Iterable[Any]) -> float | None:
    """What several that have `acus` and `cost` cost together; None if that is not known of all."""
    counted = [one for one in found if one.acus or one.cost is not None]
    if not counted or any(one.cost is None for one in counted):
        return None
    return float(sum(one.cost for one in counted))


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, datetime):
        return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)
    return value


def as_day(value: date | datetime) -> date:
    """A day, whichever way the destination gives it."""
    return value.date() if isinstance(value, datetime) else value
