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
from typing import Any, NamedTuple, Protocol

import pyarrow as pa

from .models import MARKER, PullRequest, RejectedItem, Session, bare_id, extra_fields
from .pull_requests import parse_address
from .tables import LINKS, PULL_REQUESTS, REJECTED, SESSIONS, SNAPSHOTS, TAGS, Table

MICROSECONDS = 1_000_000
Row = tuple[Any, ...]


class Observed(NamedTuple):
    """A session and the moment the API was asked for it, in epoch seconds."""

    session: Session
    seen_at: int


def session_tables(observed: Sequence[Observed], api_version: str = "v3") -> dict[str, pa.Table]:
    """The rows that sessions make.

    Args:
        observed: The sessions, each at most once.
        api_version: Version of the API that they were read from.

    Returns:
        An Arrow table for each of `sessions`, its children and `session_snapshots`, by name, in
        the columns' order of the contract. The children's hold marker rows besides.
    """
    marked = [(item, marker(item)) for item in observed]
    rows: list[tuple[Table, list[Row]]] = [
        (SESSIONS, [_session(api_version, item) for item in observed]),
        (PULL_REQUESTS, [row for pair in marked for row in _pull_requests(*pair)]),
        (TAGS, [row for pair in marked for row in _tags(*pair)]),
        (LINKS, [row for pair in marked for row in _links(*pair)]),
        (SNAPSHOTS, [_snapshot(item) for item in observed]),
    ]
    return {table.name: arrow_table(table, made) for table, made in rows}


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
    column = pa.DictionaryArray.from_arrays(
        pa.array([0] * rows.num_rows, pa.int8()), pa.array([load_id])
    )
    return rows.append_column(pa.field("_dlt_load_id", column.type, nullable=False), column)


def marker(item: Observed) -> str:
    """The text of the marker row of a session: which version its children belong to.

    `MARKER`, then when the session last changed and when the API was asked, 25 characters each.
    """
    moments = (item.session["updated_at"], item.seen_at)
    return MARKER + "".join(map(_iso, moments))


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


def _session(api_version: str, item: Observed) -> Row:
    session, seen_at = item
    parent = session.get("parent_session_id")
    return (
        session["session_id"],
        session["org_id"],
        session["url"],
        session.get("title"),
        session["status"],
        session.get("status_detail"),
        session.get("origin"),
        session.get("category"),
        session.get("subcategory"),
        _archived(session, api_version),
        session["created_at"] * MICROSECONDS,
        session["updated_at"] * MICROSECONDS,
        None,  # deleted_at: it is listed
        session["acus_consumed"],
        session.get("user_id"),
        session.get("service_user_id"),
        session.get("playbook_id"),
        session.get("automation_id"),
        session.get("devin_mode"),
        bare_id(parent) if parent else None,
        json_text(session.get("structured_output")),
        json_text(extra_fields(session)),
        api_version,
        seen_at * MICROSECONDS,
    )


def _archived(session: Session, api_version: str) -> bool | None:
    """What v3 leaves out is false; v2 does not tell."""
    unknown = api_version == "v2" and session.get("is_archived") is None
    return None if unknown else bool(session.get("is_archived"))


def _pull_requests(item: Observed, mark: str) -> Iterator[Row]:
    session_id = item.session["session_id"]
    yield (session_id, mark, None, None, None, None, None)
    for position, pull_request in enumerate(_distinct(item.session["pull_requests"])):
        url = pull_request["pr_url"]
        yield (session_id, url, _state(pull_request), *parse_address(url), position)


def _tags(item: Observed, mark: str) -> Iterator[Row]:
    session_id = item.session["session_id"]
    yield (session_id, mark)
    for tag in dict.fromkeys(item.session["tags"]):
        yield (session_id, tag)


def _links(item: Observed, mark: str) -> Iterator[Row]:
    session_id = item.session["session_id"]
    yield (session_id, session_id, mark, session_id)
    if parent := item.session.get("parent_session_id"):
        yield (bare_id(parent), session_id, "child", session_id)
    children = map(bare_id, filter(None, item.session.get("child_session_ids") or ()))
    for child in dict.fromkeys(children):
        yield (session_id, child, "parent", session_id)


def _snapshot(item: Observed) -> Row:
    session, seen_at = item
    states = [_state(pull_request) for pull_request in _distinct(session["pull_requests"])]
    return (
        session["session_id"],
        session["updated_at"] * MICROSECONDS,
        session["org_id"],
        session["status"],
        session.get("status_detail"),
        session["acus_consumed"],
        len(states),
        states.count("merged"),
        seen_at * MICROSECONDS,
    )


def _distinct(pull_requests: list[PullRequest]) -> Iterable[PullRequest]:
    """One of each address, in the places of the first ones, in the state of the last."""
    return {entry["pr_url"]: entry for entry in pull_requests}.values()


def _state(pull_request: PullRequest) -> str | None:
    state = pull_request.get("pr_state")
    return state.lower() if state else None
