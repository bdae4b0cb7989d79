"""Sessions to rows: one Arrow table for each table of the contract.

A session's pull requests, tags and links replace what was there before, also when there are none
left. For that each of these tables gets one marker row a session beside the real ones: it says
which version of the session they belong to, and `merging` sees to it that it never arrives.
"""

import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from operator import attrgetter
from typing import Any, Protocol

import pyarrow as pa

from .pull_requests import parse_address
from .session import MARKER, RejectedItem, Session, bare_id
from .tables import LINKS, PULL_REQUESTS, REJECTED, SESSIONS, SNAPSHOTS, TAGS, Table

MICROSECONDS = 1_000_000
TEXT, TIMESTAMP = pa.string(), pa.timestamp("us", "UTC")
Row = tuple[Any, ...]
_NONE: list[Row] = []


def session_tables(
    sessions: Sequence[Session],
    seen_at: Sequence[int],
    api_version: str = "v3",
    *,
    marked: bool = True,
) -> dict[str, pa.Table]:
    """The rows that sessions make.

    Args:
        sessions: The sessions, each at most once.
        seen_at: For each the moment the API was asked for it, in epoch seconds.
        api_version: Version of the API that they were read from.
        marked: Whether the children's tables hold marker rows besides.

    Returns:
        An Arrow table for each of `sessions`, its children and `session_snapshots`, by name, in
        the columns' order of the contract.
    """
    columns = _Columns(sessions, seen_at, api_version)
    listed = [_listed(session) for session in sessions]
    pull_requests: list[Row] = [row for rows in listed for row in rows]
    tags: list[Row] = [(s.session_id, tag) for s in sessions for tag in dict.fromkeys(s.tags)]
    links: list[Row] = list(_links(sessions))
    if marked:
        ids = [session.session_id for session in sessions]
        markers = list(map(marker, sessions, seen_at))
        pull_requests += zip(ids, markers, *[[None] * len(ids)] * 5, strict=True)
        tags += zip(ids, markers, strict=True)
        links += zip(ids, ids, markers, ids, strict=True)
    return {
        SESSIONS.name: columns.table(SESSIONS),
        PULL_REQUESTS.name: arrow_table(PULL_REQUESTS, pull_requests),
        TAGS.name: arrow_table(TAGS, tags),
        LINKS.name: arrow_table(LINKS, links),
        SNAPSHOTS.name: columns.table(SNAPSHOTS, **_counts(listed)),
    }


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
    return rows.append_column(pa.field("_dlt_load_id", column.type, nullable=False), column)


def marker(session: Session, seen_at: int) -> str:
    """The text of the marker row of a session: which version its children belong to.

    `MARKER`, then when the session last changed and when the API was asked, 25 characters each.
    """
    return MARKER + _iso(session.updated_at) + _iso(seen_at)


@lru_cache(maxsize=64)  # all sessions of a page were asked for at one moment
def _iso(epoch: int) -> str:
    return datetime.fromtimestamp(epoch, UTC).isoformat()


def json_text(value: Any) -> str | None:
    """JSON text that every destination can hold; None for None.

    U+0000 becomes U+FFFD, and a number that JSON has no form for its name: `"NaN"`, `"Infinity"`.
    """
    if value is None:
        return None
    text = json.dumps(value, ensure_ascii=False)
    suspect = any(sign in text for sign in ("\\u0000", "NaN", "Infinity"))
    return json.dumps(_storable(value), ensure_ascii=False) if suspect else text


def _storable(value: Any) -> Any:
    if isinstance(value, str):
        return value.replace("\x00", "\ufffd")
    if isinstance(value, float) and not math.isfinite(value):
        return json.dumps(value)
    if isinstance(value, Mapping):
        return {_storable(key): _storable(entry) for key, entry in value.items()}
    return [_storable(entry) for entry in value] if isinstance(value, list) else value


class _Columns:
    """The columns that sessions make, one row a session; those of several tables once.

    Columns, not rows: this is done for every session there is.
    """

    def __init__(self, sessions: Sequence[Session], seen_at: Sequence[int], version: str) -> None:
        self._sessions = sessions
        self._made: dict[str, pa.Array] = {
            "deleted_at": pa.nulls(len(sessions), TIMESTAMP),  # they are listed
            "api_version": pa.repeat(version, len(sessions)),
            "extracted_at": _moments(seen_at),
            "created_at": _moments(self._values("created_at")),
            "updated_at": _moments(self._values("updated_at")),
            "is_archived": pa.array(_archived(self._values("is_archived"), version), pa.bool_()),
            "parent_session_id": pa.array(
                [bare_id(name) if name else None for name in self._values("parent_session_id")],
                TEXT,
            ),
            "structured_output": _json(self._values("structured_output")),
            "extra": _json(self._values("extra")),
        }

    def table(self, table: Table, **besides: pa.Array) -> pa.Table:
        """The rows of a table that has these columns, and some besides."""
        schema, made = table.arrow_schema, self._made
        made.update(besides)
        for field in schema:
            if field.name not in made:
                made[field.name] = pa.array(self._values(field.name), field.type)
        return pa.Table.from_arrays([made[field.name] for field in schema], schema=schema)

    def _values(self, name: str) -> list[Any]:
        return list(map(attrgetter(name), self._sessions))


def _moments(epochs: Sequence[int]) -> pa.Array:
    return pa.array(epochs, pa.int64()).cast(pa.timestamp("s", "UTC")).cast(TIMESTAMP)


def _archived(values: Iterable[bool | None], api_version: str) -> Iterator[bool | None]:
    """What v3 leaves out is false; v2 does not tell."""
    unknown = None if api_version == "v2" else False
    return (unknown if value is None else value for value in values)


def _json(values: Iterable[Any]) -> pa.Array:
    return pa.array([None if value is None else json_text(value) for value in values], TEXT)


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


def _counts(listed: list[list[Row]]) -> dict[str, pa.Array]:
    """How many pull requests a session has, and how many of them are merged."""
    state = PULL_REQUESTS.arrow_schema.get_field_index("pr_state")
    merged = [sum(row[state] == "merged" for row in rows) if rows else 0 for rows in listed]
    return {
        "pull_request_count": pa.array([len(rows) for rows in listed], pa.int64()),
        "merged_pull_request_count": pa.array(merged, pa.int64()),
    }
