"""Pages of sessions: filtered, ordered and cut."""

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from typing import Literal

import orjson

from . import cursors
from .cursors import CursorKind, Key
from .filters import matcher
from .query import Filters, Query
from .rows import Row
from .world import World

Order = Literal["created_desc", "created_asc", "updated_asc", "updated_desc"]

_KEPT = 8  # walks that may be under way at once without ordering the same rows again and again
_Walk = tuple[str, Filters, Order]


@dataclass(frozen=True)
class Paging:
    """How the server pages; the client has no say in it.

    Attributes:
        order: By which time and in which direction; equal times go by id the same way.
        cursors: What a cursor remembers: the last row sent, or how many rows were sent.
        totals: Whether a page tells the number of all matching sessions.
    """

    order: Order = "created_desc"
    cursors: CursorKind = "keyset"
    totals: bool = True


class Ordered:
    """The sessions that match, in the order they are sent.

    Args:
        rows: The sessions, in any order.
        order: The order to send them in.
    """

    def __init__(self, rows: list[Row], order: Order) -> None:
        self._field = "created_at" if order.startswith("created") else "updated_at"
        self._descending = order.endswith("desc")
        ascending = sorted((self.key(row), row) for row in rows)
        self._keys = [key for key, _ in ascending]
        self.rows = [row for _, row in ascending]
        if self._descending:
            self.rows.reverse()

    def key(self, row: Row) -> Key:
        """The place of a session in the order."""
        return row.item[self._field], row.id

    def start(self, query: Query, kind: CursorKind) -> int:
        """How many rows come before the page."""
        if query.after is None:
            return 0
        if kind == "offset":
            return cursors.read_offset(query.after)
        return self._after(cursors.read_keyset(query.after))

    def _after(self, key: Key) -> int:
        if self._descending:
            return len(self._keys) - bisect_left(self._keys, key)
        return bisect_right(self._keys, key)

    def cursor(self, end: int, kind: CursorKind) -> str | None:
        """The cursor of a page that ends before row `end`, or None if nothing is left."""
        if end >= len(self.rows):
            return None
        return (
            cursors.offset(end)
            if kind == "offset"
            else cursors.keyset(self.key(self.rows[end - 1]))
        )


class Listing:
    """Cuts pages out of a world.

    Args:
        world: The sessions.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self._version = -1
        self._ordered: dict[_Walk, Ordered] = {}

    def page(self, org_id: str, query: Query, paging: Paging) -> bytes:
        """A page as JSON: `items`, `end_cursor`, `has_next_page` and `total`.

        Raises:
            BadCursor: The cursor is not one of this way of paging.
        """
        with self._world.lock:
            ordered = self._order(org_id, query.filters, paging.order)
            start = ordered.start(query, paging.cursors)
            end = start + query.first
            items = b",".join([row.body for row in ordered.rows[start:end]])
        cursor = ordered.cursor(end, paging.cursors)
        total = len(ordered.rows) if paging.totals else None
        rest = {"end_cursor": cursor, "has_next_page": cursor is not None, "total": total}
        return b'{"items":[' + items + b"]," + orjson.dumps(rest)[1:]

    def _order(self, org_id: str, filters: Filters, order: Order) -> Ordered:
        """Order once per state of the world; walks over a world at rest share the work."""
        if self._version != self._world.version or len(self._ordered) > _KEPT:
            self._ordered.clear()
            self._version = self._world.version
        walk = (org_id, filters, order)
        if walk not in self._ordered:
            rows = list(filter(matcher(filters), self._world.rows(org_id)))
            self._ordered[walk] = Ordered(rows, order)
        return self._ordered[walk]
