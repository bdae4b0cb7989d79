"""While a load package is loaded the next one is read, and nothing is believed too early."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from pipelines.devin import loading
from pipelines.devin import sync as syncing
from pipelines.devin.warehouse import open_pipeline
from sources.devin.held import Held
from sources.devin.runs import Journal
from tests.support.organisations import Synced

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
