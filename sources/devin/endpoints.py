"""An endpoint beside the listing of sessions: how it is asked, and what a refusal means."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from . import errors
from .client import Client, Params, Reply, UndecodableBody, path_segment
from .fields import Item
from .identity import decode_object
from .listing import LARGEST_PAGE

MOST_PAGES = 20_000
"""Pages of one endpoint, after which it is endless."""

_DAY = 86_400
_PERMISSION = re.compile(r"\b(?:View|Manage|Use)[A-Z]\w+")


@dataclass(frozen=True)
class Endpoint:
    """An endpoint.

    Attributes:
        path: Its path, with the names of ids in braces.
        permission: The permission that it takes, as documented.
        params: What it is always asked with.
        is_list: Whether it answers with pages of items; else with one object about a span.
    """

    path: str
    permission: str
    params: tuple[tuple[str, str], ...] = ()
    is_list: bool = True

    def path_of(self, **ids: str) -> str:
        """The path of these ids, percent-encoded."""
        return self.path.format(**{name: path_segment(value) for name, value in ids.items()})

    def items(self, client: Client, params: Params = (), **ids: str) -> Iterator[Reply[list[Item]]]:
        """Ask for all pages, one after another.

        Args:
            client: The connection.
            params: What to ask for besides.
            ids: The ids that the path names.

        Yields:
            The items of a page.

        Raises:
            CursorBroken: A cursor repeated itself, or is missing.
            PagesEndless: There was no end to them.
            DevinError: Whatever the client raises.
        """
        path, followed = self.path_of(**ids), set[str]()
        asked = [("first", str(LARGEST_PAGE)), *self.params, *params]
        after: list[tuple[str, str]] = []
        while True:
            reply = client.get(path, asked + after, _decode_page)
            yield Reply(reply.value.items, reply.began, reply.size)
            cursor = reply.value.following
            if cursor is None:
                return
            if not cursor or cursor in followed:
                told = "missing" if not cursor else f"{cursor!r} once more"
                raise errors.CursorBroken(f"GET {path}: more pages are announced, cursor {told}")
            if len(followed) >= MOST_PAGES:
                raise errors.PagesEndless(f"GET {path}: no end after {MOST_PAGES:,} pages")
            followed.add(cursor)
            after = [("after", cursor)]

    def object(self, client: Client, params: Params = (), **ids: str) -> Reply[Item]:
        """Ask for the one object that it answers with.

        Raises:
            DevinError: Whatever the client raises.
        """
        return client.get(self.path_of(**ids), [*self.params, *params], decode_object)

    def first(self, client: Client, now: int, **ids: str) -> None:
        """Ask for as little as possible, to find out whether one may.

        Raises:
            DevinError: One may not, or whatever else the client raises.
        """
        span = [("time_after", str(now - _DAY)), ("time_before", str(now))]
        self.object(client, [("first", "1")] if self.is_list else span, **ids)


class Denial(NamedTuple):
    """Why an endpoint cannot be read by this token.

    Attributes:
        permission: The permission that is missing; None where that is not it.
        message: What the API said.
    """

    permission: str | None
    message: str


def denial(error: errors.DevinError, endpoint: Endpoint) -> Denial | None:
    """What a refusal means; None where the error is none, so that asking again may help."""
    if isinstance(error, errors.OrganizationUnknown | errors.TokenRejected):
        return Denial(None, error.message)
    if not isinstance(error, errors.PermissionMissing):
        return None
    named = _PERMISSION.search(error.message)
    return Denial(named[0] if named else endpoint.permission, error.message)


class _Page(NamedTuple):
    items: list[Item]
    following: str | None
    """The cursor of the next page, empty where that is missing; None for the last page."""


def _decode_page(body: bytes) -> _Page:
    page: dict[str, Any] = decode_object(body)
    items, cursor = page.get("items"), page.get("end_cursor")
    if not isinstance(items, list):
        raise UndecodableBody("no list of items")
    # An entry that is no object has no field that could be read.
    found = [item if isinstance(item, dict) else {} for item in items]
    return _Page(found, str(cursor or "") if page.get("has_next_page") else None)
