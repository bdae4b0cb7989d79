"""After a crash, wherever it was, the next sync completes everything, and asks for no more."""

from __future__ import annotations

import importlib
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dlt
import pytest
from dlt.pipeline.pipeline import Pipeline

from pipelines.devin.demo_api import DemoServer
from pipelines.devin.failures import explained
from pipelines.devin.recovery import Recovered
from pipelines.devin.sync import SyncResult, sync
from pipelines.devin.warehouse import open_pipeline, pending_packages, stored_state
from tests.pipeline.conftest import Processes, ended, into, lines_until
from tests.support.isolation import reset_dlt
from tests.support.organisations import Synced
from tests.support.warehouse import Warehouse

DAY = 86_400

KILLED = """
import os, signal
from {module} import {owner}
from pipelines.devin.cli_verbs import app

whole, left = {owner}.{method}, {calls}

def dying(*args, **kwargs):
    global left
    left -= 1
    if not left:
        os.kill(os.getpid(), signal.SIGKILL)
    return whole(*args, **kwargs)

{owner}.{method} = dying
app(["sync", "--destination", "{destination}"])
"""

Moment = tuple[str, str, str, int]
"""Module, class, method, and the call of it that is the last thing the process does."""

STORAGE = "dlt.common.storages.load_package"

MOMENTS: dict[str, Moment] = {
    "before anything is loaded": ("dlt.load.load", "Load", "run", 1),
    "once a table is merged": (STORAGE, "PackageStorage", "save_pending_transition", 3),
    "between two tables": (STORAGE, "PackageStorage", "complete_job", 4),
    "before the last stroke": ("dlt.load.load", "Load", "complete_package", 1),
    "after it": ("dlt.common.storages.load_storage", "LoadStorage", "complete_load_package", 1),
}

BEFORE, MIDWAY = MOMENTS["before anything is loaded"], MOMENTS["between two tables"]


@pytest.fixture
def anywhere(warehouse: Warehouse, server: DemoServer, monkeypatch: pytest.MonkeyPatch) -> Synced:
    return into(warehouse, server, monkeypatch)


class Crash(BaseException):
    """Nothing catches it."""


@dataclass
class Machine:
    """A working directory, and what is done with it."""

    name: str
    synced: Synced
    processes: Processes
    monkeypatch: pytest.MonkeyPatch

    @property
    def pipeline(self) -> dlt.Pipeline:
        self.monkeypatch.setenv("DLT_DATA_DIR", str(self.processes.folder / self.name))
        reset_dlt()
        return open_pipeline(self.synced.warehouse.name)

    def sync(self) -> SyncResult:
        return sync(self.pipeline)

    def is_killed(self, moment: Moment) -> None:
        """Let a sync run until it kills itself."""
        names = dict(zip(("module", "owner", "method", "calls"), moment, strict=True))
        script = KILLED.format(**names, destination=self.synced.warehouse.name)
        folder = str(self.processes.folder / self.name)
        code, _, err = ended(
            self.processes.start(sys.executable, "-c", script, DLT_DATA_DIR=folder)
        )
        assert code == -signal.SIGKILL, err

    def crashes(self, moment: Moment) -> None:
        """The same in this process, which is faster: nothing is done after that moment."""
        module, owner, method, calls = moment
        kind = getattr(importlib.import_module(module), owner)
        whole, left = getattr(kind, method), iter(range(calls - 1))

        def dying(*args: Any, **kwargs: Any) -> Any:
            if next(left, None) is None:
                raise Crash
            return whole(*args, **kwargs)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(kind, method, dying)
            with pytest.raises(Crash):
                self.sync()


@pytest.fixture(autouse=True)
def _no_rescan(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a crash leaves is to be told apart from what is read again every day."""
    monkeypatch.setenv("SOURCES__DEVIN__RESCAN", "0")


Machines = Callable[[Synced], tuple[Machine, Machine]]


@pytest.fixture
def machines(processes: Processes, monkeypatch: pytest.MonkeyPatch) -> Machines:
    """Two machines that load the same into the same."""
    return lambda synced: (
        Machine("here", synced, processes, monkeypatch),
        Machine("there", synced, processes, monkeypatch),
    )


def a_day_passes(synced: Synced) -> None:
    """Some sessions change and one is new; no pull request merges without a trace."""
    world = synced.world
    world.clock.advance(60)
    for item in world.items("org-demo")[::20]:
        world.touch(item["session_id"], tags=["changed"], pull_requests=[])
    world.add("org-demo", title="Fresh")
    world.clock.advance(DAY)
    synced.server.requests.clear()


def walked(synced: Synced) -> int:
    """The pages that were asked for since the day passed; pull requests are looked after beside."""
    return len([query for query in synced.listed() if "session_ids" not in query])


@pytest.mark.parametrize("moment", MOMENTS.values(), ids=MOMENTS)
def test_what_a_killed_sync_left_is_loaded_first_and_then_all_that_is_new(
    synced: Synced, machines: Machines, moment: Moment
) -> None:
    here, _ = machines(synced)
    here.is_killed(moment)
    a_day_passes(synced)

    result = here.sync()

    assert result.recovered == Recovered(loaded=1)
    # Only what changed since was asked for: two slices of one page each.
    assert walked(synced) == 2
    assert synced.differences() == {}


def test_a_killed_sync_is_completed_on_every_destination(
    anywhere: Synced, machines: Machines
) -> None:
    here, _ = machines(anywhere)
    here.sync()
    a_day_passes(anywhere)
    here.is_killed(MIDWAY)
    a_day_passes(anywhere)

    result = here.sync()

    assert result.recovered == Recovered(loaded=1)
    assert anywhere.differences() == {}


def test_a_crash_while_pages_are_read_leaves_nothing_to_recover(
    synced: Synced, machines: Machines
) -> None:
    here, _ = machines(synced)
    here.crashes(("sources.devin.listing", "Listing", "page", 2))

    result = here.sync()

    assert result.recovered == Recovered()
    assert synced.differences() == {}


def test_a_fresh_machine_asks_only_for_what_changed(anywhere: Synced, machines: Machines) -> None:
    here, fresh = machines(anywhere)
    here.sync()
    anywhere.world.advance(60)
    [item, *_] = anywhere.items
    anywhere.world.touch(item["session_id"], title="Now in Greek: Ἑλλάς")
    anywhere.server.requests.clear()

    result = fresh.sync()

    # Two walkers ask, whichever gets there first.
    assert sorted(sorted(query) for query in anywhere.listed()) == [
        ["created_after", "created_before", "first", "updated_after"],
        ["created_after", "first"],
    ]
    assert [run["rows"]["sessions"] for run in result.runs] == [1]
    assert anywhere.differences() == {}


def test_what_is_pending_is_dropped_if_another_machine_has_loaded_since(
    anywhere: Synced, machines: Machines
) -> None:
    here, there = machines(anywhere)
    here.sync()
    a_day_passes(anywhere)
    here.crashes(MIDWAY)
    a_day_passes(anywhere)
    there.sync()
    a_day_passes(anywhere)

    result = here.sync()

    assert result.recovered == Recovered(dropped=1, reason="the destination has changed since")
    assert walked(anywhere) == 2
    assert anywhere.differences() == {}


def test_that_holds_for_a_first_load_of_both(synced: Synced, machines: Machines) -> None:
    here, there = machines(synced)
    here.crashes(BEFORE)
    a_day_passes(synced)
    there.sync()

    result = here.sync()

    assert result.recovered == Recovered(dropped=1, reason="the destination has changed since")
    assert synced.differences() == {}


@pytest.mark.parametrize("first", [True, False], ids=["of a first load", "of a later one"])
def test_what_is_pending_is_not_taken_for_the_whole_if_the_destination_was_emptied(
    synced: Synced, machines: Machines, first: bool
) -> None:
    here, _ = machines(synced)
    if not first:
        here.sync()
        a_day_passes(synced)
    here.crashes(MIDWAY)
    Path(synced.warehouse.credentials).unlink()

    result = here.sync()

    assert result.recovered == Recovered(dropped=1, reason="the destination was emptied")
    assert synced.differences() == {}


def test_a_warehouse_whose_tables_were_dropped_is_loaded_anew(
    synced: Synced, machines: Machines
) -> None:
    here, _ = machines(synced)
    here.sync()
    for (table,) in synced.warehouse.sql(
        "SELECT table_name FROM information_schema.tables WHERE table_schema = 'devin'"
    ):
        synced.warehouse.sql(f"DROP TABLE devin.{table}")

    here.sync()

    assert synced.differences() == {}


@pytest.mark.parametrize("crashed", [True, False], ids=["with a package pending", "with none"])
def test_a_warehouse_that_was_put_back_to_a_backup_is_brought_up_from_there(
    synced: Synced, machines: Machines, tmp_path: Path, crashed: bool
) -> None:
    here, _ = machines(synced)
    here.sync()
    backup = shutil.copy(synced.warehouse.credentials, tmp_path / "backup.duckdb")
    a_day_passes(synced)
    here.sync()
    a_day_passes(synced)
    if crashed:
        here.crashes(MIDWAY)
    Path(synced.warehouse.credentials).unlink()
    shutil.copy(backup, synced.warehouse.credentials)

    result = here.sync()

    assert result.recovered.dropped == int(crashed)
    assert synced.differences() == {}


def test_a_package_that_the_destination_cannot_take_is_dropped_and_asked_for_again(
    synced: Synced, machines: Machines, tmp_path: Path
) -> None:
    here, _ = machines(synced)
    here.crashes(BEFORE)
    [parquet] = (tmp_path / "here").rglob("new_jobs/session_tags.*.parquet")
    parquet.write_bytes(b"no parquet")

    result = here.sync()

    assert result.recovered == Recovered(dropped=1, reason="the destination refused again")
    assert synced.differences() == {}


def test_an_idle_sync_leaves_the_state_as_the_destination_has_it(
    synced: Synced, machines: Machines
) -> None:
    here, _ = machines(synced)
    here.sync()
    before = stored_state(here.pipeline)

    here.sync()

    after = dict(here.pipeline.state)
    del after["_local"]
    assert after == stored_state(here.pipeline) == before


def hold(processes: Processes, synced: Synced) -> subprocess.Popen[str]:
    """Another program opens the DuckDB file."""
    holding = (
        f"import duckdb, time; held = duckdb.connect({synced.warehouse.credentials!r}); "
        "print('held', flush=True); time.sleep(600)"
    )
    holder = processes.start(sys.executable, "-c", holding)
    lines_until(holder.stdout, "held")
    return holder


def held_by(synced: Synced, holder: subprocess.Popen[str]) -> str:
    holder.kill()
    holder.wait()
    return (
        f"the DuckDB file {synced.warehouse.credentials} is open in process {holder.pid}. "
        "Close what has the file open (a DuckDB shell, a notebook), then run again."
    )


def test_a_file_that_is_held_during_the_load_is_loaded_first_by_the_next_sync(
    synced: Synced, processes: Processes, machines: Machines, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, _ = machines(synced)
    normalize = Pipeline.normalize
    with monkeypatch.context() as patch:
        patch.setattr(
            Pipeline, "normalize", lambda *args: (normalize(*args), hold(processes, synced))
        )
        with pytest.raises(Exception, match="Could not set lock on file") as failure:
            here.sync()
    error = held_by(synced, processes.started[-1])
    a_day_passes(synced)

    assert str(explained(failure.value)) == error
    assert len(pending_packages(here.pipeline)) == 1
    result = here.sync()
    assert result.recovered == Recovered(loaded=1)
    assert walked(synced) == 2
    assert synced.differences() == {}


def test_a_file_that_is_held_while_pages_are_read_loses_nothing(
    synced: Synced, processes: Processes, machines: Machines
) -> None:
    """What the destination holds is looked at in the middle of it."""

    def before_page(page: int) -> None:
        if page == 1:
            hold(processes, synced)

    synced.server.settings.before_page = before_page
    code, out, err = processes.run("sync", DLT_DATA_DIR=str(processes.folder / "here"))
    error = held_by(synced, processes.started[-1])
    here, _ = machines(synced)

    result = here.sync()

    assert (code, out, err.splitlines()[-1]) == (1, "", f"error: {error}")
    assert result.recovered == Recovered()
    assert synced.differences() == {}
