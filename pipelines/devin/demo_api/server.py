"""The demo API as a web application."""

import asyncio
from dataclasses import dataclass
from email.utils import formatdate
from time import monotonic
from urllib.parse import parse_qsl

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.routing import Route
from starlette.types import Message, Receive, Scope, Send

from .access import Access
from .consumption import Consumption
from .control import Control
from .faults import Faults, misbehave
from .limiter import Limiter, over_limit
from .limits import Limits
from .members import Members
from .metrics import Metrics
from .organizations import Organizations
from .playbooks import Playbooks
from .principal import Principal
from .problems import send_invalid, send_problem
from .query import InvalidQuery
from .roster import Roster
from .sessions import Sessions
from .settings import Settings
from .world import World

_API = ("/v3/", "/v3beta1/", "/v2/")


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
        self._web = Starlette(
            routes=[*_routes(Access(world, settings)), *Control(world).routes],
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


def _routes(access: Access) -> list[Route]:
    """Every route of the API; the sessions come first, because a client asks for them most."""
    roster = Roster(access.world)
    limits = Limits(access)
    nouns = (
        Sessions(access),
        Principal(access),
        Organizations(access, limits),
        Members(access, roster),
        Playbooks(access, roster),
        Consumption(access, roster),
        limits,
        Metrics(access),
    )
    return [route for noun in nouns for route in noun.routes]
