"""Pages of sessions: filtered, ordered and cut."""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable
from copy import copy
from dataclasses import dataclass
from itertools import chain
from typing import Literal

import orjson

from . import cursors
from .cursors import CursorKind, Key
from .enterprise import EnterpriseQuery, PullRequestDialect, enterprise_item
from .filters import matcher
from .query import Filters, Query
from .rows import Row
from .world import World

Order = Literal["created_desc", "created_asc", "updated_asc", "updated_desc"]

_KEPT = 8  # walks that may be under way at once without ordering the same rows again and again
_Walk = tuple[frozenset[str], Filters, Order]


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

    def __init__(self, rows: Iterable[Row], order: Order) -> None:
        self._field = "created_at" if order.startswith("created") else "updated_at"
        self._descending = order.endswith("desc")
        ascending = sorted((self.key(row), row) for row in rows)
        self._keys = [key for key, _ in ascending]
        self._rows = [row for _, row in ascending]
        self._begin, self._end = 0, len(ascending)

    def __len__(self) -> int:
        return self._end - self._begin

    def key(self, row: Row) -> Key:
        """The place of a session in the order."""
        return row.item[self._field], row.id

    def between(self, begin: int | None, end: int | None) -> "Ordered":
        """Those whose time is in a span, half open; they are not ordered again."""
        some = copy(self)
        if begin is not None:
            some._begin = bisect_left(self._keys, (begin, ""))
        if end is not None:
            some._end = max(some._begin, bisect_left(self._keys, (end, "")))
        return some

    def rows(self, start: int, end: int) -> list[Row]:
        """Those from one place to another."""
        if self._descending:
            first = max(self._end - end, self._begin)
            return self._rows[first : max(self._end - start, first)][::-1]
        return self._rows[self._begin + start : min(self._begin + end, self._end)]

    def start(self, query: Query, kind: CursorKind) -> int:
        """How many rows come before the page."""
        if query.after is None:
            return 0
        if kind == "offset":
            return cursors.read_offset(query.after)
        return self._after(cursors.read_keyset(query.after))

    def _after(self, key: Key) -> int:
        if self._descending:
            return self._end - max(bisect_left(self._keys, key), self._begin)
        return max(bisect_right(self._keys, key) - self._begin, 0)

    def cursor(self, end: int, kind: CursorKind) -> str | None:
        """The cursor of a page that ends before row `end`, or None if nothing is left."""
        if end >= len(self):
            return None
        last = self.rows(end - 1, end)[0]
        return cursors.offset(end) if kind == "offset" else cursors.keyset(self.key(last))


Shown = Callable[[Row], bytes]


def item(row: Row) -> bytes:
    """A session as JSON."""
    return row.body


class Listing:
    """Cuts pages out of a world.

    Args:
        world: The sessions.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self._version = -1
        self._ordered: dict[_Walk, Ordered] = {}

    def page(self, org_id: str, query: Query, paging: Paging, shown: Shown = item) -> bytes:
        """A page as JSON: `items`, `end_cursor`, `has_next_page` and `total`.

        Args:
            org_id: The organisation.
            query: Which of its sessions.
            paging: In which order, and how the next page is named.
            shown: Makes the JSON of a session.

        Raises:
            BadCursor: The cursor is not one of this way of paging.
        """
        with self._world.lock:
            ordered = self._order(frozenset({org_id}), query.filters, paging.order)
            start = ordered.start(query, paging.cursors)
            end = start + query.first
            items = b",".join([shown(row) for row in ordered.rows(start, end)])
        cursor = ordered.cursor(end, paging.cursors)
        total = len(ordered) if paging.totals else None
        rest = {"end_cursor": cursor, "has_next_page": cursor is not None, "total": total}
        return b'{"items":[' + items + b"]," + orjson.dumps(rest)[1:]

    def enterprise_page(self, query: EnterpriseQuery, dialect: PullRequestDialect) -> bytes:
        """A page of v2 as JSON: `items`, `total`, `skip`, `limit`, `has_more` and `next_cursor`."""
        org_ids = frozenset(self._world.org_ids) & (query.org_ids or frozenset(self._world.org_ids))
        order: Order = "created_asc" if query.order == "asc" else "created_desc"
        with self._world.lock:
            ordered = self._order(org_ids, query.filters, order)
            end = query.skip + query.limit
            items = [enterprise_item(row, dialect) for row in ordered.rows(query.skip, end)]
        has_more = end < len(ordered)
        return orjson.dumps(
            {
                "items": items,
                "total": len(ordered),
                "skip": query.skip,
                "limit": query.limit,
                "has_more": has_more,
                "next_cursor": end if has_more else None,
            }
        )

    def _order(self, org_ids: frozenset[str], filters: Filters, order: Order) -> Ordered:
        """Order once per state of the world; walks over a world at rest share the work."""
        if self._version != self._world.version or len(self._ordered) > _KEPT:
            self._ordered.clear()
            self._version = self._world.version
        span = filters.created_after, filters.created_before
        rest = filters
        if order.startswith("created"):
            rest = filters.model_copy(update={"created_after": None, "created_before": None})
        walk = (org_ids, rest, order)
        if walk not in self._ordered:
            rows = chain.from_iterable(self._world.rows(org_id) for org_id in org_ids)
            self._ordered[walk] = Ordered(filter(matcher(rest), rows), order)
        found = self._ordered[walk]
        return found if rest is filters else found.between(*span)
