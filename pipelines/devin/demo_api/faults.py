"""Wrong answers on demand: what gateways, proxies and cables do to a client."""

from asyncio import Transport
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus

import orjson
from starlette.types import Message, Receive, Scope, Send

from .problems import problem_body

_HTML = b"<html><head><title>Gateway Time-out</title></head><body><h1>upstream</h1></body></html>"
_GARBAGE = b"\x1f\x8b\x08 this is not JSON {"
_HALF = b'{"items":[{"session_id":"'


@dataclass(frozen=True)
class Fault:
    """One wrong answer; with nothing but a delay, the right answer comes late.

    Attributes:
        status: The HTTP status; the body is a problem document unless told otherwise.
        headers: Further headers, such as Retry-After.
        body: A JSON text to send as it is.
        html: Send a page for browsers, as gateways do.
        cut: Send half of the announced body, then close the connection.
        garbage: Send bytes that are not JSON but are labelled so.
        reset: Close the connection without an answer.
        delay: Seconds to wait first.
    """

    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str | None = None
    html: bool = False
    cut: bool = False
    garbage: bool = False
    reset: bool = False
    delay: float = 0.0

    @property
    def answers(self) -> bool:
        """Whether it takes the place of the right answer."""
        return bool(self.status or self.html or self.cut or self.garbage or self.reset)

    def content(self, path: str) -> tuple[str, bytes]:
        """Media type and body."""
        if self.html:
            return "text/html", _HTML
        if self.garbage:
            return "application/json", _GARBAGE
        if self.cut:
            return "application/json", _HALF
        if self.body is not None:
            return "application/json", self.body.encode()
        status = self.status or HTTPStatus.OK
        document = problem_body(status, "This answer was ordered by a test.", path)
        return "application/problem+json", orjson.dumps(document)


class Faults:
    """The faults still to be had, first in, first out."""

    def __init__(self) -> None:
        self._script: deque[Fault | None] = deque()

    def __len__(self) -> int:
        return len(self._script)

    def push(self, *faults: Fault | None) -> None:
        """Order faults for the next requests of the API; None lets one request pass."""
        self._script.extend(faults)

    def next(self) -> Fault | None:
        """Take the fault for the request at hand, if there is one."""
        return self._script.popleft() if self._script else None


async def misbehave(fault: Fault, scope: Scope, receive: Receive, send: Send) -> None:
    """Give the wrong answer."""
    transport: Transport = scope["state"]["transport"]
    if fault.reset:
        transport.abort()
        return await _gone(receive)
    media_type, body = fault.content(scope["path"])
    length = 2 * len(body) if fault.cut else len(body)
    await send(_start(fault, media_type, length))
    await send({"type": "http.response.body", "body": body, "more_body": fault.cut})
    if fault.cut:
        transport.close()
        await _gone(receive)
    return None


def _start(fault: Fault, media_type: str, length: int) -> Message:
    headers = {"content-type": media_type, "content-length": str(length)}
    headers |= {name.lower(): value for name, value in fault.headers.items()}
    pairs = [(name.encode(), value.encode()) for name, value in headers.items()]
    status = int(fault.status or HTTPStatus.OK)
    return {"type": "http.response.start", "status": status, "headers": pairs}


async def _gone(receive: Receive) -> None:
    """Wait until the connection is down, so that the server does not repair the answer."""
    while (await receive())["type"] != "http.disconnect":
        pass
