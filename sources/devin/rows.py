"""Rows of the tables, as Arrow has them."""

from collections.abc import Iterable, Sequence
from typing import Any, Protocol

import pyarrow as pa

from .session import RejectedItem
from .tables import LOAD_ID, REJECTED, Table
from .texts import json_text

MICROSECONDS = 1_000_000
Row = tuple[Any, ...]


class Origin(Protocol):
    """Where items come from: a listing."""

    @property
    def name(self) -> str:
        """The name of the scope."""

    @property
    def path(self) -> str:
        """The path of the endpoint."""


def rejected_table(
    items: Iterable[tuple[RejectedItem, int]], origin: Origin, seen_at: int
) -> pa.Table:
    """The rows that rejected items make.

    Args:
        items: The items, and when each was first seen, in epoch seconds.
        origin: What returned them.
        seen_at: When it was asked.
    """
    rows = [
        (
            item.item_hash,
            origin.name,
            item.reason,
            json_text(item.error),
            item.raw,
            origin.path,
            first_seen_at * MICROSECONDS,
            seen_at * MICROSECONDS,
            None,
        )
        for item, first_seen_at in items
    ]
    return arrow_table(REJECTED, rows)


def arrow_table(table: Table, rows: Sequence[Row]) -> pa.Table:
    """Rows as an Arrow table of the contract; each row holds the table's columns in order."""
    schema = table.arrow_schema
    columns = zip(*rows, strict=True) if rows else [()] * len(schema)
    arrays = [pa.array(values, field.type) for values, field in zip(columns, schema, strict=True)]
    return pa.Table.from_arrays(arrays, schema=schema)


def with_load_id(rows: pa.Table, load_id: str) -> pa.Table:
    """The rows with the `_dlt_load_id` that dlt by default leaves out of Arrow tables."""
    zeros = pa.repeat(pa.scalar(0, pa.int8()), rows.num_rows)
    column = pa.DictionaryArray.from_arrays(zeros, pa.array([load_id]))
    return rows.append_column(pa.field(LOAD_ID, column.type, nullable=False), column)
