"""A model's SQL as a destination takes it: names, placeholders, what the warehouse lacks, dialect.

Pure: what the destination holds is told, not asked for. `dialects` knows what sqlglot doesn't.
"""

from collections.abc import Callable, Collection, Mapping
from datetime import date

import sqlglot
from sqlglot import exp
from sqlglot.optimizer.normalize_identifiers import normalize_identifiers
from sqlglot.optimizer.qualify_columns import quote_identifiers

from sources.devin.tables import TABLES, Kind
from sources.devin.usage_tables import USAGE_TABLES

from .catalogue import ModelBroken, parsed
from .config import ModelSettings, Price
from .dialects import corrected

_TYPES: Mapping[Kind, str] = {
    "text": "TEXT",
    "double": "DOUBLE",
    "bigint": "BIGINT",
    "bool": "BOOLEAN",
    "timestamp": "TIMESTAMPTZ",
    "date": "DATE",
    # No two engines have the same type for JSON, and nothing is read of what is missing.
    "json": "TEXT",
}
"""Types of DuckDB, for the nulls in place of what is missing."""

_CONTRACT = {
    table.name: {column.name: _TYPES[column.kind] for column in table.columns}
    for table in (*TABLES, *USAGE_TABLES)
}
_OFFSET = "billing_day_offset_seconds"
_OF_PRICE = frozenset({"effective_from", "effective_until", "price"})


def render(
    sql: str,
    dialect: str,
    settings: ModelSettings,
    *,
    name: Callable[[str], str],
    columns: Mapping[str, Collection[str]],
) -> str:
    """Write a model's SELECT for a destination.

    Args:
        sql: The SELECT, in DuckDB's dialect.
        dialect: That of the destination, as sqlglot calls it.
        settings: What the placeholders stand for.
        name: Gives the qualified name of a table or a model, quoted as the destination has it.
        columns: The columns of each table that the warehouse has; what it lacks reads as empty.

    Returns:
        The SELECT for a view.

    Raises:
        ModelBroken: It has a placeholder that nothing is known for.
    """
    query = _filled(parsed(sql).copy(), settings)
    # Before any name of the destination comes in, which is quoted and folded already.
    query = quote_identifiers(normalize_identifiers(query, dialect), dialect)
    _place(query, dialect, name, columns)
    return corrected(query, dialect).sql(dialect, pretty=True, comments=False)


def _filled(query: exp.Query, settings: ModelSettings) -> exp.Query:
    """Replace the placeholders; a query about a price becomes one for each."""
    names = {placeholder.name for placeholder in query.find_all(exp.Placeholder)}
    if unknown := names - _OF_PRICE - {_OFFSET}:
        raise ModelBroken(f"nothing is known for its placeholder :{min(unknown)}")
    _fill_offset(query, settings.billing_day_offset)
    if not names & _OF_PRICE:
        return query
    if not settings.prices:
        _fill(query, dict.fromkeys(_OF_PRICE, exp.null()))
        return query.limit(0)
    priced = [query.copy() for _ in settings.prices]
    for each, price in zip(priced, settings.prices, strict=True):
        _fill(each, _values(price))
    return priced[0] if len(priced) == 1 else exp.union(*priced, distinct=False, copy=False)


def _fill_offset(query: exp.Query, seconds: int) -> None:
    for interval in list(query.find_all(exp.Interval)):
        if any(placeholder.name == _OFFSET for placeholder in interval.find_all(exp.Placeholder)):
            interval.set("this", exp.Literal.number(abs(seconds)))
            # No two engines write an interval below 0 alike, so it is added rather than subtracted.
            if seconds < 0 and isinstance(whole := interval.parent, exp.Sub):
                whole.replace(exp.Add(this=whole.this, expression=interval))


def _values(price: Price) -> dict[str, exp.Expr]:
    def day(value: date | None) -> exp.Expr:
        return exp.null() if value is None else exp.Literal.string(value.isoformat())

    return {
        "effective_from": day(price.effective_from),
        "effective_until": day(price.effective_until),
        "price": exp.Literal.number(price.price),
    }


def _fill(query: exp.Query, values: Mapping[str, exp.Expr]) -> None:
    for placeholder in list(query.find_all(exp.Placeholder)):
        placeholder.replace(values[placeholder.name].copy())


def _place(
    query: exp.Query,
    dialect: str,
    name: Callable[[str], str],
    columns: Mapping[str, Collection[str]],
) -> None:
    """Replace each table and model by what the destination has of it."""
    own = {cte.alias_or_name for cte in query.find_all(exp.CTE)}
    for table in list(query.find_all(exp.Table)):
        if table.name in own:
            continue
        # Normalised for Snowflake, it is in upper case.
        relation = table.name.lower()
        alias = table.args.get("alias") or exp.TableAlias(this=table.this.copy())
        place = sqlglot.parse_one(name(relation), read=dialect, into=exp.Table)
        if relation in _CONTRACT:
            wanted = _CONTRACT[relation]
            found = {column.lower() for column in columns.get(relation, ())}
            missing = [column for column in wanted if column not in found]
            if missing:
                table.replace(
                    _completed(place if found else None, relation, missing, dialect, alias)
                )
                continue
        place.set("alias", alias)
        table.replace(place)


def _completed(
    place: exp.Table | None,
    relation: str,
    missing: Collection[str],
    dialect: str,
    alias: exp.TableAlias,
) -> exp.Subquery:
    """A table with nulls in the columns that the warehouse lacks; empty if it lacks the table."""
    nulls = [
        exp.cast(exp.null(), _CONTRACT[relation][column], dialect="duckdb").as_(
            _identifier(column, dialect)
        )
        for column in missing
    ]
    if place is None:
        rows = exp.select(*nulls).limit(0)
    else:
        place.set("alias", exp.TableAlias(this=_identifier("found", dialect)))
        every = exp.Column(this=exp.Star(), table=_identifier("found", dialect))
        rows = exp.select(every, *nulls).from_(place)
    return exp.Subquery(this=rows, alias=alias)


def _identifier(text: str, dialect: str) -> exp.Identifier:
    return quote_identifiers(normalize_identifiers(exp.to_identifier(text), dialect), dialect)
