"""Pages of lists that are short enough to be made anew for each page."""

from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel, Field

from . import cursors
from .cursors import BadCursor
from .query import InvalidQuery


class PageQuery(BaseModel):
    """Which part of a list to send."""

    first: int = Field(default=100, ge=1, le=200)
    after: str | None = None


def page(items: Sequence[dict[str, Any]], query: PageQuery, totals: bool) -> dict[str, Any]:
    """The part of a list: `items`, `end_cursor`, `has_next_page` and `total`.

    Raises:
        InvalidQuery: The cursor is not one of this kind of list.
    """
    start = 0 if query.after is None else _start(query.after)
    end = start + query.first
    more = end < len(items)
    return {
        "items": items[start:end],
        "end_cursor": cursors.offset(end) if more else None,
        "has_next_page": more,
        "total": len(items) if totals else None,
    }


def invalid_cursor() -> InvalidQuery:
    """The refusal of a cursor."""
    return InvalidQuery(
        [{"loc": ["query", "after"], "msg": "Invalid cursor", "type": "value_error"}]
    )


def _start(cursor: str) -> int:
    try:
        return cursors.read_offset(cursor)
    except BadCursor:
        raise invalid_cursor() from None
