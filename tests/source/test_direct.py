"""Merging straight from a load package ends as dlt's own way does, and either follows the other."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import dlt
import pyarrow as pa
import pytest
from dlt.common.storages import LoadStorage
from dlt.destinations.impl.duckdb.sql_client import DuckDbSqlClient
from dlt.pipeline.exceptions import PipelineStepFailed

from sources.devin import merging
from sources.devin.direct import MergeJob
from sources.devin.held import Held
from sources.devin.rows import with_load_id
from sources.devin.session import MARKER
from sources.devin.spool import Spool
from sources.devin.tables import RUNS, SESSIONS, SNAPSHOTS, TABLES, TAGS, Table
from tests.support.truth import moment
from tests.support.warehouse import DirectWarehouse, DuckdbWarehouse, Warehouse

NOON = 1_767_268_800  # 2026-01-01T12:00:00Z
NAMES = ("sessions", "session_tags", "session_snapshots")

Package = dict[str, list[dict[str, Any]]]


def copy(session_id: str, *tags: str, at: int = 0, seen: int = 0, **fields: Any) -> Package:
    """A session as it was `at` seconds after noon, and `seen` then or later."""
    required = {
        "session_id": session_id,
        "org_id": "org-a",
        "url": session_id,
        "status": "running",
        "created_at": moment(NOON),
        "updated_at": moment(NOON + at),
        "acus_consumed": 0.5,
        "api_version": "v3",
        "extracted_at": moment(NOON + max(at, seen)),
    }
    row = required | fields
    snapshot = {column.name: row.get(column.name) for column in SNAPSHOTS.columns}
    counts = {"pull_request_count": 0, "merged_pull_request_count": 0}
    return {
        "sessions": [row],
        "session_tags": [{"session_id": session_id, "tag": tag} for tag in tags],
        "session_snapshots": [snapshot | counts],
    }


def extract(pipeline: dlt.Pipeline, *copies: Package, api_version: str = "v3") -> dlt.Pipeline:
    """Make a load package of copies, with marker rows where they are needed."""

    def resource(table: Table) -> Any:
        @dlt.resource(write_disposition="merge", **table.hints())
        def rows() -> Iterator[Any]:
            for each in copies:
                found = list(each.get(table.name, ()))
                if table is TAGS and Held(pipeline).wants_markers:
                    found += [mark(session) for session in each["sessions"]]
                arrow = pa.Table.from_pylist(found, schema=table.arrow_schema)
                yield dlt.mark.with_hints(
                    with_load_id(arrow, "made-up"),
                    merging.load_hints([table], api_version)[table.name],
                )

        return rows

    @dlt.source(name="devin", max_table_nesting=0)
    def source() -> Any:
        return [resource(table) for table in TABLES if any(table.name in each for each in copies)]

    pipeline.extract(source())
    pipeline.normalize()
    return pipeline


def mark(session: dict[str, Any]) -> dict[str, Any]:
    moments = (session["updated_at"], session["extracted_at"])
    text = MARKER + "".join(each.isoformat() for each in moments)
    return {"session_id": session["session_id"], "tag": text}


def load_files(warehouse: Warehouse, folder: Path, *copies: Package) -> None:
    """Load copies in files that dlt takes over as they are, without a column of its own."""
    pipeline, spool = warehouse.pipeline(), Spool(folder)
    for each in copies:
        spool.add(
            {
                table.name: pa.Table.from_pylist(each[table.name], schema=table.arrow_schema)
                for table in TABLES
                if table.name in each
            }
        )
    spooled = spool.close()

    def resource(table: Table) -> Any:
        @dlt.resource(write_disposition="merge", **table.hints())
        def rows() -> Iterator[Any]:
            hints = merging.load_hints([table])[table.name]
            yield merging.file_item(spooled[table.name], hints)

        return rows

    @dlt.source(name="devin", max_table_nesting=0)
    def source() -> Any:
        return [resource(table) for table in TABLES if table.name in spooled]

    pipeline.extract(source())
    spool.clear()
    pipeline.normalize()
    pipeline.load()


def load(warehouse: Warehouse, *copies: Package, api_version: str = "v3") -> None:
    extract(warehouse.pipeline(), *copies, api_version=api_version).load()


def tags(warehouse: Warehouse) -> list[tuple[str, str]]:
    return [(row["session_id"], row["tag"]) for row in warehouse.rows("session_tags")]


def everything(warehouse: Warehouse) -> dict[str, Any]:
    return {name: warehouse.rows(name) for name in NAMES}


def schemas(warehouse: Warehouse) -> set[str]:
    return {name for (name,) in warehouse.sql("SELECT schema_name FROM duckdb_schemas()")}


@pytest.fixture(params=["duckdb", "direct"])
def either(request: pytest.FixtureRequest) -> Warehouse:
    found: Warehouse = request.getfixturevalue(f"{request.param}_warehouse")
    return found


@pytest.fixture
def direct(direct_warehouse: DirectWarehouse) -> DirectWarehouse:
    return direct_warehouse


def test_nothing_is_staged(direct: Warehouse) -> None:
    load(direct, copy("a", "x"))

    assert "devin" in schemas(direct)
    assert "devin_staging" not in schemas(direct)


def test_it_is_duckdb_to_everything_that_is_shown_and_stored(
    direct: Warehouse, duckdb_warehouse: Warehouse
) -> None:
    def told(warehouse: Warehouse) -> list[Any]:
        pipeline = warehouse.pipeline()
        destination = pipeline.destination
        load(warehouse, copy("a"))
        stored = {key: value for key, value in pipeline.state.items() if "destination" in key}
        names = (destination.destination_name, destination.destination_type)
        return [stored, names, destination.destination_description]

    expected = ["duckdb", "dlt.destinations.duckdb"]
    assert told(direct) == told(duckdb_warehouse)
    assert [*direct.pipeline().state.values()].count(expected[1]) == 1
    assert direct.pipeline().destination.destination_name == expected[0]


def test_children_are_replaced_whole_and_so_is_the_last_one(either: Warehouse) -> None:
    load(either, copy("a", "x", "y"), copy("b", "x"))

    load(either, copy("a", "y", at=1), copy("b", at=1))
    assert tags(either) == [("a", "y")]

    load(either, copy("a", at=2))
    assert tags(either) == []


@pytest.mark.parametrize("order", list(itertools.permutations([0, 1, 2])))
def test_the_newest_copy_stays_in_whatever_order_they_are_loaded(
    direct: Warehouse, order: tuple[int, ...]
) -> None:
    copies = [
        copy("a", "by time", at=1, seen=9),
        copy("a", "early", at=2, seen=3),
        copy("a", "late", at=2, seen=4),
    ]

    for place in order:
        load(direct, copies[place])

    (row,) = direct.rows("sessions")
    assert (row["updated_at"], row["extracted_at"]) == (moment(NOON + 2), moment(NOON + 4))
    assert tags(direct) == [("a", "late")]
    assert len(direct.rows("session_snapshots")) == 2


def test_what_v2_tells_never_replaces_what_v3_told(either: Warehouse) -> None:
    load(either, copy("a", "v3", status="exit"))
    before = everything(either)

    known = copy("a", "v2", api_version="v2", status="new")
    newer = copy("b", "v2", at=9, api_version="v2")
    load(either, known, newer, api_version="v2")

    after = everything(either)
    assert {n: [row for row in after[n] if row["session_id"] == "a"] for n in NAMES} == before
    assert tags(either) == [("a", "v3"), ("b", "v2")]

    load(either, copy("b", "v3", at=9))
    assert tags(either) == [("a", "v3"), ("b", "v3")]


def test_a_row_that_marks_a_session_as_deleted_leaves_what_belongs_to_it(
    direct: Warehouse,
) -> None:
    load(direct, copy("a", "x"), copy("b", "y"))
    deleted = copy("a", deleted_at=moment(NOON + 9))

    load(direct, {**deleted, "session_snapshots": []}, copy("b", "z", at=1))

    assert [row["deleted_at"] for row in direct.rows("sessions")] == [moment(NOON + 9), None]
    assert tags(direct) == [("a", "x"), ("b", "z")]


def test_a_session_that_comes_twice_in_a_package_is_loaded_once(either: Warehouse) -> None:
    load(either, copy("a", "x", "old", title="old"), copy("a", "x", at=1, title="new"))

    assert [row["title"] for row in either.rows("sessions")] == ["new"]
    assert tags(either) == [("a", "old"), ("a", "x")]
    assert len(either.rows("session_snapshots")) == 2


def test_it_is_the_newest_of_the_two_that_counts(direct: Warehouse) -> None:
    load(direct, copy("a", "kept", at=1, title="kept"))

    load(direct, copy("a", title="older"), copy("a", "y", at=2, title="newer"))

    assert [row["title"] for row in direct.rows("sessions")] == ["newer"]
    assert tags(direct) == [("a", "y")]


def test_a_snapshot_that_comes_twice_is_the_later_one(either: Warehouse) -> None:
    load(either, copy("a", acus_consumed=1.0), copy("a", seen=1, acus_consumed=2.0))
    load(either, copy("a", seen=2, acus_consumed=3.0))

    assert [row["acus_consumed"] for row in either.rows("session_snapshots")] == [3.0]


def test_a_record_that_comes_twice_is_the_later_one_and_needs_no_sessions(
    either: Warehouse,
) -> None:
    values = {"bigint": 0, "double": 0.0, "json": "[]", "timestamp": moment(NOON), "text": "?"}
    record = {column.name: values[column.kind] for column in RUNS.columns}
    later = {**record, "finished_at": moment(NOON + 1), "outcome": "loaded"}
    other = {**record, "run_id": "other"}

    load(either, {"sync_runs": [record, later, other]}, {"sync_runs": [record]})

    found = {row["run_id"]: row["outcome"] for row in either.rows("sync_runs")}
    assert found == {"?": "loaded", "other": "?"}
    assert len(either.rows("sync_runs")) == len(found)


VALUES = {
    "bigint": 0,
    "double": 0.0,
    "json": "[]",
    "timestamp": moment(NOON),
    "text": "?",
    "bool": False,
}


def one_row_each(**texts: str) -> Package:
    """A row of each table, of the same session, that is as these texts say where they differ."""
    rows: Package = {}
    for table in TABLES:
        row = {column.name: VALUES[column.kind] for column in table.columns}
        row |= {"deleted_at": None} if table is SESSIONS else {}
        known = {name: text for name, text in texts.items() if name in row}
        rows[table.name] = [row | known]
    return rows


BEFORE = one_row_each(status="before", pr_url="before", tag="before", declared_by="x", reason="x")
AFTER = one_row_each(status="after", pr_url="after", tag="after", declared_by="y", reason="y")


def all_tables(warehouse: Warehouse) -> dict[str, Any]:
    return {table.name: warehouse.rows(table.name) for table in TABLES}


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_a_merge_that_fails_at_any_table_leaves_all_of_them_as_they_were(
    direct: Warehouse, monkeypatch: pytest.MonkeyPatch, table: Table
) -> None:
    monkeypatch.setenv("LOAD__RAISE_ON_MAX_RETRIES", "1")
    load(direct, BEFORE)
    before = all_tables(direct)
    whole, met = DuckDbSqlClient.execute_sql, list[str]()

    def up_to_it(client: DuckDbSqlClient, sql: Any, *args: Any, **named: Any) -> Any:
        if str(sql).startswith(f"INSERT INTO {client.make_qualified_table_name(table.name)} "):
            met.append(sql)
            sql = "SELECT error('no room')"
        return whole(client, sql, *args, **named)

    with monkeypatch.context() as patch:
        patch.setattr(DuckDbSqlClient, "execute_sql", up_to_it)
        with pytest.raises(PipelineStepFailed, match="no room"):
            load(direct, AFTER)

    assert met
    assert all_tables(direct) == before
    direct.pipeline().load()
    assert [row["tag"] for row in direct.rows("session_tags")] == ["after"]
    assert [row["status"] for row in direct.rows("sessions")] == ["after"]


def test_each_row_names_the_package_it_came_with_whatever_its_file_says(
    direct: DirectWarehouse, tmp_path: Path
) -> None:
    pipeline = direct.pipeline()

    def load_ids() -> set[str]:
        found = [direct.sql(f"SELECT _dlt_load_id FROM devin.{table.name}") for table in TABLES]
        assert [len(rows) for rows in found] == [1] * len(TABLES)
        return {load_id for rows in found for (load_id,) in rows}

    load(direct, BEFORE)
    with_a_column = load_ids()
    load_files(direct, tmp_path / "spool", AFTER)
    without_one = load_ids()

    assert [*with_a_column, *without_one] == pipeline.list_completed_load_packages()
    assert len(with_a_column | without_one) == 2


def test_a_package_without_a_file_of_children_takes_away_those_of_its_sessions(
    direct: Warehouse,
) -> None:
    load(direct, copy("a", "x", "y"), copy("b", "x"))
    later = copy("a", at=1)
    del later["session_tags"]

    load(direct, later)

    assert tags(direct) == [("b", "x")]


def test_but_not_those_of_sessions_that_are_out_of_date(direct: Warehouse) -> None:
    load(direct, copy("a", "x", at=2), copy("b", "x"))
    late, new = copy("a", at=1), copy("b", at=1)
    del late["session_tags"], new["session_tags"]

    load(direct, late, new)

    assert tags(direct) == [("a", "x")]


def test_files_that_are_taken_over_end_as_rows_that_dlt_writes(
    direct: DirectWarehouse, duckdb_warehouse: DuckdbWarehouse, tmp_path: Path
) -> None:
    for number, copies in enumerate([[copy(name, "x", "y") for name in "abd"], LATER]):
        load_files(direct, tmp_path / str(number), *copies)

    found = everything(direct)
    emptied(direct)
    assert found == at_last(duckdb_warehouse)


def test_one_table_is_merged_at_a_time(direct: Warehouse) -> None:
    """While a file is read that belongs to another table, it stays where it is."""
    capabilities = direct.pipeline().destination.capabilities()

    assert capabilities.loader_parallelism_strategy == "sequential"


def test_a_folder_may_have_any_name(direct: Warehouse, tmp_path: Path) -> None:
    pipeline = direct.pipeline(pipelines_dir=tmp_path / "it's here")

    extract(pipeline, copy("a", "x")).load()

    assert tags(direct) == [("a", "x")]


LATER = (copy("a", at=1), copy("b", "z", at=2), copy("c", "new", at=3), copy("d", "old", at=-9))


def earlier(warehouse: Warehouse) -> None:
    load(warehouse, *(copy(name, "x", "y") for name in "abd"))


def at_last(warehouse: Warehouse) -> dict[str, Any]:
    earlier(warehouse)
    load(warehouse, *LATER)
    return everything(warehouse)


def test_a_job_that_runs_again_after_its_commit_changes_nothing(
    direct: Warehouse, duckdb_warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    earlier(direct)
    once = MergeJob.run
    monkeypatch.setattr(MergeJob, "run", lambda job: (once(job), once(job)))
    load(direct, *LATER)

    found = everything(direct)
    emptied(direct)
    assert found == at_last(duckdb_warehouse)


@pytest.mark.parametrize("order", list(itertools.permutations(NAMES)))
def test_the_order_of_the_tables_does_not_matter(
    direct: Warehouse,
    duckdb_warehouse: Warehouse,
    monkeypatch: pytest.MonkeyPatch,
    order: tuple[str, ...],
) -> None:
    earlier(direct)
    listed = LoadStorage.list_new_jobs

    def place(path: str) -> int:
        name = path.rpartition("/")[2].split(".")[0]
        return order.index(name) if name in order else len(order)

    ordered: Callable[..., Any] = lambda *args: sorted(listed(*args), key=place)  # noqa: E731
    with monkeypatch.context() as patch:
        patch.setattr(LoadStorage, "list_new_jobs", ordered)
        load(direct, *LATER)

    found = everything(direct)
    emptied(direct)
    assert found == at_last(duckdb_warehouse)


def emptied(warehouse: Warehouse) -> None:
    """Put the warehouse back to nothing, so that the other kind can load the same."""
    warehouse.sql("DROP SCHEMA devin CASCADE")
    warehouse.pipeline().drop()


def test_a_table_of_several_files_is_replaced_by_all_of_them(direct: Warehouse) -> None:
    earlier(direct)
    dlt.config["data_writer.file_max_items"] = 1
    dlt.config["data_writer.buffer_max_items"] = 1
    pipeline = extract(direct.pipeline(), *LATER)
    jobs = pipeline.get_load_package_info(pipeline.list_normalized_load_packages()[0]).jobs
    files = [job.file_path for job in jobs["new_jobs"]]
    pipeline.load()

    assert len([path for path in files if "/session_tags." in path]) > 1
    assert tags(direct) == [("b", "z"), ("c", "new"), ("d", "x"), ("d", "y")]


def hints(pipeline: dlt.Pipeline) -> dict[str, Any]:
    """What the schema says of the way in, for each table."""
    return {
        name: {
            key: value
            for key, value in pipeline.default_schema.tables[name].items()
            if key.startswith("x-") and key != "x-normalizer" and value is not None
        }
        for name in NAMES
    }


def test_a_package_that_was_made_for_it_is_refused_by_dlt_and_says_who_loads_it(
    direct: DirectWarehouse, duckdb_warehouse: DuckdbWarehouse
) -> None:
    load(direct, copy("a", "x"))
    before = everything(direct)
    extract(direct.pipeline(), copy("a", at=1))

    with pytest.raises(PipelineStepFailed, match="has to be loaded by devin-elt sync"):
        duckdb_warehouse.pipeline().load()
    assert everything(direct) == before

    direct.pipeline().load()
    assert tags(direct) == []
    assert [row["updated_at"] for row in direct.rows("sessions")] == [moment(NOON + 1)]


def test_a_package_that_was_made_for_dlts_own_way_is_loaded_that_way(
    direct: DirectWarehouse, duckdb_warehouse: DuckdbWarehouse
) -> None:
    load(duckdb_warehouse, copy("a", "x"))
    extract(duckdb_warehouse.pipeline(), copy("a", "y", at=1))

    direct.pipeline().load()

    assert tags(direct) == [("a", "y")]


def test_one_way_follows_the_other_in_the_same_dataset(
    direct: DirectWarehouse, duckdb_warehouse: DuckdbWarehouse
) -> None:
    load(duckdb_warehouse, copy("a", "1"), copy("b", "1"))
    plain = hints(duckdb_warehouse.pipeline())
    load(direct, copy("a", "2", at=2))
    straight = hints(direct.pipeline())
    load(duckdb_warehouse, copy("a", "stale", at=1), copy("b", at=3))
    again = hints(duckdb_warehouse.pipeline())
    load(direct, copy("a", at=4), copy("c", "4", at=4))

    assert tags(direct) == [("c", "4")]
    assert again == plain
    assert straight == hints(direct.pipeline()) != plain
    assert all(merging.DIRECT in each for each in straight.values())
    assert [row["session_id"] for row in direct.rows(SESSIONS.name)] == ["a", "b", "c"]
