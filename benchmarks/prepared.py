"""An API in a process of its own that has its answers prepared, so that it is never what is slow.

It answers the listing of v3 as the demo API does, from bytes that were made before. What the demo
API has beside that (faults, limits, other dialects, a living organisation) it does not.
"""

import asyncio
import gc
import json
import time
from email.utils import formatdate
from http import HTTPStatus
from multiprocessing.connection import Connection
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from pipelines.devin.demo_api.world import NOW

from .beside import Beside
from .shelf import Shelf
from .stock import ORG_ID, Stock

TOKEN = "cog_demo"  # noqa: S105 - made up
AN_HOUR = 3600
_PATH = f"/v3/organizations/{ORG_ID}/sessions"


class Served(NamedTuple):
    """What the server did since it was told to count anew.

    Attributes:
        requests: Requests that it answered.
        sent: Bytes of their bodies.
        processor: Processor time of its process, in seconds.
    """

    requests: int
    sent: int
    processor: float


class Change(NamedTuple):
    """A change of many sessions.

    Attributes:
        at: Their `updated_at` now.
        sessions: How many they are.
    """

    at: int
    sessions: int


class Desk:
    """Answers requests; its methods are what `PreparedServer.ask` is given.

    Args:
        sessions: How many sessions there are.
        latency: Seconds that each answer takes; any number of them pass at once.
    """

    def __init__(self, sessions: int, latency: float) -> None:
        self.latency = latency
        self._shelf = Shelf(Stock.of(sessions))
        # The last sessions are of the very second that the world ends in, which is over by now.
        self._offset = NOW + 60 - time.monotonic()
        self.reset()

    def reset(self) -> None:
        """Count anew."""
        self._requests = self._sent = 0
        self._mark = time.process_time()

    def served(self) -> Served:
        """What was done since."""
        return Served(self._requests, self._sent, time.process_time() - self._mark)

    def change(self, share: float) -> Change:
        """Let an hour go by, and change a share of the sessions at its end."""
        self._offset += AN_HOUR
        now = int(self._now())
        return Change(now, self._shelf.change(share, now))

    def answer(self, method: str, target: str, authorization: str) -> bytes:
        """The answer to a request, headers included."""
        status, body = self._answered(method, target, authorization)
        self._requests += 1
        self._sent += len(body)
        head = (
            f"HTTP/1.1 {status.value} {status.phrase}\r\n"
            f"Date: {formatdate(self._now(), usegmt=True)}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        return head.encode() + body

    def _now(self) -> float:
        return self._offset + time.monotonic()

    def _answered(self, method: str, target: str, authorization: str) -> tuple[HTTPStatus, bytes]:
        parts = urlsplit(target)
        if authorization != f"Bearer {TOKEN}":
            return _problem(HTTPStatus.UNAUTHORIZED, "A bearer token is required.")
        if method != "GET" or unquote(parts.path) != _PATH:
            return _problem(HTTPStatus.NOT_FOUND, "There is only the listing of sessions here.")
        try:
            return HTTPStatus.OK, self._shelf.page(parts.query)
        except ValueError as error:
            return _problem(HTTPStatus.UNPROCESSABLE_ENTITY, str(error))


class PreparedServer(Beside[Desk]):
    """A process that serves prepared answers.

    Args:
        sessions: How many sessions there are.
        latency: Seconds that each answer takes; any number of them pass at once.

    Attributes:
        token: The token it is asked with; it takes any.
    """

    token = TOKEN

    def __init__(self, sessions: int, latency: float = 0.0) -> None:
        super().__init__(_run, sessions, latency)


class _Conversation(asyncio.Protocol):
    """One connection, which asks as often as it likes."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - a socket's
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        *heads, self._received = (self._received + data).split(b"\r\n\r\n")
        loop = asyncio.get_running_loop()
        for head in heads:
            if self._desk.latency:
                loop.call_later(self._desk.latency, self._answer, head)
            else:
                self._answer(head)

    def _answer(self, head: bytes) -> None:
        first, *lines = head.decode("latin-1").split("\r\n")
        method, target, version = first.split(" ")
        pairs = (line.partition(":") for line in lines)
        headers = {name.lower(): value.strip() for name, _, value in pairs}
        if self._transport.is_closing():
            return
        self._transport.write(self._desk.answer(method, target, headers.get("authorization", "")))
        if headers.get("connection", "").lower() == "close" or version == "HTTP/1.0":
            self._transport.close()


def _problem(status: HTTPStatus, detail: str) -> tuple[HTTPStatus, bytes]:
    problem = {"title": status.phrase, "status": status.value, "detail": detail}
    return status, json.dumps(problem).encode()


def _run(connection: Connection, sessions: int, latency: float) -> None:
    asyncio.run(_serve(connection, Desk(sessions, latency)))


async def _serve(connection: Connection, desk: Desk) -> None:
    gc.freeze()  # a million sessions that stay are not looked through again and again
    over = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_reader(connection.fileno(), _listen, connection, desk, over)
    server = await loop.create_server(lambda: _Conversation(desk), "127.0.0.1")
    connection.send(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
    await over.wait()
    server.close()


def _listen(connection: Connection, desk: Desk, over: asyncio.Event) -> None:
    try:
        connection.send(connection.recv()(desk))
    except EOFError:
        over.set()
    except BaseException:
        over.set()
        raise
