"""Where the Postgres of the tests comes from."""

from __future__ import annotations

import importlib.util
import shutil
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg2
import pytest

from tests.support import postgres
from tests.support.postgres import NoPostgresError, PostgresServer, running_postgres


def test_two_databases_share_a_server_and_nothing_else(postgres_server: PostgresServer) -> None:
    with postgres_server.database() as one, postgres_server.database() as other:
        with closing(psycopg2.connect(one)) as connection, connection.cursor() as cursor:
            cursor.execute("CREATE TABLE t (n integer)")
            connection.commit()
        with closing(psycopg2.connect(other)) as connection, connection.cursor() as cursor:
            cursor.execute("SELECT to_regclass('t')")
            assert cursor.fetchall() == [(None,)]


def test_a_database_goes_with_its_test(postgres_server: PostgresServer) -> None:
    with postgres_server.database() as uri, closing(psycopg2.connect(uri)):
        pass

    with pytest.raises(psycopg2.OperationalError, match="does not exist"):
        psycopg2.connect(uri)


def test_a_server_stops_and_removes_its_data(tmp_path: Path) -> None:
    with running_postgres(tmp_path) as server:
        psycopg2.connect(server.uri("postgres")).close()

    assert not (tmp_path / "data").exists()
    with pytest.raises(psycopg2.OperationalError):
        psycopg2.connect(server.uri("postgres"))


def test_it_says_what_to_do_where_there_is_no_postgres(monkeypatch: pytest.MonkeyPatch) -> None:
    def nothing(*arguments: object) -> Iterator[Path]:
        return iter(())

    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    monkeypatch.setattr(shutil, "which", lambda _: None)
    monkeypatch.setattr(Path, "glob", nothing)

    with pytest.raises(NoPostgresError, match="Install Postgres"):
        postgres._programs()
