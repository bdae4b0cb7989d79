"""What arrives replaces what was there, whole and only by something newer, on every warehouse."""

from collections.abc import Iterator
from typing import Any

import dlt
import pytest
from dlt.pipeline.exceptions import PipelineStepFailed

from pipelines.devin.demo_api import DemoServer, Settings, World
from sources.devin import merging
from sources.devin.errors import DestinationUnsuitable
from sources.devin.session import MARKER
from sources.devin.tables import TABLES
from tests.support.organisations import Synced
from tests.support.warehouse import DuckdbWarehouse, Warehouse

ORG = "org-demo"
NOW = 1_780_000_000


@pytest.fixture
def synced(warehouse: Warehouse) -> Iterator[Synced]:
    with DemoServer(World.build(0, start=NOW - 1, now=NOW), Settings()) as server:
        server.world.clock.advance(1_000)
        yield Synced(server, warehouse)


def session(synced: Synced, **fields: Any) -> str:
    session_id = synced.world.add(ORG, **fields)
    synced.world.clock.advance(10)
    return session_id


def stale(synced: Synced, session_id: str, **fields: Any) -> None:
    """From now on the server returns an older copy of this session, as a late replica does."""

    def replaced(envelope: dict[str, Any]) -> dict[str, Any]:
        items = [
            item | fields if item["session_id"] == session_id else item
            for item in envelope["items"]
        ]
        return envelope | {"items": items}

    synced.server.settings.transform = replaced


def test_a_tag_that_was_taken_off_disappears_also_when_it_was_the_last(synced: Synced) -> None:
    session_id = session(synced, tags=["a", "b"])
    other = session(synced, tags=["a"])
    synced.sync()
    synced.world.touch(session_id, tags=["b"])
    synced.world.clock.advance(10)
    synced.sync()
    after_one = [(row["session_id"], row["tag"]) for row in synced.loaded("session_tags")]

    synced.world.touch(session_id, tags=[])
    synced.world.clock.advance(10)
    synced.sync()
    after_two = [(row["session_id"], row["tag"]) for row in synced.loaded("session_tags")]

    assert sorted(after_one) == sorted([(session_id, "b"), (other, "a")])
    assert after_two == [(other, "a")]


def test_links_and_pull_requests_are_replaced_with_their_session(synced: Synced) -> None:
    first, second = (f"https://github.com/acme/web/pull/{number}" for number in (1, 2))
    session_id = session(
        synced,
        pull_requests=[{"pr_url": first, "pr_state": "open"}],
        child_session_ids=["c1", "c2"],
        parent_session_id="p",
    )
    synced.sync()
    synced.world.touch(
        session_id,
        pull_requests=[{"pr_url": second, "pr_state": "MERGED"}],
        child_session_ids=["c2"],
        parent_session_id=None,
    )
    synced.world.clock.advance(10)

    synced.sync()

    assert synced.differences() == {}
    assert [row["pr_url"] for row in synced.loaded("session_pull_requests")] == [second]
    assert [row["child_session_id"] for row in synced.loaded("session_links")] == ["c2"]


def test_an_older_copy_does_not_overwrite_a_newer_one_nor_its_children(synced: Synced) -> None:
    session_id = session(synced, title="new", tags=["new"])
    other = session(synced, title="other", tags=["first"])
    synced.sync()
    newer = synced.items[-1]["updated_at"]
    stale(synced, session_id, title="old", tags=["old"], updated_at=newer - 1)
    synced.world.touch(other, tags=["second"])
    synced.world.clock.advance(10)

    load = synced.sync()

    assert len(load.loads_ids) == 1
    assert {row["title"] for row in synced.loaded("sessions")} == {"new", "other"}
    assert sorted(row["tag"] for row in synced.loaded("session_tags")) == ["new", "second"]


def test_a_copy_of_the_same_second_takes_the_place_of_the_one_before(synced: Synced) -> None:
    session_id = session(synced, tags=["a"], title="a")
    synced.sync()
    synced.world.touch(session_id, bump=False, tags=["b"], title="b")

    synced.sync()

    assert synced.differences() == {}


def test_of_two_copies_of_the_same_second_the_one_that_was_read_later_stays(
    synced: Synced,
) -> None:
    """A package that waited, and is loaded after a newer one."""
    session_id = session(synced, title="early", tags=["early"])
    waiting = synced.warehouse.pipeline("waiting")
    waiting.extract(synced.source())
    waiting.normalize()
    synced.world.touch(session_id, bump=False, title="late", tags=["late"])
    synced.world.clock.advance(10)
    synced.sync()

    waiting.load()

    assert [row["title"] for row in synced.loaded("sessions")] == ["late"]
    assert [row["tag"] for row in synced.loaded("session_tags")] == ["late"]


def test_every_observed_state_of_a_session_stays_a_snapshot(synced: Synced) -> None:
    session_id = session(synced, acus_consumed=1.5, status="running")
    for acus in (2.5, 4.0):
        synced.sync()
        synced.world.touch(session_id, acus_consumed=acus)
        synced.world.clock.advance(10)

    synced.sync()

    rows = sorted(synced.warehouse.rows("session_snapshots"), key=lambda row: row["updated_at"])
    assert [row["acus_consumed"] for row in rows] == [1.5, 2.5, 4.0]


def test_no_marker_row_arrives(synced: Synced) -> None:
    session(synced, tags=["a"], child_session_ids=["c"])
    synced.sync()

    for table, column in [
        ("session_tags", "tag"),
        ("session_pull_requests", "pr_url"),
        ("session_links", "declared_by"),
    ]:
        assert [row for row in synced.loaded(table) if row[column].startswith(MARKER)] == []


def test_tables_have_exactly_the_columns_of_the_contract(synced: Synced) -> None:
    synced.sync()

    for table in TABLES:
        expected = {*(column.name for column in table.columns), "_dlt_load_id"}
        assert set(synced.warehouse.columns(table.name)) == expected


def test_every_row_names_its_load_package(synced: Synced) -> None:
    session(synced, tags=["a"])
    (load_id,) = synced.sync().loads_ids

    for table in ("sessions", "session_tags", "session_snapshots", "sync_runs"):
        assert synced.warehouse.sql(f"SELECT _dlt_load_id FROM devin.{table}") == [(load_id,)]


def test_a_session_that_changes_again_while_it_is_paged_is_not_mixed_up(synced: Synced) -> None:
    """Two copies in one package: the children of one must not stand beside those of the other."""
    moving = session(synced, tags=["before"])
    for number in range(5):
        session(synced, title=str(number))
    synced.server.settings.order = "updated_asc"

    def moves(page: int) -> None:
        if page == 2:
            synced.world.touch(moving, tags=["after"])

    synced.server.settings.before_page = moves
    synced.sync(page_size=2, batch_size=2)
    between = [row["tag"] for row in synced.loaded("session_tags")]
    synced.server.settings.before_page = None
    synced.world.clock.advance(10)
    synced.sync(page_size=2, batch_size=2)

    assert between in (["before"], ["after"])
    assert synced.differences() == {}


def test_a_duckdb_file_named_like_the_dataset_is_refused_before_anything_is_asked(
    duckdb_warehouse: DuckdbWarehouse, tmp_path: Any
) -> None:
    pipeline = dlt.pipeline(
        "clash",
        destination=dlt.destinations.duckdb(str(tmp_path / "devin.duckdb")),
        dataset_name="devin",
        pipelines_dir=str(tmp_path / "pipelines"),
    )

    with pytest.raises(DestinationUnsuitable, match="has the name of the dataset"):
        merging.check_destination(pipeline)


def test_a_destination_that_cannot_replace_children_is_refused(tmp_path: Any) -> None:
    pipeline = dlt.pipeline(
        "lake",
        destination=dlt.destinations.filesystem(str(tmp_path / "lake")),
        dataset_name="devin",
        pipelines_dir=str(tmp_path / "pipelines"),
    )

    with pytest.raises(DestinationUnsuitable, match="does not merge by delete-insert"):
        merging.check_destination(pipeline)


@pytest.mark.parametrize(
    ("destination", "expected"),
    [
        (dlt.destinations.duckdb, "parquet"),
        (dlt.destinations.postgres, "preferred"),
        (dlt.destinations.clickhouse, "preferred"),
        (dlt.destinations.redshift, "preferred"),
    ],
    ids=lambda value: getattr(value, "__name__", value),
)
def test_parquet_is_chosen_only_where_the_destination_would_load_sql_text(
    destination: Any, expected: str
) -> None:
    assert merging.file_format(destination().capabilities()) == expected


@pytest.mark.parametrize("missing", ["session_tags", "sync_runs"])
def test_tables_are_loaded_together_or_not_at_all(synced: Synced, missing: str) -> None:
    some = [table.name for table in TABLES if table.name != missing]

    with pytest.raises(PipelineStepFailed, match=f"{missing} would not be loaded"):
        synced.pipeline().run(synced.source().with_resources(*some))


def test_fields_that_are_not_known_yet_are_kept(synced: Synced) -> None:
    pull_request = {"pr_url": "https://github.com/a/b/pull/1", "pr_state": "open", "draft": True}
    session(synced, novelty={"n": [1]}, pull_requests=[pull_request], status="hibernating")

    synced.sync()

    (row,) = synced.loaded("sessions")
    assert row["status"] == "hibernating"
    assert row["extra"] == {
        "novelty": {"n": [1]},
        "pull_requests": {"https://github.com/a/b/pull/1": {"draft": True}},
    }


def test_the_descriptions_of_tables_and_columns_are_in_the_schema(synced: Synced) -> None:
    pipeline = synced.pipeline()
    pipeline.run(synced.source())

    for table in TABLES:
        stored = pipeline.default_schema.tables[table.name]
        assert stored["description"] == table.description
        for column in table.columns:
            assert stored["columns"][column.name]["description"] == column.description
