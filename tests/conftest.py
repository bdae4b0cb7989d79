"""Fixtures of every test. What they do is in `tests/support`."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

# Before dlt, hypothesis and pytest's tmp_path look: whatever they write stays in the checkout.
# The folder of a run gets a number, so that two runs at once do not remove each other's.
(ROOT / "build").mkdir(exist_ok=True)
os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(ROOT / "build"))
os.environ.setdefault("DLT_DATA_DIR", str(ROOT / "build" / "dlt"))
os.environ.setdefault("HYPOTHESIS_STORAGE_DIRECTORY", str(ROOT / ".hypothesis"))
os.environ["RUNTIME__DLTHUB_TELEMETRY"] = "false"

from hypothesis import configuration, settings  # noqa: E402 - reads the environment above

from tests.support.isolation import (  # noqa: E402 - imports dlt, which does too
    block_outside_connections,
    isolate_settings,
    reset_dlt,
)
from tests.support.postgres import PostgresServer, running_postgres  # noqa: E402 - as above
from tests.support.warehouse import (  # noqa: E402 - as above
    DirectWarehouse,
    DuckdbWarehouse,
    PostgresWarehouse,
    Warehouse,
)

configuration.set_hypothesis_home_dir(ROOT / ".hypothesis")
# A shared machine is slow at times, and CI has to give the same answer twice.
settings.register_profile("devin", deadline=None, print_blob=True)
settings.register_profile("devin-ci", settings.get_profile("devin"), derandomize=True)
settings.load_profile("devin-ci" if os.environ.get("CI") else "devin")


# A shell's background jobs ignore SIGINT, and so would the programs that tests start and stop.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_configure(config: pytest.Config) -> None:
    """Close the network before the first test is even collected."""
    block_outside_connections()


@pytest.fixture(autouse=True)
def _isolated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    isolate_settings(tmp_path, monkeypatch)
    reset_dlt()
    yield
    reset_dlt()


@pytest.fixture(scope="session")
def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgresServer]:
    """One server for each test process, started by the first test that asks."""
    with running_postgres(tmp_path_factory.mktemp("postgres")) as server:
        yield server


@pytest.fixture
def postgres_uri(postgres_server: PostgresServer) -> Iterator[str]:
    """The URI of an empty Postgres database."""
    with postgres_server.database() as uri:
        yield uri


@pytest.fixture
def duckdb_warehouse(tmp_path: Path) -> DuckdbWarehouse:
    """A DuckDB file that does not exist yet."""
    return DuckdbWarehouse(tmp_path)


@pytest.fixture
def direct_warehouse(tmp_path: Path) -> DirectWarehouse:
    """A DuckDB file that does not exist yet, to be merged into straight from load packages."""
    return DirectWarehouse(tmp_path)


@pytest.fixture
def postgres_warehouse(tmp_path: Path, postgres_uri: str) -> PostgresWarehouse:
    """An empty Postgres database."""
    return PostgresWarehouse(tmp_path, postgres_uri)


@pytest.fixture(params=["duckdb", "direct", "postgres"])
def warehouse(request: pytest.FixtureRequest) -> Warehouse:
    """Each warehouse in turn."""
    found: Warehouse = request.getfixturevalue(f"{request.param}_warehouse")
    return found
