"""Running the demo API in a thread, for as long as a block lasts."""

import asyncio
import socket
from threading import Thread
from types import TracebackType
from typing import Self

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from .faults import Faults
from .server import DemoApp, RecordedRequest
from .settings import Settings
from .world import World

_KEEP_ALIVE = 60  # seconds; a client may think for a while between two pages


class DemoServer:
    """The demo API on a real port, served by a thread for as long as a `with` block lasts.

    Args:
        world: What it tells about.
        settings: How it tells it.
        host: The address to listen on.
        port: The port to listen on; 0 takes a free one.
    """

    def __init__(
        self,
        world: World,
        settings: Settings | None = None,
        host: str = "127.0.0.1",
        port: int = 0,
    ) -> None:
        self._app = DemoApp(world, settings or Settings())
        self._socket = _listen(host, port)
        self._server = _server(self._app)
        # Connections wait in the backlog of the bound socket until the thread takes them.
        self._thread = Thread(target=self._server.run, args=([self._socket],), name="demo-api")
        self.base_url = _url(self._socket)

    @property
    def world(self) -> World:
        """What it tells about."""
        return self._app.world

    @property
    def settings(self) -> Settings:
        """How it tells it; may be changed between requests."""
        return self._app.settings

    @property
    def faults(self) -> Faults:
        """Wrong answers to give first."""
        return self._app.faults

    @property
    def requests(self) -> list[RecordedRequest]:
        """Every request to the API so far."""
        return self._app.requests

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.should_exit = True
        self._thread.join()


class _Protocol(H11Protocol):
    """Hands the connection to the application, which must be able to cut it off."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.app_state = {**self.app_state, "transport": transport}


def _server(app: DemoApp) -> uvicorn.Server:
    return uvicorn.Server(
        uvicorn.Config(
            app,
            loop="asyncio",
            http=_Protocol,
            ws="none",
            lifespan="off",
            log_config=None,
            log_level="critical",
            access_log=False,
            date_header=False,
            server_header=False,
            timeout_keep_alive=_KEEP_ALIVE,
            timeout_graceful_shutdown=0,
        )
    )


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio switches off Nagle's algorithm, which would hold back every answer for 40 ms, only on
    # sockets that name their protocol; `socket.create_server` leaves it open.
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
    except OSError:
        listening.close()
        raise
    listening.listen()
    return listening


def _url(listening: socket.socket) -> str:
    host, port = listening.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
