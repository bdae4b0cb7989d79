"""A demo organisation, its server, and a sync of it into a warehouse of a test."""

from dataclasses import dataclass
from typing import Any

import dlt
from dlt.common.pipeline import LoadInfo

from pipelines.devin.demo_api import DemoServer, World
from sources.devin import devin
from tests.support import truth
from tests.support.warehouse import Warehouse

TABLES = {
    "session_pull_requests": truth.pull_requests,
    "session_tags": truth.tags,
    "session_links": truth.links,
}


@dataclass
class Synced:
    """A server and the warehouse that it is loaded into."""

    server: DemoServer
    warehouse: Warehouse
    pipelines_dir: str | None = None

    @property
    def world(self) -> World:
        return self.server.world

    @property
    def items(self) -> list[dict[str, Any]]:
        return [item for org_id in self.world.org_ids for item in self.world.items(org_id)]

    def options(self, **options: Any) -> dict[str, Any]:
        """The arguments of the source; nothing is rescanned but where a test says so."""
        given = {"base_url": self.server.base_url, "api_key": "cog_demo", "rescan": "0"}
        return given | {"org_ids": list(self.world.org_ids)} | options

    def source(self, **options: Any) -> Any:
        return devin(**self.options(**options))

    def pipeline(self) -> dlt.Pipeline:
        return self.warehouse.pipeline(pipelines_dir=self.pipelines_dir)

    def sync(self, **options: Any) -> LoadInfo:
        return self.pipeline().run(self.source(**options))

    def listed(self) -> list[dict[str, str]]:
        """The queries of all listing requests so far, but for looks at single sessions."""
        queries = [dict(r.query) for r in self.server.requests if r.path.endswith("/sessions")]
        return [query for query in queries if "session_ids" not in query]

    def looked_after(self) -> list[str]:
        """The sessions that were asked for by name so far."""
        return [
            value for r in self.server.requests for name, value in r.query if name == "session_ids"
        ]

    def loaded(self, table: str) -> list[dict[str, Any]]:
        """The rows of a table, without the moment they were extracted, sorted like the truth."""
        rows = [
            {name: value for name, value in row.items() if name != "extracted_at"}
            for row in self.warehouse.rows(table)
        ]
        keys = {
            "session_pull_requests": ("session_id", "position"),
            "session_links": ("parent_session_id", "child_session_id", "declared_by"),
            "session_tags": ("session_id", "tag"),
        }.get(table, ("session_id",))
        return sorted(rows, key=lambda row: tuple(row[key] for key in keys))

    def newest_snapshots(self) -> list[dict[str, Any]]:
        newest: dict[str, dict[str, Any]] = {}
        for row in sorted(self.loaded("session_snapshots"), key=lambda row: row["updated_at"]):
            newest[row["session_id"]] = row
        return [newest[session_id] for session_id in sorted(newest)]

    def differences(
        self, told: list[dict[str, Any]] | None = None, api_version: str = "v3"
    ) -> dict[str, Any]:
        """Each table that is not what these items make of it, with both sides.

        Args:
            told: The items; the server's own, as they are now, if None.
            api_version: Version of the API that they were read from.
        """
        items = truth.as_told(self.items if told is None else told, api_version)
        found = {table: (expected(items), self.loaded(table)) for table, expected in TABLES.items()}
        found["sessions"] = (truth.sessions(items, api_version), self.loaded("sessions"))
        found["session_snapshots"] = (truth.snapshots(items), self.newest_snapshots())
        return {table: sides for table, sides in found.items() if sides[0] != sides[1]}
