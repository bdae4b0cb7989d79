"""Why this source does not use `dlt.sources.incremental`: it keeps the newest change seen."""

from collections.abc import Iterator
from typing import Any

import dlt
import httpx
import pytest

from pipelines.devin.demo_api import DemoServer, World
from tests.support import truth
from tests.support.organisations import Synced
from tests.support.warehouse import DuckdbWarehouse

NOW = 1_780_000_000


@pytest.fixture
def synced(duckdb_warehouse: DuckdbWarehouse) -> Iterator[Synced]:
    """An organisation in which, once, two sessions change between the first page and the second.

    The first is on the page that was read already, the second on one that was not.
    """
    world = World.build(0, start=NOW - 1, now=NOW)
    names = {
        world.add("org-demo", created_at=NOW - age, updated_at=NOW - age, title="as it was"): age
        for age in range(6)
    }
    newest, oldest = (next(k for k, age in names.items() if age == wanted) for wanted in (0, 5))

    def busy(page: int) -> None:
        if page == 2:
            world.clock.advance(3)
            world.touch(newest, title="changed behind the walk")
            world.clock.advance(2)
            world.touch(oldest, title="changed ahead of the walk")

    with DemoServer(world) as server:
        server.settings.before_page = busy
        yield Synced(server, duckdb_warehouse)


@dlt.resource(name="by_watermark", primary_key="session_id", write_disposition="merge")
def by_watermark(
    base_url: str,
    updated_at: Any = dlt.sources.incremental("updated_at", initial_value=0),  # noqa: B008
) -> Iterator[list[dict[str, Any]]]:
    """The listing as the documentation of dlt would have it loaded."""
    cursor, since = None, updated_at.last_value
    while True:
        params = {"first": 2, "updated_after": since}
        page = httpx.get(
            f"{base_url}/v3/organizations/org-demo/sessions",
            params=params | ({"after": cursor} if cursor else {}),
            headers={"Authorization": "Bearer cog_demo"},
        ).json()
        yield page["items"]
        cursor = page["end_cursor"]
        if not page["has_next_page"]:
            return


def test_dlt_incremental_never_asks_again_for_the_change_behind_the_walk(synced: Synced) -> None:
    pipeline = synced.pipeline()
    for _ in range(3):
        pipeline.run(by_watermark(synced.server.base_url))
        synced.world.clock.advance(60)

    loaded = synced.warehouse.sql("SELECT session_id, title FROM devin.by_watermark")
    there = {(item["session_id"], item.get("title")) for item in synced.items}
    assert {title for _, title in there - set(loaded)} == {"changed behind the walk"}


def test_the_coverage_map_asks_for_both(synced: Synced) -> None:
    for _ in range(3):
        synced.sync(page_size=2, overlap="0s", settle="0s")
        synced.world.clock.advance(60)

    assert synced.loaded("sessions") == truth.sessions(synced.items)
