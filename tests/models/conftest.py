"""Every test of a model runs on three engines: `models` is each in turn."""

from collections.abc import Iterator
from contextlib import closing
from typing import Any

import psycopg2
import pytest

from tests.models.engines import (
    ANALYTICS,
    DATASET,
    ClickhouseEngine,
    DuckdbEngine,
    Engine,
    PostgresEngine,
)
from tests.models.harness import Models
from tests.support.postgres import PostgresServer


@pytest.fixture
def duckdb_engine() -> Iterator[Engine]:
    """An empty database in memory."""
    engine = DuckdbEngine()
    yield engine
    engine.close()


@pytest.fixture(scope="session")
def _postgres_connection(postgres_server: PostgresServer) -> Iterator[Any]:
    with (
        postgres_server.database() as uri,
        closing(psycopg2.connect(uri)) as connection,
    ):
        connection.autocommit = True
        yield connection


@pytest.fixture
def postgres_engine(_postgres_connection: Any) -> Iterator[Engine]:
    """A database that is emptied after the test."""
    engine = PostgresEngine(_postgres_connection)
    yield engine
    engine.execute(f"DROP SCHEMA IF EXISTS {DATASET}, {ANALYTICS} CASCADE")


@pytest.fixture(scope="session")
def _clickhouse_session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    chdb = pytest.importorskip("chdb.session", reason="there is no chdb for this platform")
    session = chdb.Session(str(tmp_path_factory.mktemp("clickhouse")))
    yield session
    session.close()


@pytest.fixture
def clickhouse_engine(_clickhouse_session: Any) -> Iterator[Engine]:
    """The session of the process, emptied after the test."""
    engine = ClickhouseEngine(_clickhouse_session)
    yield engine
    for dataset in (ANALYTICS, DATASET):
        engine.execute(f"DROP DATABASE IF EXISTS {dataset}")


@pytest.fixture(params=["duckdb", "postgres", "clickhouse"])
def models(request: pytest.FixtureRequest) -> Models:
    """The tables and models of a test, on each engine in turn."""
    engine: Engine = request.getfixturevalue(f"{request.param}_engine")
    engine.make_datasets()
    return Models(engine)


@pytest.fixture
def models_on_duckdb(duckdb_engine: Engine) -> Models:
    """The same on DuckDB alone, for a test that asks often."""
    duckdb_engine.make_datasets()
    return Models(duckdb_engine)
