"""A demo API in a process of its own: the same `DemoServer` as everything else has."""

import gc
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any

from pipelines.devin.demo_api import DemoServer, Settings, World
from pipelines.devin.demo_api.server import RecordedRequest

from .beside import Beside


class ServerProcess(Beside[DemoServer]):
    """A process that serves an organisation.

    Args:
        build: Makes the organisation there; a function that can be pickled.
        settings: How it is served.

    Attributes:
        token: What it accepts.
    """

    def __init__(self, build: Callable[[], World], settings: Settings | None = None) -> None:
        given = settings or Settings()
        super().__init__(_serve, build, given)
        self.token = given.token


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
