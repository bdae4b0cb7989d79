"""A cycle that reads everything and loads nothing, to time the walkers alone."""

import tempfile
import time
from typing import Any, NamedTuple

import httpx

from sources.devin.client import Client
from sources.devin.cycle import Cycle
from sources.devin.listing import LARGEST_PAGE, Listing
from sources.devin.pace import Pace
from sources.devin.plan import Plan
from sources.devin.runs import Journal
from tests.support.nothing import Nothing

from .serving import ServerProcess

PROCESSING = 0.02  # seconds that an answer takes from the socket to whoever has to know of it

START = 1_704_067_200  # 2024-01-01T00:00:00Z


class Reading(NamedTuple):
    """What it took to read an organisation.

    Attributes:
        sessions: Rows that came of it.
        requests: Requests sent.
        seconds: Wall time.
        processor: Processor time of this process.
        early: By how many seconds requests were sent before a pause was over that an answer had
            asked for by then.
    """

    sessions: int
    requests: int
    seconds: float
    processor: float
    early: list[float]


class _Watch:
    """Looks when requests are sent, and what pauses are known by then."""

    def __init__(self, client: Client) -> None:
        self._sent: list[float] = []
        self._pauses: list[tuple[float, float]] = []
        client.connections.hooks |= {"request": [self._sends], "response": [self._hears]}

    def early(self) -> list[float]:
        return [
            until - sent
            for sent in self._sent
            for until in [max((e for b, e in self._pauses if b + PROCESSING < sent), default=0.0)]
            if sent < until - PROCESSING
        ]

    def _sends(self, request: httpx.Request) -> None:  # noqa: ARG002
        self._sent.append(time.monotonic())

    def _hears(self, response: httpx.Response) -> None:
        now = time.monotonic()
        if "Retry-After" in response.headers:
            self._pauses.append((now, now + float(response.headers["Retry-After"])))


def read_all(
    server: ServerProcess,
    walkers: int,
    page_size: int = LARGEST_PAGE,
    requests_per_second: float | None = None,
) -> Reading:
    """Read an organisation for the first time, to its last session."""
    memory: dict[str, Any] = {}
    pace = Pace(walkers, requests_per_second)
    with (
        tempfile.TemporaryDirectory() as folder,
        Client(server.base_url, server.token, pace=pace) as client,
    ):
        listing = Listing(client.counting(), "org-demo", page_size=page_size)
        plan = Plan(client, [listing], START, walkers=walkers)
        watch = _Watch(client)
        begun, processor = time.monotonic(), time.process_time()
        batches = Cycle(whole=True).package(lambda: plan, memory, Journal(folder), Nothing())
        sessions = sum(batch["sessions"].num_rows for batch in batches if "sessions" in batch)
        return Reading(
            sessions,
            listing.client.traffic.requests,
            time.monotonic() - begun,
            time.process_time() - processor,
            watch.early(),
        )
