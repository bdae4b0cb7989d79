"""The demo API as a web application."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from email.utils import formatdate
from http import HTTPStatus
from time import monotonic
from typing import Any
from urllib.parse import parse_qsl

import orjson
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import Message, Receive, Scope, Send

from .control import Control
from .cursors import BadCursor
from .enterprise import EnterpriseQuery
from .faults import Faults, misbehave
from .limiter import Limiter, over_limit
from .listing import Listing
from .problems import Problem, send_invalid, send_problem
from .query import InvalidQuery, Query, parse
from .settings import Settings
from .world import World

_API = ("/v3/", "/v2/")


@dataclass(frozen=True)
class RecordedRequest:
    """A request to the API as it arrived, whatever came of it.

    Attributes:
        method: The HTTP method.
        path: The decoded path.
        query: Names and values in the order they were sent.
        at: When it arrived, in seconds of `time.monotonic()`.
        retry_after: Seconds it was told to wait because it went over the rate limit; None if it
            did not.
    """

    method: str
    path: str
    query: list[tuple[str, str]]
    at: float
    retry_after: int | None = None


class DemoApp:
    """The ASGI application.

    Args:
        world: What it tells about.
        settings: How it tells it.

    Attributes:
        faults: Wrong answers to give first.
        requests: Every request to the API so far.
    """

    def __init__(self, world: World, settings: Settings) -> None:
        self.world = world
        self.settings = settings
        self.faults = Faults()
        self.requests: list[RecordedRequest] = []
        self._limiter = Limiter()
        self._listing = Listing(world)
        self._pages = 0
        self._web = Starlette(
            routes=[
                Route("/v3/self", self._self),
                Route("/v3/organizations/{org_id}/sessions", self._sessions),
                Route("/v2/enterprise/sessions", self._enterprise_sessions),
                *Control(world).routes,
            ],
            exception_handlers={HTTPException: send_problem, InvalidQuery: send_invalid},
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""

        async def send_dated(message: Message) -> None:
            if message["type"] == "http.response.start":
                date = formatdate(self.world.clock.now, usegmt=True).encode()
                message = {**message, "headers": [*message["headers"], (b"date", date)]}
            await send(message)

        if scope["path"].startswith(_API):
            now = monotonic()
            retry_after = self._limiter.take(now, self.settings.rate_limit)
            self._record(scope, now, retry_after)
            if retry_after is not None:
                return await misbehave(over_limit(retry_after), scope, receive, send_dated)
            fault = self.faults.next()
            if fault is not None:
                await asyncio.sleep(fault.delay)
                if fault.answers:
                    return await misbehave(fault, scope, receive, send_dated)
        return await self._web(scope, receive, send_dated)

    def _record(self, scope: Scope, now: float, retry_after: int | None) -> None:
        query = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
        self.requests.append(
            RecordedRequest(scope["method"], scope["path"], query, now, retry_after)
        )

    async def _self(self, request: Request) -> Response:
        _require_token(request, self.settings.token)
        readable = filter(self.settings.may_read, self.world.org_ids)
        principal = {
            "principal_type": "service_user",
            "service_user_id": "service-user-demo",
            "service_user_name": "Warehouse",
            "org_id": next(readable, None),
        }
        return JSONResponse(principal)

    async def _sessions(self, request: Request) -> Response:
        _require_token(request, self.settings.token)
        org_id = request.path_params["org_id"]
        self._require_readable(org_id)
        query = parse(request.query_params.multi_items(), Query)
        return await self._sent(lambda: self._page(org_id, query))

    async def _enterprise_sessions(self, request: Request) -> Response:
        _require_token(request, self.settings.enterprise_token)
        query = parse(request.query_params.multi_items(), EnterpriseQuery)
        dialect = self.settings.pull_request_dialect
        return await self._sent(lambda: self._listing.enterprise_page(query, dialect))

    async def _sent(self, cut: Callable[[], bytes]) -> Response:
        """Answer with a page, once everything has happened that comes before."""
        await asyncio.sleep(self.settings.page_latency)
        self._pages += 1
        if self.settings.before_page:
            self.settings.before_page(self._pages)
        return Response(self._transformed(cut()), media_type="application/json")

    def _page(self, org_id: str, query: Query) -> bytes:
        try:
            return self._listing.page(org_id, query, self.settings.paging)
        except BadCursor:
            error = {"loc": ["query", "after"], "msg": "Invalid cursor", "type": "value_error"}
            raise InvalidQuery([error]) from None

    def _transformed(self, body: bytes) -> bytes:
        if self.settings.transform is None:
            return body
        envelope: dict[str, Any] = orjson.loads(body)
        return orjson.dumps(self.settings.transform(envelope))

    def _require_readable(self, org_id: str) -> None:
        if org_id not in self.world.org_ids:
            raise Problem(HTTPStatus.NOT_FOUND, f"There is no organization {org_id}.")
        if not self.settings.may_read(org_id):
            missing = f"The permission ViewOrgSessions is missing in {org_id}."
            raise Problem(HTTPStatus.FORBIDDEN, missing)


def _require_token(request: Request, accepted: str) -> None:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        challenge = {"WWW-Authenticate": "Bearer"}
        raise Problem(HTTPStatus.UNAUTHORIZED, "A bearer token is required.", challenge)
    if token != accepted:
        raise Problem(HTTPStatus.FORBIDDEN, "The token is not valid.")
