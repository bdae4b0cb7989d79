"""What is loaded is what the server has: every column of every table, on every warehouse."""

from collections.abc import Iterator
from typing import Any

import pytest

from pipelines.devin.demo_api import DemoServer, World
from tests.support import truth
from tests.support.organisations import Synced
from tests.support.warehouse import DuckdbWarehouse, Warehouse

DAY = 86_400


@pytest.fixture
def server() -> Iterator[DemoServer]:
    with DemoServer(World.build(700, seed=3)) as server:
        yield server


@pytest.fixture
def synced(server: DemoServer, warehouse: Warehouse) -> Synced:
    return Synced(server, warehouse)


@pytest.fixture
def in_duckdb(server: DemoServer, duckdb_warehouse: DuckdbWarehouse) -> Synced:
    return Synced(server, duckdb_warehouse)


def everything(synced: Synced) -> dict[str, list[dict[str, Any]]]:
    tables = ["sessions", "session_pull_requests", "session_tags", "session_links"]
    tables += ["session_snapshots", "rejected_items", "sync_runs"]
    return {table: synced.warehouse.rows(table) for table in tables}


def test_a_first_load_is_exact(synced: Synced) -> None:
    synced.sync(batch_size=250)

    assert synced.differences() == {}


def test_what_changed_since_is_loaded_exactly(synced: Synced) -> None:
    synced.sync()
    before = {item["session_id"]: item for item in synced.items}
    synced.world.advance(3 * DAY)

    synced.sync()

    # Some pull requests merge without a trace in updated_at: of those, the sessions that are not
    # due for a look are as they were.
    looked_after = set(synced.looked_after())
    told = [
        before[item["session_id"]]
        if is_silent(before.get(item["session_id"]), item)
        and item["session_id"] not in looked_after
        else item
        for item in synced.items
    ]
    assert synced.differences(told) == {}


def is_silent(before: dict[str, Any] | None, after: dict[str, Any]) -> bool:
    return before is not None and before["updated_at"] == after["updated_at"]


def test_a_rerun_changes_nothing_and_makes_no_package(synced: Synced) -> None:
    synced.sync()
    before = everything(synced)

    again = synced.sync()

    assert again.loads_ids == []
    assert everything(synced) == before


def test_a_session_that_lost_its_last_tag_and_pull_request_has_none(synced: Synced) -> None:
    synced.sync()
    victim = next(item for item in synced.items if item["tags"] and item["pull_requests"])
    session_id = truth.bare(victim["session_id"])
    synced.world.clock.advance(60)
    synced.world.touch(session_id, tags=[], pull_requests=[], child_session_ids=None)

    synced.sync()

    assert synced.differences() == {}
    for table in ("session_tags", "session_pull_requests"):
        rows = synced.warehouse.rows(table)
        assert [row for row in rows if row["session_id"] == session_id] == []


def test_the_second_cycle_asks_only_for_what_changed(in_duckdb: Synced) -> None:
    in_duckdb.sync()
    first = len(in_duckdb.listed())
    in_duckdb.world.clock.advance(3_600)
    changed = in_duckdb.items[0]["session_id"]
    in_duckdb.world.touch(changed, title="changed")

    in_duckdb.sync()

    assert len(in_duckdb.listed()) - first == 2
    runs = in_duckdb.warehouse.rows("sync_runs")
    assert sorted(run["rows"].get("sessions", 0) for run in runs) == [1, 700]


def test_organisations_are_scopes_of_their_own(duckdb_warehouse: DuckdbWarehouse) -> None:
    world = World.build(300, org_ids=["org-a", "org-b", "org_c"])
    with DemoServer(world) as server:
        synced = Synced(server, duckdb_warehouse)
        synced.sync(org_ids=["org-a", "org-b"])
        synced.sync(org_ids=["org-b", "org_c"])

        assert synced.differences() == {}
    scopes = {run["scope"] for run in duckdb_warehouse.rows("sync_runs")}
    assert scopes == {"v3/org-a", "v3/org-b", "v3/org_c"}


def test_an_organisation_is_found_by_the_token_where_none_is_named(in_duckdb: Synced) -> None:
    in_duckdb.sync(org_ids=None)

    assert in_duckdb.differences() == {}


def test_an_empty_organisation_has_all_tables_and_is_remembered(
    warehouse: Warehouse,
) -> None:
    with DemoServer(World.build(0)) as server:
        synced = Synced(server, warehouse)
        first, second = synced.sync(), synced.sync()

    assert (len(first.loads_ids), second.loads_ids) == (1, [])
    counts = {table: len(rows) for table, rows in everything(synced).items()}
    assert counts.pop("sync_runs") == 1
    assert set(counts.values()) == {0}


def test_a_fresh_machine_goes_on_from_what_the_destination_remembers(
    server: DemoServer, warehouse: Warehouse, tmp_path: Any
) -> None:
    here = Synced(server, warehouse, str(tmp_path / "here"))
    here.sync()
    first = len(here.listed())
    server.world.clock.advance(60)
    server.world.touch(here.items[5]["session_id"], title="changed")

    there = Synced(server, warehouse, str(tmp_path / "there"))
    there.sync()

    assert there.differences() == {}
    assert len(there.listed()) - first == 2


def test_an_earlier_start_date_fills_the_hole_before_and_asks_for_no_more(
    in_duckdb: Synced,
) -> None:
    in_duckdb.sync(start_date="2026-05-01")
    may = int(truth.moment(0).replace(year=2026, month=5).timestamp())
    assert len(in_duckdb.warehouse.rows("sessions")) == sum(
        item["created_at"] >= may for item in in_duckdb.items
    )
    before = len(in_duckdb.listed())

    in_duckdb.sync(start_date="2026-01-01")

    assert in_duckdb.differences() == {}
    whole = [query for query in in_duckdb.listed()[before:] if "updated_after" not in query]
    now = in_duckdb.world.clock.now
    assert [
        query
        for query in whole
        if int(query.get("created_before", now)) > may + 1 and int(query["created_after"]) < now - 5
    ] == []
    assert str(may + 1) in {query.get("created_before") for query in whole}


def test_the_same_organisation_with_filters_is_another_scope(in_duckdb: Synced) -> None:
    in_duckdb.sync(origins=["slack"])
    slack = [item for item in in_duckdb.items if item.get("origin") == "slack"]
    assert in_duckdb.loaded("sessions") == truth.sessions(slack)

    in_duckdb.sync()

    assert in_duckdb.differences() == {}
