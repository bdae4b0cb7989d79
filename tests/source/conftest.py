"""A running demo, a server that says whatever a test wants, and clients that never really wait."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from pipelines.devin.demo_api import DemoServer, Settings, World
from sources.devin.client import Client
from sources.devin.retry import RetryPolicy
from tests.support.sessions import NOON

TOKEN = "cog_demo"
ORG = "org-demo"
SESSIONS_PATH = f"/v3/organizations/{ORG}/sessions"


@dataclass(frozen=True)
class Call:
    """A request as it came over the wire.

    Attributes:
        path: Path and query, still percent-encoded.
        headers: The headers, names in lower case.
    """

    path: str
    headers: Mapping[str, str]


@dataclass(frozen=True)
class Answer:
    """An answer, to the last header: none is added but the length."""

    status: int = 200
    body: bytes = b"{}"
    headers: Mapping[str, str] = field(default_factory=lambda: {"Date": http_time(NOON)})


Script = Callable[[Call], Answer]
Serve = Callable[[Script], str]
Connect = Callable[..., Client]


def http_time(epoch: int) -> str:
    return formatdate(epoch, usegmt=True)


def page_body(*items: Any, **envelope: Any) -> bytes:
    return json.dumps({"items": items} | envelope).encode()


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """The servers are on this machine; a proxy of whoever runs the tests could not reach them."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


@pytest.fixture
def in_new_york(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """This machine is where the time is not UTC."""
    with monkeypatch.context() as here:
        here.setenv("TZ", "America/New_York")
        time.tzset()
        yield
    time.tzset()


@pytest.fixture(scope="package")
def running() -> Iterator[DemoServer]:
    with DemoServer(World.build(40, org_ids=(ORG, "org-other"))) as server:
        yield server


@pytest.fixture
def server(running: DemoServer) -> Iterator[DemoServer]:
    """The shared demo; its settings are the default ones again after each test."""
    running.requests.clear()
    yield running
    vars(running.settings).update(vars(Settings()))
    assert len(running.faults) == 0, "a test ordered more faults than it met"


@pytest.fixture
def waits() -> list[float]:
    """The pauses that a client would have made."""
    return []


@pytest.fixture
def connect(server: DemoServer, waits: list[float]) -> Iterator[Connect]:
    """Makes clients of the demo, or of another address, that record their pauses."""
    with ExitStack() as stack:

        def connect(
            base_url: str = server.base_url,
            token: str = TOKEN,
            timeout: float = 10.0,
            **policy: Any,
        ) -> Client:
            made = Client(
                base_url,
                token,
                policy=RetryPolicy(**policy),
                timeout=timeout,
                sleep=waits.append,
            )
            return stack.enter_context(made)

        yield connect


@pytest.fixture
def client(connect: Connect) -> Client:
    """A client of the demo, with the policy that is the default."""
    return connect()


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Starts a server that answers as a function says, and gives its address."""
    with ExitStack() as stack:

        def serve(script: Script) -> str:
            httpd = ThreadingHTTPServer(("127.0.0.1", 0), _handler(script))
            httpd.daemon_threads = True
            thread = threading.Thread(target=httpd.serve_forever, args=(0.005,))
            thread.start()
            stack.callback(thread.join)
            stack.callback(httpd.server_close)
            stack.callback(httpd.shutdown)
            return f"http://127.0.0.1:{httpd.server_address[1]}"

        yield serve


def _handler(script: Script) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            headers = {name.lower(): value for name, value in self.headers.items()}
            answer = script(Call(self.path, headers))
            self.send_response_only(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            self.wfile.write(answer.body)

        def log_message(self, *arguments: Any) -> None:
            pass

    return Handler
