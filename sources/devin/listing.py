"""The listings of sessions, of an organisation and of an enterprise: parameters out, a page in."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import ClassVar, NamedTuple

from .client import Client, Reply, path_segment
from .decoding import Decoder
from .filters import Contradiction, Filters, described
from .session import Page, Session, Sessions

LARGEST_PAGE = 200
"""Sessions a page may hold at most (the API's documented maximum, of `first` and of `limit`)."""


class Bounds(NamedTuple):
    """What a walk asks for, in epoch seconds; None for no bound.

    Whether the API includes the ends of a bound is not documented, so whoever asks makes them one
    second wider than needed and filters the rows.
    """

    created_after: int | None = None
    created_before: int | None = None
    updated_after: int | None = None

    def params(self) -> list[tuple[str, str]]:
        """The query parameters of the bounds that are set, as v3 calls and writes them."""
        return [(name, str(value)) for name, value in self._asdict().items() if value is not None]

    def excluding(self, sessions: Sequence[Session]) -> Contradiction | None:
        """The first session found that lies outside of a bound; None if all are within."""
        if not sessions:
            return None
        sessions = Sessions.of(sessions)
        created, updated = sessions.created_at, sessions.updated_at
        if self.created_after is not None and (oldest := min(created)) < self.created_after:
            return sessions[created.index(oldest)], f"created_after={self.created_after}"
        if self.created_before is not None and (newest := max(created)) > self.created_before:
            return sessions[created.index(newest)], f"created_before={self.created_before}"
        if self.updated_after is not None and (stalest := min(updated)) < self.updated_after:
            return sessions[updated.index(stalest)], f"updated_after={self.updated_after}"
        return None


@dataclass(frozen=True)
class Listing:
    """The sessions of one organisation, as far as the filters let them through: v3.

    Attributes:
        client: The connection.
        org_id: The organisation.
        filters: What is asked for; empty for all.
        page_size: Sessions a page, 1 to `LARGEST_PAGE`.
        decoder: Reads its pages, and learns from them.
    """

    client: Client
    org_id: str
    filters: Filters = field(default_factory=Filters)
    page_size: int = LARGEST_PAGE
    decoder: Decoder = field(default_factory=Decoder, compare=False, repr=False)
    api_version: ClassVar[str] = "v3"

    @property
    def org_ids(self) -> tuple[str, ...]:
        """The organisations whose sessions are listed."""
        return (self.org_id,)

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
        return self.client.get(self.path, params, self.decoder.decode)

    def reread(self, session_ids: Sequence[str]) -> Reply[Page]:
        """Fetch these sessions, whatever the filters say; a page of them at most."""
        params = [("first", str(LARGEST_PAGE)), *_of_sessions(session_ids)]
        return self.client.get(self.path, params, self.decoder.decode)

    def excluding(self, sessions: Sequence[Session]) -> Contradiction | None:
        """A session that contradicts what was asked for; None where none is seen to."""
        return self.filters.excluding(sessions)


@dataclass(frozen=True)
class EnterpriseListing:
    """The sessions of all organisations of an enterprise, or of some of them: v2.

    Its cursors are numbers of sessions to skip, its order is that of creation.

    Attributes:
        client: The connection.
        org_ids: The organisations; none for all there are.
        filters: What is asked for, of what v2 can filter by; empty for all.
        page_size: Sessions a page, 1 to `LARGEST_PAGE`.
        decoder: Reads its pages, and learns from them.
    """

    client: Client
    org_ids: tuple[str, ...] = ()
    filters: Filters = field(default_factory=Filters)
    page_size: int = LARGEST_PAGE
    api_version: ClassVar[str] = "v2"
    path: ClassVar[str] = "/v2/enterprise/sessions"

    @property
    def name(self) -> str:
        """The name of the scope: what is listed, in words that never change for it."""
        organisations = [("org_ids", self.org_ids)] if self.org_ids else []
        filters = described([*organisations, *self.filters.given()])
        return "v2/enterprise" + (f"?{filters}" if filters else "")

    def page(self, bounds: Bounds, cursor: str | None) -> Reply[Page]:
        """Fetch one page; see `Listing.page`."""
        organisations = [("org_ids", org_id) for org_id in self.org_ids]
        filters = [*_dated(bounds), *organisations, *self.filters.params()]
        return self._get(self.page_size, cursor or "0", filters)

    def reread(self, session_ids: Sequence[str]) -> Reply[Page]:
        """Fetch these sessions, whatever the filters say; a page of them at most."""
        return self._get(LARGEST_PAGE, "0", _of_sessions(session_ids))

    def excluding(self, sessions: Sequence[Session]) -> Contradiction | None:
        """A session that contradicts what was asked for; None where none is seen to."""
        if self.org_ids:
            for session in sessions:
                if session.org_id not in self.org_ids:
                    return session, "org_ids"
        return self.filters.excluding(sessions)

    def _get(self, limit: int, skip: str, filters: list[tuple[str, str]]) -> Reply[Page]:
        # Needed for v2 only, and slow to import.
        from .models_v2 import decode_enterprise_page

        params = [("limit", str(limit)), ("skip", skip), ("order", "asc"), *filters]
        return self.client.get(self.path, params, decode_enterprise_page)


def _of_sessions(session_ids: Sequence[str]) -> list[tuple[str, str]]:
    return [("session_ids", session_id) for session_id in session_ids]


def _dated(bounds: Bounds) -> list[tuple[str, str]]:
    """The query parameters of the bounds that are set, as v2 calls and writes them."""
    moments = {
        "created_date_from": bounds.created_after,
        "created_date_to": bounds.created_before,
        "updated_date_from": bounds.updated_after,
    }
    return [(name, _iso(moment)) for name, moment in moments.items() if moment is not None]


def _iso(epoch: int) -> str:
    return datetime.fromtimestamp(epoch, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
