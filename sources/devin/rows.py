"""Sessions to columns, and columns to rows: one Arrow table for each table of the contract.

A session's pull requests, tags and links replace what was there before, also when there are none
left. For that each of these tables gets one marker row a session beside the real ones: it says
which version of the session they belong to, and `merging` sees to it that it never arrives.
"""

import json
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from itertools import chain
from typing import Any, Protocol

import pyarrow as pa
from msgspec.structs import astuple

from .pull_requests import parse_address
from .session import MARKER, RejectedItem, Session, bare_id
from .tables import (
    CHILDREN,
    LINKS,
    LOAD_ID,
    PULL_REQUESTS,
    REJECTED,
    SESSIONS,
    SNAPSHOTS,
    TAGS,
    Kind,
    Table,
)

MICROSECONDS = 1_000_000
TEXT, TIMESTAMP = pa.string(), pa.timestamp("us", "UTC")
Row = tuple[Any, ...]
_NONE: list[Row] = []


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


def marker(session: Session, seen_at: int) -> str:
    """The text of the marker row of a session: which version its children belong to.

    `MARKER`, then when the session last changed and when the API was asked, 25 characters each.
    """
    return MARKER + _iso(session.updated_at) + _iso(seen_at)


@lru_cache(maxsize=64)  # all sessions of a page were asked for at one moment
def _iso(epoch: int) -> str:
    return datetime.fromtimestamp(epoch, UTC).isoformat()


_ENCODER = json.JSONEncoder(ensure_ascii=False)


def json_text(value: Any) -> str | None:
    """JSON text that every destination can hold; None for None.

    U+0000 becomes U+FFFD, and a number that JSON has no form for its name: `"NaN"`, `"Infinity"`.
    """
    if value is None:
        return None
    text = _ENCODER.encode(value)
    suspect = "\\u0000" in text or "NaN" in text or "Infinity" in text
    return _ENCODER.encode(_storable(value)) if suspect else text


def _storable(value: Any) -> Any:
    if isinstance(value, str):
        return value.replace("\x00", "\ufffd")
    if isinstance(value, float) and not math.isfinite(value):
        return json.dumps(value)
    if isinstance(value, Mapping):
        return {_storable(key): _storable(entry) for key, entry in value.items()}
    return [_storable(entry) for entry in value] if isinstance(value, list) else value


_TO_ARROW: dict[Kind, Callable[[list[Any]], pa.Array]] = {
    "text": lambda values: pa.array(values, TEXT),
    "json": lambda values: pa.array(values, TEXT),
    "double": lambda values: pa.array(values, pa.float64()),
    "bigint": lambda values: pa.array(values, pa.int64()),
    "bool": lambda values: pa.array(values, pa.bool_()),
    "timestamp": lambda values: pa.array(values, pa.timestamp("s", "UTC")).cast(TIMESTAMP),
    "date": lambda values: pa.array(values, pa.date32()),
}


class Columns:
    """What sessions make, column by column, in plain values: moments are epoch seconds.

    For that nothing has to be asked of Arrow, which lets go of Python's lock each time: of many
    threads each may make those of its page, while it has them at hand.

    Args:
        sessions: The sessions, each at most once.
        seen_at: The moment the API was asked for them, in epoch seconds.
        api_version: Version of the API that they were read from.
        marked: Whether the children's tables hold marker rows besides.
    """

    def __init__(
        self, sessions: Sequence[Session], seen_at: int, api_version: str, *, marked: bool
    ) -> None:
        self.api_version = api_version
        listed = [_listed(session) for session in sessions]
        # All columns at once: nothing else takes them out as fast.
        of_each: Iterable[Any] = zip(*map(astuple, sessions), strict=True) if sessions else _NO_ROWS
        values = {
            name: list(of) for name, of in zip(Session.__struct_fields__, of_each, strict=True)
        }
        ids = values["session_id"]
        values["extracted_at"] = [seen_at] * len(ids)
        values["is_archived"] = _archived(values["is_archived"], api_version)
        values["parent_session_id"] = [
            bare_id(name) if name else None for name in values["parent_session_id"]
        ]
        for name in ("structured_output", "extra"):
            values[name] = list(map(json_text, values[name]))
        values["pull_request_count"] = list(map(len, listed))
        values["merged_pull_request_count"] = [_in_state(rows, "merged") for rows in listed]
        values["closed_pull_request_count"] = [_in_state(rows, "closed") for rows in listed]
        self.values = values
        pull_requests: list[Row] = list(chain.from_iterable(listed))
        tags: list[Row] = [
            (name, tag)
            for name, of in zip(ids, values["tags"], strict=True)
            if of
            for tag in dict.fromkeys(of)
        ]
        links: list[Row] = list(_links(sessions))
        if marked:
            markers = [marker(session, seen_at) for session in sessions]
            pull_requests += zip(ids, markers, *[[None] * len(ids)] * 5, strict=True)
            tags += zip(ids, markers, strict=True)
            links += zip(ids, ids, markers, ids, strict=True)
        self.children = {PULL_REQUESTS.name: pull_requests, TAGS.name: tags, LINKS.name: links}

    def __len__(self) -> int:
        """How many sessions there are."""
        return len(self.session_ids)

    @property
    def session_ids(self) -> list[str]:
        """Ids of the sessions, in order."""
        return self.values["session_id"]


def tables(several: Sequence[Columns]) -> dict[str, pa.Table]:
    """The rows that columns make.

    Args:
        several: Columns of one version of the API; no session is in two of them.

    Returns:
        An Arrow table for each of `sessions`, its children and `session_snapshots`, by name, in
        the columns' order of the contract.
    """
    number = sum(map(len, several))
    made: dict[str, pa.Array] = {
        "deleted_at": pa.nulls(number, TIMESTAMP),  # they are listed
        "api_version": pa.repeat(several[0].api_version, number),
    }
    for column in (*SESSIONS.columns, *SNAPSHOTS.columns):
        if column.name not in made:
            values = list(chain.from_iterable(each.values[column.name] for each in several))
            made[column.name] = _TO_ARROW[column.kind](values)
    rows = {
        table.name: pa.Table.from_arrays(
            [made[column.name] for column in table.columns], schema=table.arrow_schema
        )
        for table in (SESSIONS, SNAPSHOTS)
    }
    for table in CHILDREN:
        of_all = list(chain.from_iterable(each.children[table.name] for each in several))
        rows[table.name] = arrow_table(table, of_all)
    return rows


_NO_ROWS: list[list[Any]] = [[] for _ in Session.__struct_fields__]


def _archived(values: list[bool | None], api_version: str) -> list[bool | None]:
    """What v3 leaves out is false; v2 does not tell."""
    unknown = None if api_version == "v2" else False
    return [unknown if value is None else value for value in values]


def _listed(session: Session) -> list[Row]:
    """The rows of its pull requests.

    One of each address, in the places of the first ones, in the state of the last.
    """
    entries = session.pull_requests
    if not entries:
        return _NONE
    states = {entry.pr_url: entry.pr_state for entry in entries}
    name = session.session_id
    return [
        (name, url, state.lower() if state else None, *parse_address(url), position)
        for position, (url, state) in enumerate(states.items())
    ]


def _in_state(listed: list[Row], state: str) -> int:
    """How many of a session's pull requests are in a state."""
    return sum(row[_STATE] == state for row in listed) if listed else 0


_STATE = [column.name for column in PULL_REQUESTS.columns].index("pr_state")


def _links(sessions: Iterable[Session]) -> Iterator[Row]:
    for session in sessions:
        name, parent, children = (
            session.session_id,
            session.parent_session_id,
            session.child_session_ids,
        )
        if parent:
            yield bare_id(parent), name, "child", name
        if children:
            for child in dict.fromkeys(map(bare_id, filter(None, children))):
                yield name, child, "parent", name
