"""Columns of sessions taken apart: one Arrow table for each table of the contract.

A session's pull requests, tags and links replace what was there before, also when there are none
left. For that each of these tables gets one marker row a session beside the real ones: it says
which version of the session they belong to, and `merging` sees to it that it never arrives.
"""

from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

from .columns import SECONDS, Columns, sums, together
from .pull_requests import parse_addresses
from .tables import LINKS, PULL_REQUESTS, SESSIONS, SNAPSHOTS, TAGS, Table

TIMESTAMP = pa.timestamp("us", "UTC")

_Made = dict[str, pa.Array]
"""Columns by name, of one length each."""


def tables(several: Sequence[Columns]) -> dict[str, pa.Table]:
    """The rows that columns make.

    Args:
        several: Columns of one version of the API; no session is in two of them.

    Returns:
        An Arrow table for each of `sessions`, its children and `session_snapshots`, by name, in
        the columns' order of the contract.
    """
    of = together(several)
    entries = _Entries(of)
    sessions = of | _times(of, several) | _of_listed(several[0].api_version, of)
    sessions |= {f"{state}_pull_request_count": entries.in_state(state) for state in _COUNTED}
    marked = of["session_id"].slice(0, len(of["marker"]))
    return {
        SESSIONS.name: _table(SESSIONS, sessions),
        PULL_REQUESTS.name: _table(
            PULL_REQUESTS, entries.rows(), {"session_id": marked, "pr_url": of["marker"]}
        ),
        TAGS.name: _table(TAGS, _tags(of), {"session_id": marked, "tag": of["marker"]}),
        LINKS.name: _table(
            LINKS,
            _of_parents(of),
            _of_children(of),
            {
                "parent_session_id": marked,
                "child_session_id": marked,
                "declared_by": of["marker"],
                "session_id": marked,
            },
        ),
        SNAPSHOTS.name: _table(SNAPSHOTS, sessions),
    }


_COUNTED = ("merged", "closed")


def _times(of: _Made, several: Sequence[Columns]) -> _Made:
    seen_at = [pa.repeat(pa.scalar(each.seen_at, SECONDS), len(each)) for each in several]
    return {
        "created_at": of["created_at"].cast(TIMESTAMP),
        "updated_at": of["updated_at"].cast(TIMESTAMP),
        "extracted_at": pa.concat_arrays(seen_at).cast(TIMESTAMP),
        "deleted_at": pa.nulls(len(of["session_id"]), TIMESTAMP),  # they are listed
    }


def _of_listed(api_version: str, of: _Made) -> _Made:
    """What v3 leaves out is false; v2 does not tell."""
    archived = of["is_archived"]
    if api_version != "v2":
        archived = pc.fill_null(archived, pa.scalar(value=False))
    return {
        "is_archived": archived,
        "api_version": pa.repeat(api_version, len(archived)),
    }


class _Entries:
    """The pull requests of the sessions."""

    def __init__(self, of: _Made) -> None:
        self._of = of
        self._begins = sums(of["pull_request_count"])

    def rows(self) -> _Made:
        """The rows that they make."""
        urls = self._of["pr_url"]
        owners = _owners(pa.ListArray.from_arrays(self._begins.cast(pa.int32()), urls))
        host, repository, number = parse_addresses(urls)
        return {
            "session_id": self._of["session_id"].take(owners),
            "pr_url": urls,
            "pr_state": self._of["pr_state"],
            "host": host,
            "repository": repository,
            "number": number,
            "position": pc.subtract(pa.arange(0, len(urls)), self._begins.take(owners)),
        }

    def in_state(self, state: str) -> pa.Array:
        """How many of each session's are in a state."""
        are = pc.fill_null(pc.equal(self._of["pr_state"], state), pa.scalar(value=False))
        before = sums(are.cast(pa.int64())).take(self._begins)
        return pc.subtract(before[1:], before[:-1])


def _tags(of: _Made) -> _Made:
    tags = of["tags"]
    return {"session_id": of["session_id"].take(_owners(tags)), "tag": tags.flatten()}


def _of_parents(of: _Made) -> _Made:
    """The links that the children declare."""
    parents = of["parent_session_id"]
    declared = parents.is_valid()
    children = of["session_id"].filter(declared)
    return {
        "parent_session_id": parents.filter(declared),
        "child_session_id": children,
        "declared_by": pa.repeat("child", len(children)),
        "session_id": children,
    }


def _of_children(of: _Made) -> _Made:
    """The links that the parents declare."""
    children = of["child_session_ids"]
    parents = of["session_id"].take(_owners(children))
    return {
        "parent_session_id": parents,
        "child_session_id": children.flatten(),
        "declared_by": pa.repeat("parent", len(parents)),
        "session_id": parents,
    }


def _owners(lists: pa.ListArray) -> pa.Array:
    """For each entry of the lists, which of them it is in."""
    return pc.list_parent_indices(lists)


def _table(table: Table, *parts: _Made) -> pa.Table:
    """Rows of a table, of several parts; a column that a part has not is null there."""
    schema, key = table.arrow_schema, table.key[0]
    columns = [
        pa.concat_arrays(
            [
                part[field.name] if field.name in part else pa.nulls(len(part[key]), field.type)
                for part in parts
            ]
        )
        for field in schema
    ]
    return pa.Table.from_arrays(columns, schema=schema)
