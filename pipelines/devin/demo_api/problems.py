"""The two shapes in which the service says no."""

from http import HTTPStatus
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from .query import InvalidQuery


class Problem(HTTPException):
    """A refusal to be sent as `application/problem+json`.

    Args:
        status: The HTTP status.
        detail: One sentence for the person who reads the client's log.
        headers: Further headers of the answer.
    """

    def __init__(self, status: int, detail: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(status, detail, headers)


def problem_body(status: int, detail: str, instance: str) -> dict[str, Any]:
    """The members of a problem document."""
    title = HTTPStatus(status).phrase
    members = {"type": "about:blank", "title": title, "status": status, "detail": detail}
    return members | {"instance": instance}


async def send_problem(request: Request, refusal: Exception) -> Response:
    """Answer with a problem document; also for refusals of the web framework itself."""
    assert isinstance(refusal, HTTPException)  # noqa: S101 - registered for nothing else
    return JSONResponse(
        problem_body(refusal.status_code, refusal.detail, request.url.path),
        refusal.status_code,
        dict(refusal.headers or {}),
        "application/problem+json",
    )


async def send_invalid(_request: Request, refusal: Exception) -> Response:
    """Answer 422 with the list of everything that is wrong with a query or body."""
    assert isinstance(refusal, InvalidQuery)  # noqa: S101 - registered for nothing else
    return JSONResponse({"detail": refusal.errors}, HTTPStatus.UNPROCESSABLE_ENTITY)
