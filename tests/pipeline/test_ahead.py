"""While a load package is loaded the next one is read, and nothing is believed too early."""

from __future__ import annotations

import gc
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import dlt
import pytest

from pipelines.devin import loading
from pipelines.devin import sync as syncing
from pipelines.devin.ahead import FOLDER
from pipelines.devin.demo_api import DemoServer
from pipelines.devin.models.catalogue import catalogue
from pipelines.devin.warehouse import open_pipeline
from sources.devin.errors import DevinError
from sources.devin.held import Held
from sources.devin.intake import Intake
from sources.devin.merging import duckdb_file
from sources.devin.runs import Journal
from sources.devin.tables import TABLES
from tests.pipeline.conftest import into
from tests.support.organisations import Synced
from tests.support.warehouse import Warehouse

PATIENCE = 20.0
DAY = 86_400


def wait_until(true: Callable[[], bool]) -> None:
    over = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < over, "it never came to that"
        time.sleep(0.01)


@dataclass
class Loads:
    """The loads of a sync, each of which takes as long as a test wants it to."""

    during: Callable[[int], None] = lambda _: None
    made: int = 0
    under_way: bool = False
    waits: list[bool] = field(default_factory=list)
    """For each wait for the destination: whether a package was loaded when it was over."""

    begun: int = 0

    def load(self, pipeline: Any) -> list[str]:
        self.made, self.under_way = self.made + 1, True
        self.during(self.made)
        loaded = loading.load_pending(pipeline)
        self.under_way = False
        return loaded

    def waiting(self) -> Callable[[Held], None]:
        def wait(held: Held) -> None:
            self.begun += 1
            held._wait()
            self.waits.append(self.under_way)

        return wait


@pytest.fixture
def loads(monkeypatch: pytest.MonkeyPatch) -> Iterator[Loads]:
    """Packages of 60 sessions, pages of 20."""
    for name, value in {"COMMIT_EVERY": 60, "PAGE_SIZE": 20, "CONCURRENCY": 1}.items():
        monkeypatch.setenv(f"SOURCES__DEVIN__{name}", str(value))
    loads = Loads()
    monkeypatch.setattr(syncing, "load_pending", loads.load)
    monkeypatch.setattr(Held, "wait", loads.waiting())
    yield loads
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("ahead")]


def sync() -> syncing.SyncResult:
    return syncing.sync(open_pipeline())


def test_the_next_package_is_read_while_one_is_loaded(synced: Synced, loads: Loads) -> None:
    asked: list[int] = []

    def more_is_asked(number: int) -> None:
        asked.append(len(synced.server.requests))
        if number == 1:
            wait_until(lambda: len(synced.server.requests) > asked[0])

    loads.during = more_is_asked
    result = sync()

    assert len(result.load_ids) == loads.made > 2
    assert synced.differences() == {}


class Extracts:
    """The moments at which dlt takes over a package that was read."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, look: Callable[[], Any]) -> None:
        self.seen: list[Any] = []
        extract = dlt.Pipeline.extract

        def looking(*args: Any, **options: Any) -> Any:
            self.seen.append(look())
            return extract(*args, **options)

        monkeypatch.setattr(dlt.Pipeline, "extract", looking)


def test_all_of_the_next_package_can_be_read_while_one_is_loaded(
    synced: Synced, loads: Loads, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each page is a batch of its own, so that nothing is held back to make one."""
    monkeypatch.setenv("SOURCES__DEVIN__COMMIT_EVERY", "100")
    monkeypatch.setenv("SOURCES__DEVIN__BATCH_SIZE", "10")
    monkeypatch.setenv("SOURCES__DEVIN__PAGE_SIZE", "10")
    extracts = Extracts(monkeypatch, lambda: len(synced.server.requests))
    asked: list[int] = []

    def until_all_is_read(number: int) -> None:
        if number == 1:
            wait_until(lambda: loads.begun > len(loads.waits))
            asked.append(len(synced.server.requests))

    loads.during = until_all_is_read
    sync()

    first, second, *_ = extracts.seen
    assert asked == [second]
    assert second - first >= 10
    assert synced.differences() == {}


VIEWS = "SELECT count(*) FROM information_schema.views WHERE table_schema = 'devin_analytics'"


def test_the_views_are_there_once_the_first_package_is_loaded(
    synced: Synced, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCES__DEVIN__COMMIT_EVERY", "100")
    monkeypatch.setenv("SOURCES__DEVIN__PAGE_SIZE", "10")
    file = duckdb_file(open_pipeline())
    assert file
    extracts = Extracts(
        monkeypatch, lambda: synced.warehouse.sql(VIEWS) if file.exists() else [(0,)]
    )

    result = sync()

    assert extracts.seen[:2] == [[(0,)], [(len(catalogue()[0]),)]]
    assert result.models is not None


def folder() -> Path:
    return Path(open_pipeline().working_dir) / FOLDER


def test_what_is_read_ahead_waits_in_the_folder_and_nothing_is_left_there(
    synced: Synced, loads: Loads
) -> None:
    waiting: list[list[str]] = []

    def look(number: int) -> None:
        if number == 1:
            wait_until(lambda: loads.begun > len(loads.waits))
            waiting.append(sorted(path.stem for path in folder().iterdir()))

    loads.during = look
    sync()

    (found,) = waiting
    assert "sessions" in found
    assert set(found) <= {table.name for table in TABLES}
    assert not folder().exists()


@pytest.mark.parametrize("number", [1, 2])
def test_nothing_is_left_in_the_folder_where_a_load_fails(
    synced: Synced, loads: Loads, number: int
) -> None:
    def fails(made: int) -> None:
        if made == number:
            wait_until(lambda: loads.begun > len(loads.waits))
            assert list(folder().iterdir())
            raise ZeroDivisionError

    loads.during = fails
    with pytest.raises(ZeroDivisionError):
        sync()

    assert not folder().exists()


def test_nor_where_the_reading_fails(synced: Synced, loads: Loads) -> None:
    def refuse(_: int) -> None:
        synced.server.settings.token = "cog_another"

    loads.during = refuse
    result = sync()

    assert isinstance(result.failure, DevinError)
    assert not folder().exists()


def test_what_a_killed_run_left_in_the_folder_does_no_harm_and_is_gone(
    synced: Synced, loads: Loads, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder().mkdir(parents=True)
    for name in ("sessions.parquet", "session_tags.parquet", "of another version"):
        (folder() / name).write_text("not Parquet")
    extracts = Extracts(monkeypatch, lambda: {path.name for path in folder().iterdir()})

    sync()

    assert "sessions.parquet" in extracts.seen[0]
    assert "of another version" not in extracts.seen[0]
    assert not folder().exists()
    assert synced.differences() == {}


@pytest.fixture(params=["duckdb", "duckdb, by dlt", "postgres"])
def warehouse(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Warehouse:
    """Each destination in turn, and DuckDB as dlt merges into it."""
    name, _, by_dlt = request.param.partition(",")
    if by_dlt:
        monkeypatch.setattr("pipelines.devin.warehouse._factory", lambda destination: destination)
    found: Warehouse = request.getfixturevalue(f"{name}_warehouse")
    return found


def test_the_same_rows_are_loaded_whoever_merges_them(
    warehouse: Warehouse, server: DemoServer, loads: Loads, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced = into(warehouse, server, monkeypatch)
    load_ids = set(syncing.sync(open_pipeline(warehouse.name)).load_ids)
    for item in synced.items[::2]:
        synced.world.touch(item["session_id"], title="another", tags=["b"], pull_requests=[])
    synced.world.clock.advance(60)
    load_ids |= set(syncing.sync(open_pipeline(warehouse.name)).load_ids)

    assert loads.made == len(load_ids) > 4
    assert synced.differences() == {}
    for table in TABLES:
        named = warehouse.sql(f"SELECT DISTINCT _dlt_load_id FROM devin.{table.name}")
        assert {load_id for (load_id,) in named} <= load_ids
    assert not (Path(open_pipeline(warehouse.name).working_dir) / FOLDER).exists()


def test_what_is_read_ahead_asks_the_destination_only_once_the_package_before_is_loaded(
    synced: Synced, loads: Loads
) -> None:
    def somebody_waits(number: int) -> None:
        if number == 1:
            wait_until(lambda: loads.begun > len(loads.waits))

    loads.during = somebody_waits
    sync()

    assert not any(loads.waits)
    assert synced.differences() == {}


def test_what_a_package_took_in_is_let_go_of_once_the_next_one_begins(
    synced: Synced, loads: Loads
) -> None:
    gc.collect()
    alive: list[int] = []
    loads.during = lambda _: alive.append(intakes())
    before = intakes()
    sync()

    assert len(alive) > 3
    assert max(alive) - before <= 2  # of the package that is loaded, and of the one that is read


def intakes() -> int:
    return sum(isinstance(each, Intake) for each in gc.get_objects())


def test_a_load_that_fails_ends_the_reading_and_the_next_sync_makes_up_for_it(
    synced: Synced, loads: Loads
) -> None:
    class Crash(BaseException):
        pass

    def fails(number: int) -> None:
        if number == 2:
            raise Crash

    loads.during = fails
    with pytest.raises(Crash):
        sync()
    loads.during = lambda _: None
    sync()

    assert synced.differences() == {}


def test_idle_cycles_stay_in_the_journal_until_they_are_loaded(
    synced: Synced, loads: Loads
) -> None:
    sync()
    sync()  # finds nothing
    for item in synced.items:
        synced.world.touch(item["session_id"], title="another")
    synced.world.clock.advance(DAY // 2)
    journal = Journal(open_pipeline().working_dir)
    [idle] = journal.read()
    kept: list[list[str]] = []

    def look(number: int) -> None:
        if not kept:
            wait_until(lambda: loads.begun > len(loads.waits))
            kept.append([run.run_id for run in journal.read()])

    loads.during = look
    sync()

    assert kept == [[idle.run_id]]
    assert journal.read() == []
    assert idle.run_id in {row["run_id"] for row in synced.warehouse.rows("sync_runs")}
