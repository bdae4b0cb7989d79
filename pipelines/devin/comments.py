"""The descriptions of tables and columns as comments in the destination.

dlt writes some of them into some warehouses, and none into DuckDB and Postgres, which keep them.
"""

from collections.abc import Iterable, Iterator
from typing import Any

import dlt

from sources.devin.session import fingerprint
from sources.devin.tables import TABLES, Table
from sources.devin.usage_tables import USAGE_TABLES

COMMENTED = ("duckdb", "postgres")
"""Destinations that keep comments."""

_WRITTEN = "devin_comments"


def write_comments(pipeline: dlt.Pipeline) -> None:
    """Comment the tables after a load, unless this machine has written the same texts before.

    Raises:
        Exception: Whatever dlt raises where the destination refuses.
    """
    if pipeline.destination.destination_name not in COMMENTED:
        return
    with pipeline.sql_client() as client:
        there = pipeline.default_schema.data_table_names(seen_data_only=True)
        tables = [table for table in (*TABLES, *USAGE_TABLES) if table.name in there]
        statements = list(_statements(client, tables))
        wording = fingerprint("".join(statements))
        if _written(pipeline) == wording:
            return
        with client.begin_transaction():  # by itself each one is written through to the disk
            for statement in statements:
                client.execute_sql(statement)
    pipeline.set_local_state_val(_WRITTEN, wording)


def _statements(client: Any, tables: Iterable[Table]) -> Iterator[str]:
    for table in tables:
        name = client.make_qualified_table_name(table.name)
        yield f"COMMENT ON TABLE {name} IS {literal(table.description)}"
        for column in table.columns:
            place = f"{name}.{client.escape_column_name(column.name)}"
            yield f"COMMENT ON COLUMN {place} IS {literal(column.description)}"


def literal(text: str) -> str:
    """A text as SQL has it."""
    return "'" + text.replace("'", "''") + "'"


def _written(pipeline: dlt.Pipeline) -> str | None:
    try:
        return str(pipeline.get_local_state_val(_WRITTEN))
    except KeyError:
        return None
