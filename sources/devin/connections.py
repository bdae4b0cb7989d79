"""The connections to one server: as many as there are requests under way at once.

Each is an httpx client of its own. Threads that share one spend half again as much on a request,
waiting for each other's hold on its pool.
"""

import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.request import getproxies

import httpx


class Connections:
    """Connections that any number of threads may borrow.

    Args:
        base_url: Where to; says whether anybody has to be trusted.
        timeout: Seconds for connecting, and for each silence while an answer is read.
        headers: What every request has.

    Attributes:
        hooks: Of httpx, for connections that are opened from now on.
    """

    def __init__(self, base_url: str, timeout: float, headers: Mapping[str, str]) -> None:
        self._options: Mapping[str, Any] = {
            "verify": _tls(base_url),
            "timeout": timeout,
            "headers": headers,
        }
        self._opened: list[httpx.Client] = []
        self._idle: list[httpx.Client] = []
        self._closed = False
        self.hooks: dict[str, list[Any]] = {}

    @contextmanager
    def one(self) -> Iterator[httpx.Client]:
        """A connection for as long as a block lasts.

        Raises:
            RuntimeError: They are closed.
        """
        if self._closed:
            raise RuntimeError("the connections are closed")
        try:
            connection = self._idle.pop()
        except IndexError:
            connection = httpx.Client(**self._options, event_hooks=self.hooks)
            self._opened.append(connection)
        try:
            yield connection
        finally:
            self._idle.append(connection)

    def close(self) -> None:
        """Close them all."""
        self._closed = True
        for connection in self._opened:
            connection.close()


def _tls(base_url: str) -> ssl.SSLContext:
    """Whom to trust: to load the authorities takes 20 ms, and plain HTTP has no use for them."""
    plain = base_url.startswith("http:") and getproxies().keys() <= {"no"}
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT) if plain else httpx.create_ssl_context()
