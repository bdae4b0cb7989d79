"""What the sessions of a page make, taken out of them while they are at hand.

All of it goes to Arrow in one call, as one row of lists. Arrow lets go of Python's lock at each
call, which many threads that do the same then wait for; and what stays with Arrow is a third of
what the sessions take, and makes no garbage.
"""

from collections.abc import Sequence
from copy import copy
from datetime import UTC, datetime
from functools import lru_cache
from itertools import chain
from operator import attrgetter
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from msgspec.structs import astuple

from .session import MARKER, PullRequest, Session, bare_id
from .tables import SESSIONS
from .texts import json_text

SECONDS, TEXT = pa.timestamp("s", "UTC"), pa.string()

_FIELDS = Session.__struct_fields__
_OF_SESSIONS = {
    column.name: SECONDS if pa.types.is_timestamp(column.type) else column.type
    for column in SESSIONS.arrow_schema
    if column.name in _FIELDS
}
_OF_CHILDREN = {
    "tags": pa.list_(TEXT),
    "child_session_ids": pa.list_(TEXT),
    "pull_request_count": pa.int64(),
    # One for each pull request of the sessions, in their order.
    "pr_url": TEXT,
    "pr_state": TEXT,
    # One for each session if they are marked, or none.
    "marker": TEXT,
}
_OF_PULL_REQUESTS = ("pr_url", "pr_state")

_PAGE = pa.struct([(name, pa.list_(kind)) for name, kind in (_OF_SESSIONS | _OF_CHILDREN).items()])


class Columns:
    """What sessions make, column by column.

    Args:
        sessions: The sessions.
        seen_at: The moment the API was asked for them, in epoch seconds.
        api_version: Version of the API that they were read from.
        marked: Whether the children's tables hold marker rows besides.

    Attributes:
        session_ids: Ids of the sessions, in order.
        created_at: When they were created, epoch seconds.
        updated_at: When they last changed, epoch seconds.
        seen_at: As given.
        api_version: As given.
        page: All that they make, as `together` reads it.
    """

    def __init__(
        self, sessions: Sequence[Session], seen_at: int, api_version: str, *, marked: bool
    ) -> None:
        self.seen_at = seen_at
        self.api_version = api_version
        # All columns at once: nothing else takes them out as fast.
        of_each: Any = zip(*map(astuple, sessions), strict=True) if sessions else _NO_ROWS
        values: dict[str, Any] = dict(zip(_FIELDS, of_each, strict=True))
        self.session_ids: list[str] = list(values["session_id"])
        self.created_at: list[int] = list(values["created_at"])
        self.updated_at: list[int] = list(values["updated_at"])
        values["parent_session_id"] = [
            bare_id(name) if name else None for name in values["parent_session_id"]
        ]
        for name in ("structured_output", "extra"):
            values[name] = [each if each is None else json_text(each) for each in values[name]]
        values["tags"] = list(map(_distinct, values["tags"]))
        values["child_session_ids"] = list(map(_children, values["child_session_ids"]))
        values |= _pull_requests(values.pop("pull_requests"))
        values["marker"] = [marker(session, seen_at) for session in sessions] if marked else []
        self.page = pa.array([values], _PAGE)

    def at(self, places: Sequence[int]) -> "Columns":
        """What the sessions at these places make, in this order."""
        if len(places) == len(self):
            return self
        some = copy(self)
        for name in ("session_ids", "created_at", "updated_at"):
            setattr(some, name, [getattr(self, name)[place] for place in places])
        of = together([self])
        ends = sums(of["pull_request_count"]).cast(pa.int32())
        taken = pa.array(places, pa.int64())
        for name, values in of.items():
            if name in _OF_PULL_REQUESTS:
                of[name] = pa.ListArray.from_arrays(ends, values).take(taken).flatten()
            elif len(values):
                of[name] = values.take(taken)
        lists = [pa.ListArray.from_arrays([0, len(values)], values) for values in of.values()]
        some.page = pa.StructArray.from_arrays(lists, fields=list(_PAGE))
        return some

    def __len__(self) -> int:
        """How many sessions there are."""
        return len(self.session_ids)


def together(several: Sequence[Columns]) -> dict[str, pa.Array]:
    """The columns of several pages, by name; moments are timestamps in seconds."""
    pages = pa.concat_arrays([each.page for each in several])
    return {field.name: pages.field(field.name).flatten() for field in _PAGE}


_NO_ROWS: list[list[Any]] = [[] for _ in _FIELDS]


def sums(numbers: pa.Array) -> pa.Array:
    """What the numbers before each add up to, and all of them."""
    return pa.concat_arrays([pa.array([0], pa.int64()), pc.cumulative_sum(numbers)])


def _distinct(names: list[str]) -> list[str]:
    return list(dict.fromkeys(names)) if len(names) > 1 else names


def _children(names: list[str] | None) -> list[str] | None:
    return list(dict.fromkeys(map(bare_id, filter(None, names)))) if names else None


def _pull_requests(of_each: Sequence[list[PullRequest]]) -> dict[str, list[Any]]:
    of_each = [_last_of_each(entries) if len(entries) > 1 else entries for entries in of_each]
    entries = list(chain.from_iterable(of_each))
    return {
        "pull_request_count": list(map(len, of_each)),
        "pr_url": list(map(_address, entries)),
        "pr_state": [state.lower() if state else None for state in map(_state, entries)],
    }


def _last_of_each(entries: list[PullRequest]) -> list[PullRequest]:
    """One of each address, in the places of the first ones, in the state of the last."""
    return list({entry.pr_url: entry for entry in entries}.values())


_address, _state = attrgetter("pr_url"), attrgetter("pr_state")


def marker(session: Session, seen_at: int) -> str:
    """The text of the marker row of a session: which version its children belong to.

    `MARKER`, then when the session last changed and when the API was asked, 25 characters each.
    """
    return MARKER + _iso(session.updated_at) + _iso(seen_at)


@lru_cache(maxsize=64)  # all sessions of a page were asked for at one moment
def _iso(epoch: int) -> str:
    return datetime.fromtimestamp(epoch, UTC).isoformat()
