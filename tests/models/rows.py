"""Hand-worked data: rows with the columns that a test is about, and the rest filled in."""

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from typing import Any

from sources.devin.tables import TABLES, Column, Table
from sources.devin.usage_tables import USAGE_TABLES

Row = Mapping[str, Any]

TABLE_OF: Mapping[str, Table] = {table.name: table for table in (*TABLES, *USAGE_TABLES)}
"""The tables of the warehouse by their names."""

_DEFAULTS = {
    "text": "",
    "double": 0.0,
    "bigint": 0,
    "bool": False,
    "timestamp": datetime(2026, 1, 1, tzinfo=UTC),
    "date": date(2026, 1, 1),
    "json": "{}",
}


def at(text: str) -> datetime:
    """A moment in UTC: `2026-03-01 09:30`."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def day(text: str) -> date:
    """A day: `2026-03-01`."""
    return date.fromisoformat(text)


def completed(table: Table, row: Row) -> tuple[Any, ...]:
    """A row in the order of the table's columns: what is not given is null, '', 0 or 2026."""
    unknown = row.keys() - {column.name for column in table.columns}
    assert unknown == set(), f"{table.name} has no such columns"
    return tuple(row.get(column.name, _default(column)) for column in table.columns)


def session(session_id: str, **columns: Any) -> Row:
    """A row of `sessions`, of organisation `org` unless told."""
    return {"session_id": session_id, "org_id": "org", **columns}


def snapshot(session_id: str, updated_at: str, acus: float, **columns: Any) -> Row:
    """A row of `session_snapshots`, seen when it changed unless told."""
    moment = at(updated_at)
    return {
        "session_id": session_id,
        "updated_at": moment,
        "acus_consumed": acus,
        "org_id": "org",
        "extracted_at": moment,
        **columns,
    }


def pull_request(
    session_id: str, number: int, state: str | None = "open", position: int = 0, **columns: Any
) -> Row:
    """A row of `session_pull_requests`, of repository `acme/web` unless told."""
    return {
        "session_id": session_id,
        "pr_url": f"https://github.com/acme/web/pull/{number}",
        "pr_state": state,
        "host": "github.com",
        "repository": "acme/web",
        "number": number,
        "position": position,
        **columns,
    }


def in_order(rows: Iterable[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Rows from the smallest to the largest, nulls last."""
    return sorted(rows, key=lambda row: [(value is None, value) for value in row])


def _default(column: Column) -> Any:
    return _DEFAULTS[column.kind] if column.required else None
