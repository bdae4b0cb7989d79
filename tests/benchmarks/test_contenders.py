"""What devin-elt is measured beside loads what the API has, and asks only for what is new.

Left out are `singer` and `airbyte`: they need virtual environments of their own, which only a
benchmark installs.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb
import pytest

from benchmarks.contenders import CONTENDERS, Contender
from pipelines.devin.demo_api import DemoServer, World

LOADING = ["devin-elt", "rest-api", "rest-api-parquet", "dicts", "dicts-parquet", "hand-written"]
SESSIONS = 250  # two pages

Run = Callable[[str], None]


@pytest.fixture
def server() -> Iterator[DemoServer]:
    with DemoServer(World.build(SESSIONS)) as server:
        yield server


@pytest.fixture
def run(server: DemoServer, tmp_path: Path) -> Run:
    """Runs a contender to its end in the folder of the test."""

    def run(name: str) -> None:
        contender = CONTENDERS[name]
        (org_id,) = server.world.org_ids
        told = contender.environment(server.base_url, server.settings.token, org_id, tmp_path)
        ended = subprocess.run(
            contender.command, cwd=tmp_path, env=told, capture_output=True, text=True, check=False
        )
        assert ended.returncode == 0, ended.stderr

    return run


def bare(session_id: str) -> str:
    """Without the prefix that the API puts before some ids, and devin-elt takes off."""
    return session_id.removeprefix("devin-")


def listed(server: DemoServer) -> list[dict[str, str]]:
    return [dict(request.query) for request in server.requests if request.path != "/v3/self"]


def loaded(contender: Contender, folder: Path) -> list[tuple[str, int]]:
    with duckdb.connect(str(folder / contender.database), read_only=True) as warehouse:
        rows = warehouse.execute(
            f"SELECT session_id, {contender.updated_column} FROM {contender.sessions_table}"
        ).fetchall()
    return sorted((bare(session_id), updated_at) for session_id, updated_at in rows)


def told(server: DemoServer) -> list[tuple[str, int]]:
    (org_id,) = server.world.org_ids
    items = server.world.items(org_id)
    return sorted((bare(item["session_id"]), item["updated_at"]) for item in items)


@pytest.mark.parametrize("name", LOADING)
def test_a_contender_loads_everything_and_then_only_what_is_new(
    name: str, server: DemoServer, run: Run, tmp_path: Path
) -> None:
    run(name)
    assert loaded(CONTENDERS[name], tmp_path) == told(server)

    server.world.add("org-demo", title="new")
    server.world.advance(60)  # devin-elt waits until the second is over that a session came in
    server.requests.clear()
    run(name)
    assert loaded(CONTENDERS[name], tmp_path) == told(server)
    assert any(int(query.get("updated_after", 0)) > 0 for query in listed(server))

    run(name)
    assert loaded(CONTENDERS[name], tmp_path) == told(server)


def test_download_reads_every_page(server: DemoServer, run: Run) -> None:
    run("download")

    assert [query["first"] for query in listed(server)] == ["200", "200"]
    assert "after" in listed(server)[-1]


def test_import_dlt_asks_for_nothing(server: DemoServer, run: Run) -> None:
    run("import-dlt")

    assert server.requests == []


def test_by_hand_every_table_has_its_rows_once(
    server: DemoServer, run: Run, tmp_path: Path
) -> None:
    run("hand-written")
    run("hand-written")

    items = server.world.items("org-demo")
    expected = {
        "session_tags": sum(len(item["tags"]) for item in items),
        "session_pull_requests": sum(len(item["pull_requests"]) for item in items),
        "session_links": sum(
            len(item.get("child_session_ids") or ()) + (item.get("parent_session_id") is not None)
            for item in items
        ),
    }
    with duckdb.connect(str(tmp_path / CONTENDERS["hand-written"].database)) as warehouse:
        found = {
            table: warehouse.execute(f"SELECT count(*) FROM {table}").fetchall()[0][0]
            for table in expected
        }
    assert found == expected


@pytest.mark.parametrize("name", CONTENDERS)
def test_whatever_a_contender_keeps_is_in_its_folder(name: str, tmp_path: Path) -> None:
    told = CONTENDERS[name].environment("http://127.0.0.1:1", "token", "org-demo", tmp_path)

    paths = {key: Path(value) for key, value in told.items() if value.startswith("/")}
    outside = {key for key, path in paths.items() if not path.is_relative_to(tmp_path)}
    assert outside <= {"PATH", "PYTHONPATH"}
    assert {"HOME", "TMPDIR", "DLT_DATA_DIR"} <= paths.keys()
