"""The knobs for whoever runs the demo by hand; they work from the same machine only."""

from datetime import UTC, datetime
from http import HTTPStatus
from ipaddress import ip_address
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from .problems import Problem
from .query import InvalidQuery
from .world import World


class Control:
    """Shows and moves the demo clock.

    Args:
        world: The world whose time it is.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self.routes = [
            Route("/demo/clock", self.clock),
            Route("/demo/advance", self.advance, methods=["POST"]),
        ]

    async def clock(self, request: Request) -> Response:
        """Tell the time."""
        _require_loopback(request)
        now = self._world.clock.now
        return JSONResponse({"now": now, "time": datetime.fromtimestamp(now, UTC).isoformat()})

    async def advance(self, request: Request) -> Response:
        """Move the time by the `seconds` of the body, a whole number that is not negative."""
        _require_loopback(request)
        self._world.advance(_seconds(await request.body()))
        return await self.clock(request)


def _require_loopback(request: Request) -> None:
    if request.client is None or not ip_address(request.client.host).is_loopback:
        raise Problem(HTTPStatus.FORBIDDEN, "The clock can be moved from this machine only.")


def _seconds(body: bytes) -> int:
    try:
        sent: Any = orjson.loads(body)
    except ValueError:
        sent = None
    match sent:
        case {"seconds": bool()}:
            pass
        case {"seconds": int(seconds)} if seconds >= 0:
            return seconds
    msg = "Input should be a whole number that is not negative"
    raise InvalidQuery([{"loc": ["body", "seconds"], "msg": msg, "type": "int_type"}])
