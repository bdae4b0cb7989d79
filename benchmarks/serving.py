"""A demo API in a process of its own, so that what is measured shares neither memory nor the GIL.

It holds the same `DemoServer` as everything else. A function that is sent to it runs beside the
server, and what it gives comes back.
"""

import gc
import multiprocessing
from collections.abc import Callable
from multiprocessing.connection import Connection
from types import TracebackType
from typing import Any, Self, TypeVar

from pipelines.devin.demo_api import DemoServer, Settings, World
from pipelines.devin.demo_api.server import RecordedRequest

T = TypeVar("T")

_PATIENCE = 10.0  # seconds that the process gets to end in


class ServerProcess:
    """A process that serves an organisation for as long as a `with` block lasts.

    Args:
        build: Makes the organisation there; a function that can be pickled.
        settings: How it is served.

    Attributes:
        base_url: Where it is served.
        token: What it accepts.
    """

    def __init__(self, build: Callable[[], World], settings: Settings | None = None) -> None:
        given = settings or Settings()
        spawning = multiprocessing.get_context("spawn")
        self._ours, theirs = spawning.Pipe()
        self._process = spawning.Process(target=_serve, args=(theirs, build, given), daemon=True)
        self._theirs = theirs
        self.base_url = ""
        self.token = given.token

    def __enter__(self) -> Self:
        self._process.start()
        self._theirs.close()  # an end of the process is then an end of the pipe
        self.base_url = self._ours.recv()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._ours.close()
        self._process.join(_PATIENCE)
        self._process.kill()
        self._process.join()

    def ask(self, question: Callable[[DemoServer], T]) -> T:
        """What a function makes of the server; both have to be picklable."""
        self._ours.send(question)
        answer: T = self._ours.recv()
        return answer


def request_count(server: DemoServer) -> int:
    """How many requests came so far."""
    return len(server.requests)


def recorded_requests(server: DemoServer) -> list[RecordedRequest]:
    """All requests so far."""
    return list(server.requests)


def forget_requests(server: DemoServer) -> None:
    """Begin to count anew."""
    server.requests.clear()


def items(server: DemoServer) -> list[dict[str, Any]]:
    """Everything the API has, of all organisations."""
    return [item for org_id in server.world.org_ids for item in server.world.items(org_id)]


def _serve(connection: Connection, build: Callable[[], World], settings: Settings) -> None:
    world = build()
    gc.freeze()  # a million sessions that stay are not looked through again and again
    with DemoServer(world, settings) as server:
        connection.send(server.base_url)
        while True:
            try:
                question = connection.recv()
            except EOFError:
                return
            connection.send(question(server))
