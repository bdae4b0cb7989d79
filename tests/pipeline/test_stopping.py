"""SIGINT and SIGTERM stop a sync wherever it is, and the next one completes the rest."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from threading import Event

import pytest

from pipelines.devin.demo_api import DemoServer
from tests.pipeline.conftest import PATIENCE, Processes, Verb, ended, lines_until
from tests.support.organisations import Synced

SIGNALS = pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])


def stop(process: subprocess.Popen[str], number: signal.Signals) -> tuple[int, str, list[str]]:
    """Signal a process: its exit code, and what it writes from then on."""
    process.send_signal(number)
    code, out, err = ended(process)
    return code, out, [line for line in err.splitlines() if "INFO" not in line or "stop" in line]


@pytest.fixture
def stuck(server: DemoServer) -> Event:
    """The second page never comes; the event tells that it was asked for."""
    asked = Event()

    def before_page(page: int) -> None:
        server.settings.page_latency = 600.0
        asked.set()

    server.settings.before_page = before_page
    return asked


@SIGNALS
def test_between_two_cycles(
    processes: Processes, server: DemoServer, number: signal.Signals
) -> None:
    process = processes.devin_elt("sync", "--every", "1h", "--json")
    log = lines_until(process.stderr, "next cycle in")

    code, out, err = stop(process, number)

    assert (code, out.count("\n")) == (0, 1)
    assert re.search(r"INFO    next cycle in \d+ s\n$", log[-1])
    assert [line.split("INFO    ")[1] for line in err] == ["stopped"]


@SIGNALS
def test_in_the_middle_of_a_cycle(
    processes: Processes, verb: Verb, synced: Synced, stuck: Event, number: signal.Signals
) -> None:
    process = processes.devin_elt("sync", "--every", "1h")
    assert stuck.wait(PATIENCE)

    code, out, err = stop(process, number)
    synced.server.settings.before_page, synced.server.settings.page_latency = None, 0.0

    assert (code, out) == (0, "")
    assert [line.split("INFO    ")[1] for line in err] == ["stopped"]
    assert verb("sync").exit_code == 0
    assert synced.differences() == {}


def test_a_single_sync_says_that_it_is_not_done(
    processes: Processes, server: DemoServer, stuck: Event
) -> None:
    process = processes.devin_elt("sync")
    assert stuck.wait(PATIENCE)

    assert stop(process, signal.SIGTERM) == (
        1,
        "",
        ["error: the run was stopped. Run again: it continues from what is loaded."],
    )


def test_in_the_middle_of_a_load(processes: Processes, verb: Verb, synced: Synced) -> None:
    """A signal that comes while dlt loads is not forgotten when the load is done."""
    script = """
import os, signal
from dlt.common.storages.load_package import PackageStorage
from pipelines.devin.cli_verbs import app

complete_job, jobs = PackageStorage.complete_job, iter(range(3))

def signalled(*args, **kwargs):
    if next(jobs, None) == 2:
        os.kill(os.getpid(), signal.SIGTERM)
    return complete_job(*args, **kwargs)

PackageStorage.complete_job = signalled
app(["sync", "--every", "1h"])
"""
    code, out, err = ended(processes.start(sys.executable, "-c", script))

    assert (code, out) == (0, "")
    assert err.splitlines()[-1].endswith("INFO    stopped")
    assert verb("sync").stdout.startswith("Loaded 1 package that an earlier run had left.\n")
    assert synced.differences() == {}
