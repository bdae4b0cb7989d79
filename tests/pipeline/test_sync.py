"""`devin-elt sync`: what it loads, what it prints, and how it ends."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable
from typing import Any

import pytest

from pipelines.devin.demo_api import DemoServer
from pipelines.devin.sync import sync
from pipelines.devin.warehouse import open_pipeline
from tests.pipeline.conftest import Processes, Verb, ended
from tests.support.organisations import Synced

AS_OF = "complete as of 2026-06-30 11:59:54Z."
MOMENT = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ")


def without_times(text: str) -> str:
    return re.sub(r"\d+\.\d s", "N s", text)


def breaking(sessions: list[dict[str, Any]]) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """Pages on which these items have lost what they need."""
    ids = {item["session_id"] for item in sessions}

    def broken(envelope: dict[str, Any]) -> dict[str, Any]:
        items = [
            {"session_id": item["session_id"]} if item["session_id"] in ids else item
            for item in envelope["items"]
        ]
        return envelope | {"items": items}

    return broken


def test_a_first_sync_loads_everything_and_the_next_finds_nothing_new(
    processes: Processes, synced: Synced
) -> None:
    first = processes.run("sync")
    again = processes.run("sync")

    assert (first[0], again[0]) == (0, 0)
    assert MOMENT.sub("TIME", first[2]).splitlines() == [
        "TIME INFO    sync started",
        "TIME INFO    v3/org-demo: page 1, 200 sessions (80%)",
        "TIME INFO    v3/org-demo: loaded",
        "TIME INFO    loading into the destination",
    ]
    assert without_times(first[1]) == (
        f"v3/org-demo: loaded 250 sessions, {len(synced.loaded('session_pull_requests'))} pull "
        f"requests, {len(synced.loaded('session_tags'))} tags, "
        f"{len(synced.loaded('session_links'))} links (2 requests); {AS_OF}\n"
        "Made 19 models in devin_analytics.\n"
        f"Done in N s: {synced.warehouse.credentials}\n"
    )
    assert without_times(again[1]) == (
        f"v3/org-demo: nothing new (2 requests); {AS_OF}\n"
        f"Done in N s: {synced.warehouse.credentials}\n"
    )
    assert synced.differences() == {}


def test_with_json_stdout_is_one_line_and_so_is_each_object_of_a_json_log(
    processes: Processes, synced: Synced
) -> None:
    code, out, err = processes.run("sync", "--json", "--log-format", "json")

    result = json.loads(out)
    [run] = result.pop("runs")
    assert len(result.pop("models")["created"]) == 19
    started, page, cycle, committed = map(json.loads, err.splitlines())
    assert (code, out.count("\n"), out[-1]) == (0, 1, "\n")
    assert {**result, "seconds": None, "load_ids": len(result["load_ids"])} == {
        "outcome": "loaded",
        "seconds": None,
        "load_ids": 1,
        "drained": 0,
        "warehouse": synced.warehouse.credentials,
        "dropped": 0,
        "rejected": 0,
        "usage": None,
        "error": None,
    }
    assert (run["scope"], run["outcome"], run["pages"]) == ("v3/org-demo", "loaded", 2)
    assert run["rows"]["sessions"] == 250
    assert {**started, "time": None} == {
        "time": None,
        "level": "info",
        "logger": "devin.sync",
        "message": "sync started",
        "event": "started",
    }
    assert {**page, "time": None} == {
        "time": None,
        "level": "info",
        "logger": "devin.cycle",
        "message": "v3/org-demo: page 1, 200 sessions",
        "event": "page",
        "scope": "v3/org-demo",
        "pages": 1,
        "sessions": 200,
        "done": 0.8,
    }
    assert (cycle["event"], cycle["run"]) == ("cycle", run)
    assert (committed["event"], committed["message"]) == (
        "committed",
        "loading into the destination",
    )
    assert started["time"] < page["time"] < cycle["time"] < committed["time"]


def test_with_a_json_log_the_error_is_an_object_too(
    verb: Verb, server: DemoServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCES__DEVIN__START_DATE", "soon")

    result = verb("sync", "--log-format", "json")

    *_, error = map(json.loads, result.stderr.splitlines())
    assert error == {
        "level": "error",
        "event": "error",
        "error": "ConfigurationError",
        "message": (
            "start_date is wrong: 'soon' is not a date such as 2026-03-01 or "
            "2026-03-01T08:00:00Z. Correct start_date under [sources.devin] in .dlt/config.toml, "
            "or SOURCES__DEVIN__START_DATE."
        ),
        "exit_code": 2,
    }


@pytest.mark.parametrize(("strictness", "code"), [([], 0), (["--strict"], 3)])
def test_rejected_items_end_a_strict_sync_with_3_and_the_rest_is_loaded(
    verb: Verb, synced: Synced, strictness: list[str], code: int
) -> None:
    synced.server.settings.transform = breaking(synced.items[100:250:100])

    result = verb("sync", *strictness)

    assert result.exit_code == code
    assert ", 2 rejected items (2 requests)" in result.stdout
    assert len(synced.loaded("sessions")) == 248
    assert len(synced.warehouse.rows("rejected_items")) == 2


def test_a_strict_sync_without_rejected_items_ends_with_0(verb: Verb, server: DemoServer) -> None:
    assert verb("sync", "--strict").exit_code == 0


def test_another_dataset_is_loaded_whole_on_its_own(verb: Verb, synced: Synced) -> None:
    verb("sync")

    verb("sync", "--dataset", "copy")

    assert len(synced.warehouse.rows("sessions", "copy")) == 250
    assert synced.warehouse.rows("sync_runs", "copy") != synced.warehouse.rows("sync_runs")


def test_a_sync_as_a_function_tells_what_it_did_without_any_logging_set_up(synced: Synced) -> None:
    result = sync(open_pipeline())

    assert [(run["scope"], run["outcome"]) for run in result.runs] == [("v3/org-demo", "loaded")]


def test_a_plain_sync_imports_neither_the_demo_nor_the_display(
    processes: Processes, server: DemoServer
) -> None:
    script = """
import sys
from pipelines.devin.cli_verbs import app
try:
    app(["sync"])
finally:
    unwanted = ("starlette", "uvicorn", "rich.status", "pipelines.devin.demo")
    print("imported:", [name for name in unwanted if name in sys.modules])
"""

    code, out, _ = ended(processes.start(sys.executable, "-c", script))

    assert (code, out.splitlines()[-1]) == (0, "imported: []")


def test_help_waits_for_nothing(processes: Processes) -> None:
    script = """
import sys
from pipelines.devin.cli_verbs import app
try:
    app(["sync", "--help"])
finally:
    print("imported:", [name for name in ("dlt", "duckdb", "httpx") if name in sys.modules])
"""

    code, out, _ = ended(processes.start(sys.executable, "-c", script))

    assert (code, out.splitlines()[-1]) == (0, "imported: []")


def test_a_dataset_may_have_a_name_that_is_no_identifier(
    processes: Processes, server: DemoServer
) -> None:
    code, out, _ = processes.run("sync", "--dataset", "my data")

    assert code == 0
    assert "loaded 250 sessions" in out
