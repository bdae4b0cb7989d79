"""What `updated_at` does not tell: sessions that are gone, pull requests that merged, rescans."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pipelines.devin.demo_api import DemoServer, Fault
from tests.pipeline.conftest import Verb
from tests.support.organisations import Synced
from tests.support.truth import bare, moment

DAY = 86_400
MAY, JUNE = "2026-05-01", "2026-06-01"
IN_MAY = (1_777_593_600, 1_780_272_000)


@pytest.fixture(autouse=True)
def _here_it_is_as_late_as_there(server: DemoServer, monkeypatch: pytest.MonkeyPatch) -> None:
    for place in ("pipelines.devin.backfill", "sources.devin"):
        monkeypatch.setattr(f"{place}.wall_clock", lambda: float(server.world.clock.now))


def of_may(synced: Synced) -> list[dict[str, Any]]:
    begin, end = IN_MAY
    return [item for item in synced.items if begin <= item["created_at"] < end]


def change(synced: Synced, items: list[dict[str, Any]], title: str) -> None:
    for item in items:
        synced.world.touch(item["session_id"], bump=False, title=title)


def titled(synced: Synced, title: str) -> set[str]:
    """Ids of the loaded sessions of this title."""
    rows = synced.warehouse.rows("sessions")
    return {row["session_id"] for row in rows if row["title"] == title}


def deleted(synced: Synced) -> dict[str, Any]:
    """When each session was found to be gone, of those that were."""
    rows = synced.warehouse.rows("sessions")
    return {row["session_id"]: row["deleted_at"] for row in rows if row["deleted_at"]}


def remove(synced: Synced, items: list[dict[str, Any]]) -> set[str]:
    for item in items:
        synced.world.remove(item["session_id"])
    return {bare(item["session_id"]) for item in items}


def test_a_session_that_is_gone_is_marked_by_a_backfill_and_stays_in_the_tables(
    verb: Verb, synced: Synced
) -> None:
    verb("sync")
    told = synced.items
    gone = remove(synced, of_may(synced)[5:6])
    synced.world.clock.advance(60)

    result = verb("backfill", MAY, JUNE)

    assert result.exit_code == 0
    assert deleted(synced) == dict.fromkeys(gone, moment(synced.world.clock.now - 1))
    differing = synced.differences(told)
    assert list(differing) == ["sessions"]
    told_rows, rows = differing["sessions"]
    assert [row | {"deleted_at": None} for row in rows] == told_rows


def test_one_that_is_listed_again_is_no_longer_marked(verb: Verb, synced: Synced) -> None:
    verb("sync")
    [item] = of_may(synced)[5:6]
    remove(synced, [item])
    verb("backfill", MAY, JUNE)
    marked = deleted(synced)
    synced.world.add(**item)

    verb("backfill", MAY, JUNE)

    assert (len(marked), deleted(synced)) == (1, {})
    assert synced.differences() == {}


def test_a_plain_sync_marks_nothing_of_what_it_does_not_read_whole(
    verb: Verb, synced: Synced
) -> None:
    verb("sync")
    remove(synced, of_may(synced)[5:6])

    verb("sync")

    assert deleted(synced) == {}


def test_where_many_are_gone_at_once_none_is_marked_and_what_came_is_loaded(
    verb: Verb, synced: Synced, monkeypatch: pytest.MonkeyPatch
) -> None:
    verb("sync")
    loaded = len(of_may(synced))
    gone = remove(synced, of_may(synced)[::8])
    change(synced, of_may(synced), "Changed")

    result = verb("backfill", MAY, JUNE)
    marked_at_first = deleted(synced)
    [span] = json.loads(verb("status", "--json").stdout)["scopes"][0]["missing"]
    monkeypatch.setenv("SOURCES__DEVIN__MOST_DELETED", "1")
    accepted = verb("backfill", MAY, JUNE)

    assert result.exit_code == 1
    assert result.stderr.splitlines()[-1] == (
        f"error: of {loaded} loaded sessions created from 2026-05-01T00:00:00Z to "
        f"2026-06-01T00:00:00Z only {loaded - len(gone)} came back. The API may be listing only a "
        "part of them, so none was marked as deleted, and the span will be read again. If they "
        "were really deleted, raise most_deleted under [sources.devin] for one run: a share, 0.05 "
        "by default; 1 accepts everything."
    )
    assert marked_at_first == {}
    assert titled(synced, "Changed") == {bare(item["session_id"]) for item in of_may(synced)}
    assert span == {
        "created_from": "2026-05-01T00:00:00Z",
        "created_to": "2026-06-01T00:00:00Z",
    }
    assert (accepted.exit_code, set(deleted(synced))) == (0, gone)


def with_open_pull_request(synced: Synced, quiet: int) -> dict[str, Any]:
    """The session that changed last of those that have been quiet for so many seconds."""
    before = synced.world.clock.now - quiet
    found = [
        item
        for item in synced.items
        if item["updated_at"] < before
        and any(pull["pr_state"] == "open" for pull in item["pull_requests"])
    ]
    return max(found, key=lambda item: item["updated_at"])


def merge(synced: Synced, item: dict[str, Any]) -> None:
    """All of its pull requests merge, and `updated_at` does not tell."""
    pulls = [pull | {"pr_state": "merged"} for pull in item["pull_requests"]]
    synced.world.touch(item["session_id"], bump=False, pull_requests=pulls)


@pytest.fixture
def reviewed(synced: Synced) -> dict[str, Any]:
    """A session that ended two hours ago, and whose pull request is open."""
    pull = {"pr_url": "https://github.com/a/b/pull/1", "pr_state": "open"}
    synced.world.add("org-demo", pull_requests=[pull])
    synced.world.clock.advance(7200)
    return with_open_pull_request(synced, quiet=3600)


def test_a_merge_is_seen_by_the_next_sync_whatever_updated_at_says(
    verb: Verb, synced: Synced, reviewed: dict[str, Any]
) -> None:
    verb("sync")
    merge(synced, reviewed)
    synced.world.clock.advance(60)

    result = verb("sync", "--json")

    [run] = json.loads(result.stdout)["runs"]
    assert run["rows"]["sessions"] == 1
    assert synced.differences() == {}


def test_a_merge_is_seen_though_its_session_is_weeks_old_by_its_next_due_moment(
    verb: Verb, synced: Synced, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCES__DEVIN__RESCAN", "0")
    verb("sync")
    item = with_open_pull_request(synced, quiet=21 * DAY)
    quiet = synced.world.clock.now - item["updated_at"]
    merge(synced, item)
    # Due moments are a 24th of the quiet time apart.
    cycles = 4
    for _ in range(cycles):
        synced.world.clock.advance(quiet // 24 // cycles + 600)
        verb("sync")

    idle = json.loads(verb("sync", "--json").stdout)

    assert synced.differences() == {}
    assert (idle["outcome"], idle["load_ids"]) == ("unchanged", [])


def test_a_cycle_that_looks_after_pull_requests_and_finds_nothing_makes_no_package(
    verb: Verb, synced: Synced, reviewed: dict[str, Any]
) -> None:
    verb("sync")
    synced.server.requests.clear()
    synced.world.clock.advance(3600)

    idle = json.loads(verb("sync", "--json").stdout)

    assert bare(reviewed["session_id"]) in synced.looked_after()
    assert (idle["outcome"], idle["load_ids"]) == ("unchanged", [])


def test_what_an_interrupted_first_load_has_just_read_is_not_asked_for_again_by_name(
    verb: Verb, synced: Synced, monkeypatch: pytest.MonkeyPatch
) -> None:
    for option in ("PAGE_SIZE", "BATCH_SIZE", "COMMIT_EVERY"):
        monkeypatch.setenv(f"SOURCES__DEVIN__{option}", "25")
    for option in ("CONCURRENCY", "RETRY_ATTEMPTS"):
        monkeypatch.setenv(f"SOURCES__DEVIN__{option}", "1")
    synced.server.faults.push(*[None] * 6, Fault(status=500))
    assert verb("sync").exit_code == 1
    assert 0 < len(synced.warehouse.rows("sessions")) < len(synced.items)
    synced.world.clock.advance(1)

    assert verb("sync").exit_code == 0

    a_day_ago = synced.world.clock.now - DAY
    quiet = {bare(item["session_id"]) for item in synced.items if item["updated_at"] <= a_day_ago}
    assert quiet.intersection(synced.looked_after()) == set()
    assert synced.differences() == {}


def test_once_a_day_the_last_days_are_read_again_whole(verb: Verb, synced: Synced) -> None:
    verb("sync")
    change(synced, synced.items, "Changed")
    synced.world.clock.advance(DAY)
    verb("sync")
    begin = synced.world.clock.now - 30 * DAY
    change(synced, synced.items, "Changed again")
    synced.world.clock.advance(DAY // 2)

    verb("sync")

    recent = {bare(item["session_id"]) for item in synced.items if item["created_at"] >= begin}
    assert titled(synced, "Changed") == recent
    assert titled(synced, "Changed again") == set()


def test_a_rescan_also_finds_what_is_gone(verb: Verb, synced: Synced) -> None:
    verb("sync")
    gone = remove(synced, synced.items[10:11])
    synced.world.clock.advance(DAY)

    verb("sync")

    assert set(deleted(synced)) == gone


def test_without_a_rescan_only_what_changed_is_read(
    verb: Verb, synced: Synced, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCES__DEVIN__RESCAN", "0")
    verb("sync")
    change(synced, synced.items, "Changed")
    synced.world.clock.advance(3 * DAY)

    verb("sync")

    assert titled(synced, "Changed") == set()
