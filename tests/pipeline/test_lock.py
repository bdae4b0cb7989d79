"""One sync of a pipeline at a time, whatever happens to the one that runs."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import sys
from pathlib import Path

import pytest

from pipelines.devin.demo_api import DemoServer
from pipelines.devin.lock import only_one
from sources.devin.errors import SyncRunning
from tests.pipeline.conftest import Processes, Verb, lines_until
from tests.support.organisations import Synced

HOLDING = """
import sys, time
from pipelines.devin.lock import only_one
with only_one(sys.argv[1]):
    print("held", flush=True)
    time.sleep(600)
"""


@pytest.fixture
def server(unchanging_server: DemoServer) -> DemoServer:
    return unchanging_server


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The working directory that the command line uses."""
    return tmp_path / "dlt" / "pipelines" / "devin_warehouse"


def test_a_second_sync_names_the_process_that_runs_and_since_when(
    verb: Verb, processes: Processes, synced: Synced, folder: Path
) -> None:
    holder = processes.start(sys.executable, "-c", HOLDING, str(folder))
    lines_until(holder.stdout, "held")

    result = verb("sync")

    assert (result.exit_code, result.stdout) == (1, "")
    assert re.sub(r"since \S+Z", "since TIME", result.stderr.splitlines()[-1]) == (
        f"error: another sync is running: process {holder.pid} on {socket.gethostname()}, since "
        "TIME. Wait for it to end, or stop it, then run again."
    )


def test_a_killed_sync_holds_nothing(
    verb: Verb, processes: Processes, synced: Synced, folder: Path
) -> None:
    holder = processes.start(sys.executable, "-c", HOLDING, str(folder))
    lines_until(holder.stdout, "held")
    holder.send_signal(signal.SIGKILL)
    holder.wait()

    assert verb("sync").exit_code == 0


def test_status_and_check_do_not_wait_for_a_sync(verb: Verb, synced: Synced, folder: Path) -> None:
    with only_one(folder):
        assert verb("status").exit_code == 0
        assert verb("check").exit_code == 0


def test_another_dataset_may_be_synced_meanwhile(verb: Verb, synced: Synced, folder: Path) -> None:
    with only_one(folder):
        assert verb("sync", "--dataset", "copy").exit_code == 0


def test_the_holder_is_written_down_while_it_runs_and_not_after(folder: Path) -> None:
    with only_one(folder):
        [note] = folder.parent.glob("*.holder.json")
        assert json.loads(note.read_text())["pid"] == os.getpid()

    assert list(folder.parent.glob("*.holder.json")) == []


def test_the_lock_outlives_a_working_directory_that_dlt_empties(folder: Path) -> None:
    with only_one(folder):
        folder.mkdir()
        folder.rmdir()
        with pytest.raises(SyncRunning), only_one(folder):
            pass
