"""`devin-elt backfill`: a range is read again, whatever is loaded, and to its end."""

from __future__ import annotations

import json
import signal
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from pipelines.devin.demo_api import DemoServer
from tests.pipeline.conftest import Processes, Verb, ended
from tests.support.organisations import Synced
from tests.support.truth import bare

HOUR, DAY = 3_600, 86_400
MAY, JUNE = "2026-05-01", "2026-06-01"
CLOCKS = ("pipelines.devin.backfill", "sources.devin")

KILLED = """
import os, signal
import dlt, sources.devin, pipelines.devin.backfill
from pipelines.devin.cli_verbs import app

extract, left = dlt.Pipeline.extract, {packages}

def dying(*args, **kwargs):
    global left
    left -= 1
    if left < 0:
        os.kill(os.getpid(), signal.SIGKILL)
    return extract(*args, **kwargs)

sources.devin.wall_clock = pipelines.devin.backfill.wall_clock = lambda: {now}.0
dlt.Pipeline.extract = dying
app({arguments})
"""


@pytest.fixture(autouse=True)
def _here_it_is_as_late_as_there(server: DemoServer, monkeypatch: pytest.MonkeyPatch) -> None:
    for place in CLOCKS:
        monkeypatch.setattr(f"{place}.wall_clock", lambda: float(server.world.clock.now))


def epoch(date: str) -> int:
    return int(datetime.fromisoformat(date).replace(tzinfo=UTC).timestamp())


def created(synced: Synced, begin: str | int, end: str | int) -> set[str]:
    """Ids of the sessions of a span."""
    first, last = (epoch(edge) if isinstance(edge, str) else edge for edge in (begin, end))
    return {bare(item["session_id"]) for item in synced.items if first <= item["created_at"] < last}


def change_all(synced: Synced) -> None:
    """Every session changes, and no `updated_at` tells of it."""
    for item in synced.items:
        synced.world.touch(item["session_id"], bump=False, title="Changed")
    synced.server.requests.clear()


def loaded_again(synced: Synced) -> set[str]:
    rows = synced.warehouse.rows("sessions")
    return {row["session_id"] for row in rows if row["title"] == "Changed"}


def status(verb: Verb) -> dict[str, Any]:
    [scope] = json.loads(verb("status", "--json").stdout)["scopes"]
    found: dict[str, Any] = scope
    return found


def walked(synced: Synced) -> list[dict[str, str]]:
    """What was asked for, but for the sessions that were asked for by name."""
    return synced.listed()


def test_every_session_created_then_is_loaded_again_and_no_other(
    verb: Verb, synced: Synced
) -> None:
    verb("sync")
    change_all(synced)

    result = verb("backfill", MAY, JUNE)

    assert result.exit_code == 0
    assert loaded_again(synced) == created(synced, MAY, JUNE)
    assert result.stdout.startswith(f"v3/org-demo: loaded {len(loaded_again(synced))} sessions, ")


def test_the_coverage_stays_as_it_was_but_for_the_range(verb: Verb, synced: Synced) -> None:
    verb("sync")
    synced.world.clock.advance(HOUR)

    verb("backfill", MAY, JUNE)

    spans = [tuple(span.values()) for span in status(verb)["covered"]]
    assert spans == [
        ("2024-01-01T00:00:00Z", f"{MAY}T00:00:00Z", "2026-06-30T11:59:54Z"),
        (f"{MAY}T00:00:00Z", f"{JUNE}T00:00:00Z", "2026-06-30T12:59:54Z"),
        (f"{JUNE}T00:00:00Z", "2026-06-30T11:59:59Z", "2026-06-30T11:59:54Z"),
    ]
    assert status(verb)["missing"] == []


def test_a_sync_after_it_asks_only_for_what_changed(verb: Verb, synced: Synced) -> None:
    verb("sync")
    verb("backfill", MAY, JUNE)
    change_all(synced)
    synced.world.clock.advance(HOUR)
    synced.world.add("org-demo", title="New")
    synced.world.clock.advance(HOUR)

    result = verb("sync")

    assert [set(query) for query in walked(synced)] == [
        {"first", "created_after", "created_before", "updated_after"},
        {"first", "created_after"},
    ]
    assert loaded_again(synced) == set()
    assert "loaded 1 session (" in result.stdout


def test_before_the_first_sync_it_loads_the_range_alone(verb: Verb, synced: Synced) -> None:
    verb("backfill", MAY, JUNE)

    ids = {row["session_id"] for row in synced.warehouse.rows("sessions")}
    assert ids == created(synced, MAY, JUNE)
    verb("sync")
    assert synced.differences() == {}


def test_the_last_days_are_a_range_up_to_now(verb: Verb, synced: Synced) -> None:
    verb("sync")
    change_all(synced)

    result = verb("backfill", "--last", "30d")

    now = synced.world.clock.now
    assert result.exit_code == 0
    assert loaded_again(synced) == created(synced, now - 30 * DAY, now)


def test_a_range_in_a_time_zone_begins_at_midnight_there(verb: Verb, synced: Synced) -> None:
    verb("sync")
    change_all(synced)

    verb("backfill", MAY, JUNE, "--time-zone", "Europe/Berlin")

    begin, end = epoch(MAY) - 2 * HOUR, epoch(JUNE) - 2 * HOUR
    assert loaded_again(synced) == created(synced, begin, end)
    assert [(query["created_after"], query["created_before"]) for query in walked(synced)] == [
        (str(begin - 1), str(end + 1))
    ]


def test_a_range_that_ends_in_the_future_ends_now(verb: Verb, synced: Synced) -> None:
    verb("sync")
    change_all(synced)

    result = verb("backfill", "2026-06-01", "2026-08-01")

    assert result.exit_code == 0
    assert loaded_again(synced) == created(synced, "2026-06-01", synced.world.clock.now)
    assert status(verb)["missing"] == []


def test_a_clock_here_that_is_ahead_hides_no_session_that_is_created_later(
    verb: Verb, synced: Synced, monkeypatch: pytest.MonkeyPatch
) -> None:
    verb("sync")
    ahead = float(synced.world.clock.now + DAY)
    with monkeypatch.context() as patch:
        for place in CLOCKS:
            patch.setattr(f"{place}.wall_clock", lambda: ahead)
        verb("backfill", "--last", "3d")
    for _ in range(2):
        synced.world.clock.advance(12 * HOUR + 1)
        synced.world.add("org-demo", title="New")
        synced.world.clock.advance(60)

        verb("sync")

        assert synced.differences() == {}


def test_a_plan_shows_what_would_be_read_and_reads_nothing(verb: Verb, synced: Synced) -> None:
    verb("sync")
    synced.server.requests.clear()
    before = status(verb)["covered"]

    result = verb("backfill", MAY, JUNE, "--plan")
    as_json = verb("backfill", "--last", "1d", "--plan", "--json")

    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == (
        "v3/org-demo\n  created 2026-05-01 00:00:00Z to 2026-06-01 00:00:00Z: would be read\n"
    )
    assert json.loads(as_json.stdout) == [
        {"scope": "v3/org-demo", "slices": ["2026-06-29T12:00:00Z to 2026-06-30T12:00:00Z"]}
    ]
    assert {request.path for request in synced.server.requests} == {"/v3/self"}
    assert status(verb)["covered"] == before


def test_a_plan_asks_nothing_where_the_organisations_are_configured(
    verb: Verb, synced: Synced, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCES__DEVIN__ORG_IDS", '["org-demo"]')

    result = verb("backfill", MAY, JUNE, "--plan")

    assert (result.exit_code, synced.server.requests) == (0, [])
    assert not Path(synced.warehouse.credentials).exists()


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (
            [JUNE, MAY],
            "the range from 2026-06-01 to 2026-05-01 ends before it begins. Write the earlier "
            "one first.",
        ),
        (
            [MAY, MAY],
            "the range from 2026-05-01 to 2026-05-01 is empty. Write an end that is later: for "
            "one day, the day after.",
        ),
        (
            ["May", JUNE],
            "the begin of the range is unreadable: 'May' is not a date such as 2026-03-01 or "
            "2026-03-01T08:00:00Z. Write a date (2026-03-01), an instant (2026-03-01T08:00:00Z) "
            "or epoch seconds.",
        ),
        (
            ["2022-05-01", "2023-05-01"],
            "the range from 2022-05-01 to 2023-05-01 ends before there was a Devin. Write an end "
            "after 2024-01-01; a plain number is epoch seconds.",
        ),
        (
            ["2026-07-01", "2026-08-01"],
            "the range from 2026-07-01 to 2026-08-01 begins in the future. Write a begin before "
            "now, 2026-06-30T12:00:00Z.",
        ),
        (
            [MAY, JUNE, "--time-zone", "Europe/Berlln"],
            "'Europe/Berlln' is not a time zone. Did you mean Europe/Berlin",
        ),
        (["--last", "soon"], "the range is unreadable: 'soon' is not a duration such as 90s, "),
        (["--last", "0d"], "the range of the last 0d is empty. Write a number and a unit, "),
        ([], "it is not clear which range is meant. Name its begin and its end, as in devin-elt "),
        ([MAY], "it is not clear which range is meant. Name its begin and its end, as in "),
        ([MAY, JUNE, "--last", "3d"], "it is not clear which range is meant. Name its begin and "),
    ],
)
def test_nonsense_is_refused_with_what_to_write(
    verb: Verb, server: DemoServer, arguments: list[str], error: str
) -> None:
    result = verb("backfill", *arguments)

    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr[: len("error: " + error)] == "error: " + error
    assert (result.stderr.count("\n"), server.requests) == (1, [])


@pytest.mark.parametrize(("strictness", "code"), [([], 0), (["--strict"], 3)])
def test_rejected_items_end_a_strict_one_with_3(
    verb: Verb, server: DemoServer, strictness: list[str], code: int
) -> None:
    server.settings.transform = lambda page: page | {"items": [*page["items"], {}]}

    assert verb("backfill", MAY, JUNE, *strictness).exit_code == code


@pytest.fixture
def interrupted(
    verb: Verb, synced: Synced, processes: Processes, monkeypatch: pytest.MonkeyPatch
) -> dict[str, Any]:
    """A backfill was killed after three packages, the first of which only says what it is for."""
    verb("sync")
    change_all(synced)
    for name, number in {"PAGE_SIZE": 10, "COMMIT_EVERY": 20, "CONCURRENCY": 1}.items():
        monkeypatch.setenv(f"SOURCES__DEVIN__{name}", str(number))
    script = KILLED.format(
        packages=3, now=synced.world.clock.now, arguments=["backfill", MAY, JUNE]
    )
    code, _, err = ended(processes.start(sys.executable, "-c", script))
    assert code == -signal.SIGKILL, err
    synced.server.requests.clear()
    return status(verb)


def left(synced: Synced, found: dict[str, Any]) -> set[str]:
    """Ids of the sessions that are still to be read again."""
    [missing] = found["missing"]
    edges = [int(datetime.fromisoformat(edge).timestamp()) for edge in missing.values()]
    return created(synced, *edges)


def test_what_an_interrupted_one_has_to_read_still_is_in_the_status(
    verb: Verb, synced: Synced, interrupted: dict[str, Any]
) -> None:
    [missing] = interrupted["missing"]

    still_left = left(synced, interrupted)
    assert 0 < len(still_left) < len(created(synced, MAY, JUNE)) - 30
    # The second in which the last page ended may be loaded, and is not known to be complete.
    assert len(loaded_again(synced) & still_left) <= 1
    assert loaded_again(synced) | still_left == created(synced, MAY, JUNE)
    assert f"{missing['created_from'][:10]} " in verb("status").stdout
    assert ": to be read again\n" in verb("status").stdout


Finishes = Callable[[Verb, pytest.MonkeyPatch], str]


def again(verb: Verb, monkeypatch: pytest.MonkeyPatch) -> str:
    return verb("backfill", MAY, JUNE, "--json").stdout


def elsewhere(verb: Verb, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("DLT_DATA_DIR", str(Path("elsewhere").absolute()))
    return again(verb, monkeypatch)


@pytest.mark.parametrize("finishes", [again, elsewhere], ids=["here", "from another machine"])
def test_the_same_command_again_reads_only_what_is_missing(
    verb: Verb,
    synced: Synced,
    interrupted: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
    finishes: Finishes,
) -> None:
    missing = left(synced, interrupted)
    planned = json.loads(verb("backfill", MAY, JUNE, "--plan", "--json").stdout)

    [run] = json.loads(finishes(verb, monkeypatch))["runs"]

    assert planned[0]["slices"] == [
        f"{span['created_from']} to {span['created_to']}" for span in interrupted["missing"]
    ]
    assert run["rows"]["sessions"] == len(missing)
    # A page a time, one session of which may be asked for twice: bounds are a second wider.
    assert len(walked(synced)) <= len(missing) // 9 + 1
    assert loaded_again(synced) == created(synced, MAY, JUNE)
    assert status(verb)["missing"] == []


def test_the_next_sync_completes_it_as_well(
    verb: Verb, synced: Synced, interrupted: dict[str, Any]
) -> None:
    verb("sync")

    assert loaded_again(synced) == created(synced, MAY, JUNE)
    assert status(verb)["missing"] == []
    assert "to be read again" not in verb("status").stdout
