"""Whose the token is."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from .access import Access, require_token
from .roster import OWN_SERVICE_USER


class Principal:
    """Says who asks.

    Args:
        access: What the token may read.
    """

    def __init__(self, access: Access) -> None:
        self._access = access
        self.routes = [Route("/v3/self", self.principal)]

    async def principal(self, request: Request) -> Response:
        """The service user behind the token, and the first organisation it may read."""
        settings = self._access.settings
        require_token(request, settings.token)
        readable = filter(settings.may_read, self._access.world.org_ids)
        principal = {
            "principal_type": "service_user",
            "service_user_id": OWN_SERVICE_USER,
            "service_user_name": "Warehouse",
            "org_id": next(readable, None),
        }
        return JSONResponse(principal)
