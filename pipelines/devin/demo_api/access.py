"""Who may read what, and the way every plain answer takes."""

import asyncio
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from .problems import Problem
from .settings import Settings
from .world import World

ENTERPRISE = "/v3/enterprise"
ORGANIZATION = "/v3/organizations/{org_id}"
BETA_ORGANIZATION = "/v3beta1/organizations/{org_id}"

Answer = Callable[[Request], dict[str, Any]]


class Access:
    """Checks tokens and permissions.

    Args:
        world: Whose organisations they are.
        settings: What the token may do.
    """

    def __init__(self, world: World, settings: Settings) -> None:
        self.world = world
        self.settings = settings

    def route(self, path: str, permission: str, answer: Answer) -> Route:
        """A route that gives an answer to whoever may read it.

        Args:
            path: Where; an `org_id` in it is an organisation that has to be readable.
            permission: What is required there.
            answer: Makes the answer, while the world stands still.
        """

        async def endpoint(request: Request) -> Response:
            self.require(request, permission)
            await asyncio.sleep(self.settings.page_latency)
            with self.world.lock:
                body = orjson.dumps(answer(request))
            return Response(body, media_type="application/json")

        return Route(path, endpoint)

    def require(self, request: Request, permission: str) -> None:
        """Refuse a request to v3 that may not be answered.

        Raises:
            Problem: The token, the organisation or the permission is not right.
        """
        require_token(request, self.settings.token)
        org_id = request.path_params.get("org_id")
        if org_id is not None and org_id not in self.world.org_ids:
            raise Problem(HTTPStatus.NOT_FOUND, f"There is no organization {org_id}.")
        if org_id is not None and not self.settings.may_read(org_id):
            raise _missing(permission, org_id)
        if permission in self.settings.missing_permissions:
            everywhere = org_id is None or request.url.path.startswith(ENTERPRISE)
            raise _missing(permission, "the enterprise" if everywhere else str(org_id))

    def org_ids(self, request: Request) -> tuple[str, ...]:
        """The organisation that a request names, or all of them."""
        org_id = request.path_params.get("org_id")
        return self.world.org_ids if org_id is None else (org_id,)


def _missing(permission: str, place: str) -> Problem:
    return Problem(HTTPStatus.FORBIDDEN, f"The permission {permission} is missing in {place}.")


def require_token(request: Request, accepted: str) -> None:
    """Refuse a request without the one token.

    Raises:
        Problem: There is no bearer token, or another one.
    """
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        challenge = {"WWW-Authenticate": "Bearer"}
        raise Problem(HTTPStatus.UNAUTHORIZED, "A bearer token is required.", challenge)
    if token != accepted:
        raise Problem(HTTPStatus.FORBIDDEN, "The token is not valid.")
