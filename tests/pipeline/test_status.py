"""`devin-elt status`: what is loaded as of when, what was done, and what is not done."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from pipelines.devin.demo_api import DemoServer
from pipelines.devin.status import ScopeStatus, Status, read_status
from pipelines.devin.warehouse import open_pipeline
from pipelines.devin.words import status_in_words
from sources.devin.coverage import Segment
from tests.pipeline.conftest import Verb, into
from tests.support.isolation import reset_dlt
from tests.support.organisations import Synced
from tests.support.warehouse import Warehouse

MOMENT = re.compile(r"2\d{3}-\d\d-\d\d \d\d:\d\d:\d\dZ(?=  )")
NOW = datetime(2026, 7, 1, 12, tzinfo=UTC)


def as_json(verb: Verb) -> dict[str, Any]:
    result = verb("status", "--json")
    assert (result.exit_code, result.stderr, result.stdout.count("\n")) == (0, "", 1)
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def files(folder: Path) -> dict[Path, bytes]:
    """Everything below a folder, and what it holds."""
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_before_the_first_sync_it_says_how_to_start_and_makes_no_file(
    verb: Verb, synced: Synced
) -> None:
    result = verb("status")

    assert (result.exit_code, result.stderr) == (0, "")
    file = synced.warehouse.credentials
    assert result.stdout == f"{file}\n\nNothing is loaded yet. Run: devin-elt sync\n"
    assert not Path(synced.warehouse.credentials).exists()


def test_it_shows_spans_lag_cycles_and_rejected_items(verb: Verb, synced: Synced) -> None:
    synced.server.settings.transform = lambda page: page | {"items": [*page["items"], {}]}
    verb("sync")

    text = re.sub(r"\d+ seconds? ago", "N seconds ago", verb("status").stdout)

    assert MOMENT.sub("TIME", text) == (
        f"{synced.warehouse.credentials}\n\n"
        "v3/org-demo\n"
        "  created 2024-01-01 00:00:00Z to 2026-06-30 11:59:59Z: complete as of 2026-06-30 "
        "11:59:54Z\n"
        "  last good cycle: N seconds ago\n"
        "  rejected items: 1\n"
        "  last cycles:\n"
        "    TIME  loaded\n"
    )


def test_as_json_it_is_one_line_with_the_same(verb: Verb, server: DemoServer) -> None:
    verb("sync")

    found = as_json(verb)

    [scope] = found["scopes"]
    [cycle] = scope.pop("last_cycles")
    assert found["pending_packages"] == 0
    assert list(cycle) == [
        "run_id",
        "scope",
        "started_at",
        "finished_at",
        "as_of",
        "outcome",
        "error",
    ]
    assert (scope.pop("lag_seconds") >= 0, scope.pop("checked_at")) == (True, cycle["finished_at"])
    assert scope == {
        "scope": "v3/org-demo",
        "covered": [
            {
                "created_from": "2024-01-01T00:00:00Z",
                "created_to": "2026-06-30T11:59:59Z",
                "as_of": "2026-06-30T11:59:54Z",
            }
        ],
        "missing": [],
        "rejected_items": 0,
    }


def test_idle_and_failed_cycles_are_shown_before_they_are_loaded(
    verb: Verb, server: DemoServer
) -> None:
    verb("sync")
    verb("sync")
    server.settings.readable_orgs = frozenset()
    server.world.clock.advance(60)
    reset_dlt()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SOURCES__DEVIN__ORG_IDS", '["org-demo"]')
        verb("sync")

    [scope] = as_json(verb)["scopes"]

    failed, idle, loaded = scope["last_cycles"]
    assert [failed["outcome"], idle["outcome"], loaded["outcome"]] == [
        "failed",
        "unchanged",
        "loaded",
    ]
    assert failed["error"].startswith("the token is valid, but may not list the sessions")
    # Only a cycle that did not fail says that everything was there.
    assert scope["checked_at"] == idle["finished_at"]


def test_another_machine_sees_the_same_on_every_destination(
    verb: Verb,
    warehouse: Warehouse,
    server: DemoServer,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    into(warehouse, server, monkeypatch)
    verb("sync", "--destination", warehouse.name)
    here = read_status(open_pipeline(warehouse.name)).as_json(NOW)

    monkeypatch.setenv("DLT_DATA_DIR", str(tmp_path / "there"))
    reset_dlt()

    assert read_status(open_pipeline(warehouse.name)).as_json(NOW) == here
    assert here["scopes"][0]["covered"] != []


def test_what_is_pending_is_told_and_not_taken_for_loaded(
    verb: Verb, synced: Synced, monkeypatch: pytest.MonkeyPatch
) -> None:
    def down(*_: object) -> None:
        raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("dlt.load.load.Load.run", down)
        verb("sync")

    file = synced.warehouse.credentials
    assert as_json(verb) == {"warehouse": file, "scopes": [], "pending_packages": 1}
    assert verb("status").stdout == (
        f"{file}\n\n"
        "Nothing is loaded yet. Run: devin-elt sync\n\n"
        "1 package pending: the next sync loads what is pending.\n"
    )


def test_looking_changes_nothing_even_where_the_destination_was_emptied(
    verb: Verb, synced: Synced, tmp_path: Path
) -> None:
    verb("sync")
    Path(synced.warehouse.credentials).unlink()
    before = files(tmp_path / "dlt")

    assert as_json(verb)["scopes"] == []
    assert files(tmp_path / "dlt") == before


@pytest.mark.parametrize(
    ("ago", "words"),
    [
        (timedelta(seconds=0), "0 seconds"),
        (timedelta(seconds=1), "1 second"),
        (timedelta(seconds=119), "1 minute"),
        (timedelta(hours=5, minutes=59), "5 hours"),
        (timedelta(days=3), "3 days"),
    ],
)
def test_the_lag_is_told_in_the_unit_that_fits(ago: timedelta, words: str) -> None:
    scope = ScopeStatus("v3/org-demo", (Segment(0, 10, 5),), (), NOW - ago, [], 0)

    assert f"  last good cycle: {words} ago\n" in status_in_words(Status("there", [scope], 0), NOW)


def test_a_scope_whose_cycles_all_failed_is_shown_as_such() -> None:
    cycle = {"finished_at": NOW, "outcome": "failed", "error": "no answer"}
    scope = ScopeStatus("v3/org-demo", (), (), None, [cycle], 0)

    assert status_in_words(Status("there", [scope], 0), NOW) == (
        "there\n\n"
        "v3/org-demo\n"
        "  nothing is loaded yet\n"
        "  last good cycle: none\n"
        "  rejected items: 0\n"
        "  last cycles:\n"
        "    2026-07-01 12:00:00Z  failed: no answer"
    )
