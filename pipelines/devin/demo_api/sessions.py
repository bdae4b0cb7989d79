"""Pages of sessions, with everything that a test may do to them on their way out."""

import asyncio
from collections.abc import Callable
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from .access import ORGANIZATION, Access, require_token
from .cursors import BadCursor
from .enterprise import EnterpriseQuery
from .insights import insight
from .listing import Listing, Shown, item
from .pages import invalid_cursor
from .query import Query, parse


class Sessions:
    """Lists sessions, in either version of the API.

    Args:
        access: Who may read them.
    """

    def __init__(self, access: Access) -> None:
        self._access = access
        self._settings = access.settings
        self._listing = Listing(access.world)
        self._pages = 0
        self.routes = [
            Route(f"{ORGANIZATION}/sessions", self.sessions),
            Route(f"{ORGANIZATION}/sessions/insights", self.insights),
            Route("/v2/enterprise/sessions", self.enterprise_sessions),
        ]

    async def sessions(self, request: Request) -> Response:
        """A page of the sessions of an organisation."""
        return await self._of_organization(request, item)

    async def insights(self, request: Request) -> Response:
        """The same page, with what the service thinks of each session."""
        return await self._of_organization(request, insight)

    async def enterprise_sessions(self, request: Request) -> Response:
        """A page of the sessions of all organisations, as v2 shows it."""
        require_token(request, self._settings.enterprise_token)
        query = parse(request.query_params.multi_items(), EnterpriseQuery)
        dialect = self._settings.pull_request_dialect
        return await self._sent(lambda: self._listing.enterprise_page(query, dialect))

    async def _of_organization(self, request: Request, shown: Shown) -> Response:
        self._access.require(request, "ViewOrgSessions")
        org_id = request.path_params["org_id"]
        query = parse(request.query_params.multi_items(), Query)
        return await self._sent(lambda: self._page(org_id, query, shown))

    async def _sent(self, cut: Callable[[], bytes]) -> Response:
        """Answer with a page, once everything has happened that comes before."""
        await asyncio.sleep(self._settings.page_latency)
        self._pages += 1
        if self._settings.before_page:
            self._settings.before_page(self._pages)
        return Response(self._transformed(cut()), media_type="application/json")

    def _page(self, org_id: str, query: Query, shown: Shown) -> bytes:
        try:
            return self._listing.page(org_id, query, self._settings.paging, shown)
        except BadCursor:
            raise invalid_cursor() from None

    def _transformed(self, body: bytes) -> bytes:
        if self._settings.transform is None:
            return body
        envelope: dict[str, Any] = orjson.loads(body)
        return orjson.dumps(self._settings.transform(envelope))
