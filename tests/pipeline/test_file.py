"""A DuckDB file lies where it was made, and is open while it is loaded into, at no other time."""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import duckdb
import pytest
from dlt.load.load import Load

from pipelines.devin.demo_api import DemoServer
from pipelines.devin.file import held_open
from pipelines.devin.sync import sync
from pipelines.devin.warehouse import open_pipeline
from tests.pipeline.conftest import Verb
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


class Folders:
    """The command line in one folder and another, which share a memory of dlt's."""

    def __init__(
        self, server: DemoServer, folder: Path, verb: Verb, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        self.server, self.folder, self._verb, self._patch = server, folder, verb, monkeypatch
        for name in ("one", "other"):
            (folder / name).mkdir()

    def file(self, name: str) -> Path:
        return self.folder / name / "devin_warehouse.duckdb"

    def run(self, name: str, verb: str) -> dict[str, Any]:
        self._patch.chdir(self.folder / name)
        found: dict[str, Any] = json.loads(self._verb(verb, "--json").stdout)
        return found

    def warehouse(self, name: str, verb: str) -> Path:
        return Path(self.run(name, verb)["warehouse"])


@pytest.fixture
def folders(
    server: DemoServer, tmp_path: Path, verb: Verb, monkeypatch: pytest.MonkeyPatch
) -> Folders:
    return Folders(server, tmp_path, verb, monkeypatch)


def test_looking_in_another_folder_before_the_first_sync_decides_nothing(folders: Folders) -> None:
    assert folders.warehouse("one", "status") == folders.file("one")

    assert folders.warehouse("other", "sync") == folders.file("other")

    assert folders.warehouse("one", "status") == folders.file("other")
    assert folders.warehouse("one", "sync") == folders.file("other")
    assert not folders.file("one").exists()


def test_a_file_that_is_gone_is_made_again_in_the_folder_of_the_sync(folders: Folders) -> None:
    folders.run("one", "sync")
    folders.file("one").unlink()

    loaded = folders.run("other", "sync")

    assert Path(loaded["warehouse"]) == folders.file("other")
    with duckdb.connect(folders.file("other"), read_only=True) as connection:
        assert connection.sql("SELECT count(*) FROM devin.sessions").fetchall() == [(250,)]
    assert folders.warehouse("one", "sync") == folders.file("other")


def test_what_was_read_in_one_folder_is_loaded_into_the_file_of_that_folder(
    folders: Folders,
) -> None:
    def down(*_: object) -> None:
        raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch, suppress(json.JSONDecodeError):
        patch.setattr("dlt.normalize.normalize.Normalize.run", down)
        folders.run("one", "sync")

    assert not folders.file("one").exists()
    assert folders.warehouse("other", "status") == folders.file("one")
    assert folders.warehouse("other", "sync") == folders.file("one")


def test_a_file_that_is_put_back_stays_the_one_that_is_loaded_into(folders: Folders) -> None:
    folders.run("one", "sync")
    earlier = folders.file("one").read_bytes()
    folders.server.world.clock.advance(86_400)
    folders.run("one", "sync")
    folders.file("one").write_bytes(earlier)

    assert folders.warehouse("other", "sync") == folders.file("one")
    assert folders.warehouse("other", "sync") == folders.file("one")
    assert not folders.file("other").exists()
