"""`devin-elt demo` and `devin-elt demo-api`."""

from __future__ import annotations

import re
import signal
import socket
from pathlib import Path

import duckdb
import pytest

from pipelines.devin.demo import run_demo
from pipelines.devin.demo_api import World
from tests.pipeline.conftest import Processes, Verb, ended, lines_until

INSTRUCTIONS = """\
The demo API serves 250 sessions at ADDRESS until Ctrl-C. In another terminal:

  export SOURCES__DEVIN__BASE_URL=ADDRESS
  export SOURCES__DEVIN__API_KEY=cog_demo
  devin-elt sync

Its clock stands still until you move it, here by a day:

  curl -X POST ADDRESS/demo/advance -d '{"seconds": 86400}'
"""


def test_the_second_sync_of_the_demo_loads_only_what_changed(
    capsys: pytest.CaptureFixture[str],
) -> None:
    world = World.build(400)
    before = world.items("org-demo")
    world.advance(2 * 86_400)
    changed = len([item for item in world.items("org-demo") if item not in before])

    result = run_demo(Path("shown"), 400)

    [first], [second] = result.first.runs, result.second.runs
    with duckdb.connect(str(result.database), read_only=True) as warehouse:
        [(total,)] = warehouse.sql("SELECT count(*) FROM devin.sessions").fetchall()
    shown = capsys.readouterr().out
    assert first["rows"]["sessions"] == 400
    assert 0 < second["rows"]["sessions"] == changed < 100 < total
    assert re.findall(r"^\d\. (.*)", shown, re.MULTILINE) == [
        "Making up an organisation of 400 sessions",
        "First sync into shown/devin_demo.duckdb",
        "2 days pass: sessions start and end, pull requests merge",
        "Second sync: only what changed",
        "A first look",
        "The report of all this",
    ]
    assert "Where the ACUs went: those who burned most" in shown
    assert "shown/report.html: open it in a browser" in shown
    assert result.report.read_text().startswith("<!doctype html>")
    assert "The warehouse stays at shown/devin_demo.duckdb" in shown


def test_the_demo_removes_what_an_earlier_one_left_and_touches_nothing_else(
    verb: Verb, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = [tmp_path / "devin_demo.duckdb", tmp_path / "devin_demo" / "state.json"]
    mine = [tmp_path / "devin_warehouse.duckdb", tmp_path / "dlt" / "mine"]
    for path in old + mine:
        path.parent.mkdir(exist_ok=True)
        path.write_text("precious")
    # Settings of a real organisation, which are not the demo's.
    monkeypatch.setenv("SOURCES__DEVIN__API_KEY", "cog_real")
    monkeypatch.setenv("SOURCES__DEVIN__TAGS", '["real"]')
    monkeypatch.setenv("SOURCES__DEVIN__START_DATE", "2026-06-29")

    result = verb("demo", "--folder", ".", "--sessions", "100")

    assert (result.exit_code, "v3/org-demo: loaded 100 sessions" in result.stdout) == (0, True)
    assert [path.read_text() for path in mine] == ["precious", "precious"]


def test_a_sync_pointed_at_the_demo_api_as_it_says_works(processes: Processes) -> None:
    api = processes.devin_elt("demo-api", "--port", "0", "--sessions", "250")
    said = "".join(lines_until(api.stdout, "curl"))
    settings = dict(re.findall(r"export (\w+)=(\S+)", said))

    synced, out, _ = processes.run("sync", NO_PROXY="127.0.0.1", **settings)
    api.send_signal(signal.SIGTERM)

    address = settings["SOURCES__DEVIN__BASE_URL"]
    assert said.replace(address, "ADDRESS") == INSTRUCTIONS
    assert (synced, out.split(",")[0]) == (0, "v3/org-demo: loaded 250 sessions")
    assert ended(api) == (0, "", "stopped\n")


def test_a_port_that_is_taken_is_said_so(processes: Processes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        result = processes.run("demo-api", "--port", str(port))

    assert result == (
        2,
        "",
        f"error: port {port} cannot be used: Address already in use. Name another one with "
        "--port.\n",
    )
