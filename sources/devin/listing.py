"""The v3 listing of an organisation's sessions: parameters out, a page in."""

from dataclasses import dataclass, field
from typing import NamedTuple

from .client import Client, Reply, path_segment
from .filters import Filters
from .models import Page, Session, decode_page

LARGEST_PAGE = 200
"""Sessions a page may hold at most (the API's documented maximum of `first`)."""


class Bounds(NamedTuple):
    """What a walk asks for, in epoch seconds; None for no bound.

    Whether the API includes the ends of a bound is not documented, so whoever asks makes them one
    second wider than needed and filters the rows.
    """

    created_after: int | None = None
    created_before: int | None = None
    updated_after: int | None = None

    def params(self) -> list[tuple[str, str]]:
        """The query parameters of the bounds that are set."""
        return [(name, str(value)) for name, value in self._asdict().items() if value is not None]

    def excluding(self, session: Session) -> str | None:
        """The bound that a returned session lies outside of; None if it is within all of them."""
        if self.created_after is not None and session["created_at"] < self.created_after:
            return f"created_after={self.created_after}"
        if self.created_before is not None and session["created_at"] > self.created_before:
            return f"created_before={self.created_before}"
        if self.updated_after is not None and session["updated_at"] < self.updated_after:
            return f"updated_after={self.updated_after}"
        return None


@dataclass(frozen=True)
class Listing:
    """The sessions of one organisation, as far as the filters let them through.

    Attributes:
        client: The connection.
        org_id: The organisation.
        filters: What is asked for; empty for all.
        page_size: Sessions a page, 1 to `LARGEST_PAGE`.
    """

    client: Client
    org_id: str
    filters: Filters = field(default_factory=Filters)
    page_size: int = LARGEST_PAGE

    @property
    def path(self) -> str:
        """The path of the endpoint."""
        return f"/v3/organizations/{path_segment(self.org_id)}/sessions"

    @property
    def name(self) -> str:
        """The name of the scope: what is listed, in words that never change for it."""
        filters = self.filters.describe()
        return f"v3/{self.org_id}" + (f"?{filters}" if filters else "")

    def page(self, bounds: Bounds, cursor: str | None) -> Reply[Page]:
        """Fetch one page.

        Args:
            bounds: The span that is walked; the same for each page of a walk.
            cursor: The `end_cursor` of the page before; None for the first.

        Returns:
            The page, and the moment it was asked for by the API's clock.
        """
        params = [("first", str(self.page_size)), *bounds.params(), *self.filters.params()]
        if cursor is not None:
            params.append(("after", cursor))
        return self.client.get(self.path, params, decode_page)
