"""A DuckDB file is open while it is loaded into, and at no other time."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import duckdb
import pytest
from dlt.load.load import Load

from pipelines.devin.sync import sync
from pipelines.devin.warehouse import held_open, open_pipeline
from tests.support.organisations import Synced
from tests.support.warehouse import DuckdbWarehouse

OPEN = "import duckdb, sys; duckdb.connect(sys.argv[1], read_only=True)"


def is_held(file: Path) -> bool:
    command = [sys.executable, "-c", OPEN, str(file)]
    opened = subprocess.run(command, check=False, capture_output=True, text=True)
    assert opened.returncode == 0 or "Could not set lock on file" in opened.stderr
    return opened.returncode != 0


def files(file: Path) -> list[str]:
    return sorted(path.suffix for path in file.parent.glob("*.duckdb*"))


def test_a_package_is_loaded_in_one_opening_of_the_file(
    synced: Synced, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = Path(synced.warehouse.credentials)
    complete, seen = Load.complete_package, []

    def completed(*args: object, **options: object) -> None:
        complete(*args, **options)  # type: ignore[arg-type]
        seen.append((files(file), is_held(file)))

    monkeypatch.setattr(Load, "complete_package", completed)
    sync(open_pipeline())

    # What was written waits in the log, since nothing closed the file; then it is in the file.
    assert seen == [([".duckdb", ".wal"], True)]
    assert (files(file), is_held(file)) == ([".duckdb"], False)
    assert synced.differences() == {}


def test_the_command_line_merges_straight_from_the_files(synced: Synced) -> None:
    sync(open_pipeline())

    schemas = {name for (name,) in synced.warehouse.sql("SELECT schema_name FROM duckdb_schemas()")}
    assert "devin" in schemas
    assert "devin_staging" not in schemas


def test_nobody_waits_for_the_file_while_the_api_is_read(synced: Synced) -> None:
    file, seen = Path(synced.warehouse.credentials), []
    sync(open_pipeline())
    synced.world.touch(synced.items[0]["session_id"])
    synced.world.clock.advance(60)
    synced.server.settings.before_page = lambda _: seen.append(is_held(file))

    sync(open_pipeline())

    assert set(seen) == {False}


def test_a_file_that_is_not_there_is_made_only_where_that_is_meant(
    duckdb_warehouse: DuckdbWarehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = Path(duckdb_warehouse.credentials)
    monkeypatch.setenv("DESTINATION__DUCKDB__CREDENTIALS", str(file))

    with held_open(open_pipeline()):
        assert files(file) == []
    with held_open(open_pipeline(), create=True):
        assert is_held(file)
    assert not is_held(file)


def storage_version(file: Path) -> str:
    with duckdb.connect(file, read_only=True) as connection:
        [(tags,)] = connection.sql(
            "SELECT tags FROM duckdb_databases() WHERE NOT internal"
        ).fetchall()
    return str(tags["storage_version"])


def test_a_file_has_the_format_that_it_was_made_with(
    duckdb_warehouse: DuckdbWarehouse, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    made_here, made_before = Path(duckdb_warehouse.credentials), tmp_path / "before.duckdb"
    duckdb.connect(made_before).close()

    for file in (made_here, made_before):
        monkeypatch.setenv("DESTINATION__DUCKDB__CREDENTIALS", str(file))
        for _ in range(2):
            with held_open(open_pipeline(), create=True):
                pass

    assert (storage_version(made_here), storage_version(made_before)) == ("v1.3.0+", "v1.0.0+")


def test_what_is_no_file_is_left_alone() -> None:
    with held_open(open_pipeline("postgres"), create=True):
        pass
