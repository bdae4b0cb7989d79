"""An API whose books a test rewrites, and the warehouse that it is read into."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import dlt
import pytest

from pipelines.devin.sync import SyncResult, sync
from tests.support.sessions import session_item
from tests.support.warehouse import Warehouse

DAY = 86_400
EIGHT = 1_782_806_400
"""2026-06-30 08:00 UTC: a billing day begins."""

ORG = "org-demo"
OTHER = "org-other"

Subject = tuple[str, str, str]
Books = dict[Subject, dict[int, dict[str, Any]]]
Refusal = tuple[int, str]


@dataclass
class Call:
    """A request: its path, decoded and as it came, and its parameters."""

    path: str
    raw_path: str
    params: dict[str, str]


@dataclass
class Api:
    """What the API says.

    Attributes:
        now: Its clock.
        org_ids: The organisations.
        sessions: Items of the listing.
        books: ACUs by subject, first moment of the billing day, and product.
        lists: Items of each endpoint that has pages, by its path.
        metrics: What it counts, by path.
        refused: Status and detail that paths which end so are answered with.
        calls: What it was asked.
    """

    now: int = EIGHT + 4 * 3_600
    org_ids: list[str] = field(default_factory=lambda: [ORG])
    sessions: list[dict[str, Any]] = field(default_factory=list)
    books: Books = field(default_factory=dict)
    lists: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    metrics: dict[str, Any] = field(default_factory=dict)
    refused: dict[str, Refusal] = field(default_factory=dict)
    calls: list[Call] = field(default_factory=list)
    address: str = ""

    def work(self, session_id: str, user_id: str | None, org_id: str = ORG, **fields: Any) -> None:
        """Have somebody start a session, or work on in it."""
        self.sessions = [item for item in self.sessions if item["session_id"] != session_id]
        item = session_item(
            session_id=session_id,
            org_id=org_id,
            user_id=user_id,
            created_at=self.now - DAY,
            updated_at=self.now - 60,
        )
        self.sessions.append(item | fields)

    def book(self, scope: str, org_id: str, subject_id: str, day: int, **acus: Any) -> None:
        """Put ACUs into the books, in place of what is there."""
        self.books.setdefault((scope, org_id, subject_id), {})[day] = acus

    def asked(self, end: str = "") -> list[Call]:
        """The requests to paths that end so, but for sessions and whose the token is."""
        left_out = ("/sessions", "/self")
        return [c for c in self.calls if c.path.endswith(end) and not c.path.endswith(left_out)]

    def answer(self, call: Call) -> tuple[int, Any]:
        """Status and body."""
        for end, (status, detail) in self.refused.items():
            if call.path.endswith(end):
                return status, {"title": "No", "status": status, "detail": detail}
        if call.path == "/v3/self":
            return 200, {"principal_type": "service_user", "org_id": self.org_ids[0]}
        if "/consumption/daily" in call.path:
            return 200, self._consumption(call)
        if "/metrics/" in call.path:
            return 200, self.metrics.get(call.path, {})
        if call.path.endswith("/sessions"):
            return 200, self._listing(call)
        return 200, self._page(self.lists.get(call.path, []), call.params)

    def _listing(self, call: Call) -> Any:
        low = int(call.params.get("updated_after", 0))
        since, until = (
            int(call.params.get(name, default))
            for name, default in (("created_after", 0), ("created_before", 2**40))
        )
        org_id = call.path.split("/")[3]
        found = [
            item
            for item in self.sessions
            if item["org_id"] == org_id
            and item["updated_at"] >= low
            and since <= item["created_at"] < until
        ]
        found.sort(key=lambda item: (-item["created_at"], item["session_id"]))
        return self._page(found, call.params)

    @staticmethod
    def _page(items: list[dict[str, Any]], params: Mapping[str, str]) -> Any:
        begin = int(params.get("after", "0"))
        end = begin + int(params["first"])
        more = end < len(items)
        return {
            "items": items[begin:end],
            "has_next_page": more,
            "end_cursor": str(end) if more else None,
            "total": len(items),
        }

    def _consumption(self, call: Call) -> Any:
        begin, end = int(call.params["time_after"]), int(call.params["time_before"])
        days = self.books.get(_subject(call.path), {})
        told = [
            {"date": day, "acus": 0, "acus_by_product": acus}
            for day, acus in sorted(days.items())
            if begin < day < end
        ]
        return {"total_acus": 0, "consumption_by_date": told}


def _subject(path: str) -> Subject:
    before, _, after = path.partition("/consumption/daily")
    if before == "/v3/enterprise":
        return "enterprise", "", "enterprise"
    org_id = before.split("/")[3]
    kind, _, subject_id = after.removeprefix("/").partition("/")
    if not kind:
        return "organization", org_id, org_id
    return {"users": "user", "service-users": "service_user"}[kind], org_id, subject_id


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Iterator[Api]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    api = Api()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(api))
    server.daemon_threads = True
    api.address = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.005,))
    thread.start()
    yield api
    server.shutdown()
    server.server_close()
    thread.join()


def _handler(api: Api) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            call = Call(unquote(parts.path), parts.path, dict(parse_qsl(parts.query)))
            api.calls.append(call)
            status, body = api.answer(call)
            text = json.dumps(body).encode()
            self.send_response_only(status)
            self.send_header("Date", formatdate(api.now, usegmt=True))
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *arguments: Any) -> None:
            pass

    return Handler


@dataclass
class Place:
    """A warehouse that the API is read into.

    Attributes:
        api: The API.
        warehouse: The warehouse.
        folder: dlt's working directory; another one is another machine.
    """

    api: Api
    warehouse: Warehouse
    folder: str | None = None

    def options(self, **options: Any) -> dict[str, Any]:
        """The arguments of the source: the other tables are due each time."""
        given = {"base_url": self.api.address, "api_key": "cog_x", "usage_every": "0.001"}
        once = {"rescan": "0", "retry_attempts": 1, "org_ids": self.api.org_ids}
        return given | once | options

    @property
    def pipeline(self) -> dlt.Pipeline:
        return self.warehouse.pipeline(pipelines_dir=self.folder)

    def sync(self, **options: Any) -> SyncResult:
        return sync(self.pipeline, **self.options(**options))

    def table(self, name: str) -> list[dict[str, Any]]:
        """Rows, without when they were read."""
        left_out = ("extracted_at", "read_at")
        rows = self.warehouse.rows(name)
        return [{n: value for n, value in row.items() if n not in left_out} for row in rows]

    def booked(self) -> dict[tuple[Any, ...], float]:
        """What is loaded of consumption, but for zeros."""
        rows = self.table("consumption_daily")
        key = ("scope", "org_id", "subject_id", "billing_day", "product")
        found = {tuple(row[name] for name in key): row["acus"] for row in rows}
        assert len(found) == len(rows)
        return {key: acus for key, acus in found.items() if acus}


@pytest.fixture
def place(api: Api, duckdb_warehouse: Warehouse) -> Place:
    """DuckDB, by way of dlt."""
    return Place(api, duckdb_warehouse)


@pytest.fixture
def anywhere(api: Api, warehouse: Warehouse) -> Place:
    """Each warehouse in turn."""
    return Place(api, warehouse)
