"""A running demo, and the command line pointed at it: in this process, or in one of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from pipelines.devin.cli_verbs import app
from pipelines.devin.demo_api import DemoServer, Settings, World
from tests.support.isolation import reset_dlt
from tests.support.organisations import Synced
from tests.support.warehouse import DuckdbWarehouse, Warehouse

PROGRAM = str(Path(sys.executable).with_name("devin-elt"))
PATIENCE = 60
"""Seconds after which a process that should have ended counts as hanging."""

Verb = Callable[..., Result]


@dataclass
class Processes:
    """Starts programs in the folder and with the settings of the test, and ends them with it."""

    folder: Path
    started: list[subprocess.Popen[str]] = field(default_factory=list)

    def start(self, *command: str, **environment: str) -> subprocess.Popen[str]:
        """Start a program; what it writes can be read while it runs."""
        process = subprocess.Popen(
            command,
            cwd=self.folder,
            env={**os.environ, "PYTHONUNBUFFERED": "1", **environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.started.append(process)
        return process

    def devin_elt(self, *arguments: str, **environment: str) -> subprocess.Popen[str]:
        """Start the command line."""
        return self.start(PROGRAM, *arguments, **environment)

    def run(self, *arguments: str, **environment: str) -> tuple[int, str, str]:
        """Run the command line to its end: exit code, stdout, stderr."""
        return ended(self.devin_elt(*arguments, **environment))


def ended(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    """Wait for the end of a process: exit code, and the rest of stdout and stderr."""
    out, err = process.communicate(timeout=PATIENCE)
    return process.returncode, out, err


def lines_until(stream: Iterator[str] | None, text: str) -> list[str]:
    """Read lines to the first that holds a text."""
    lines: list[str] = []
    for line in stream or ():
        lines.append(line)
        if text in line:
            return lines
    raise AssertionError(f"{text!r} never came, but: {lines}")


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[DemoServer]:
    """A demo of 250 sessions, two pages; the source is configured for it by the environment."""
    with DemoServer(World.build(250)) as server:
        configure(server, monkeypatch)
        yield server


@pytest.fixture(scope="package")
def _lasting_server() -> Iterator[DemoServer]:
    with DemoServer(World.build(250)) as server:
        yield server


@pytest.fixture
def unchanging_server(
    _lasting_server: DemoServer, monkeypatch: pytest.MonkeyPatch
) -> Iterator[DemoServer]:
    """The same for tests that leave its sessions alone: it serves them all, which is faster."""
    _lasting_server.requests.clear()
    configure(_lasting_server, monkeypatch)
    yield _lasting_server
    vars(_lasting_server.settings).update(vars(Settings()))
    assert len(_lasting_server.faults) == 0, "a test ordered more faults than it met"


def configure(server: DemoServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("SOURCES__DEVIN__BASE_URL", server.base_url)
    monkeypatch.setenv("SOURCES__DEVIN__API_KEY", server.settings.token)
    reset_dlt()


@pytest.fixture
def processes(tmp_path: Path) -> Iterator[Processes]:
    """Programs that are killed where the test leaves them running."""
    processes = Processes(tmp_path)
    yield processes
    for process in processes.started:
        process.kill()
        process.communicate()


@pytest.fixture
def verb() -> Verb:
    """Runs a verb of the command line in this process."""

    def verb(*arguments: str) -> Result:
        reset_dlt()
        return CliRunner().invoke(app, arguments)

    return verb


@pytest.fixture
def synced(server: DemoServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Synced:
    """The demo, and the DuckDB file that the command line loads it into."""
    return into(DuckdbWarehouse(tmp_path), server, monkeypatch)


@pytest.fixture(params=["duckdb", "postgres"])
def warehouse(request: pytest.FixtureRequest) -> Warehouse:
    """Each destination in turn: the command line has one way into each."""
    found: Warehouse = request.getfixturevalue(f"{request.param}_warehouse")
    return found


def into(warehouse: Warehouse, server: DemoServer, monkeypatch: pytest.MonkeyPatch) -> Synced:
    """Configure a warehouse as the destination of its kind."""
    name = f"DESTINATION__{warehouse.name.upper()}__CREDENTIALS"
    monkeypatch.setenv(name, warehouse.credentials)
    reset_dlt()
    return Synced(server, warehouse)
