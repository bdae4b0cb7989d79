"""The organisation: it looks like one, is the same each time, and lives."""

import hashlib
import os
import subprocess
import sys
from collections import Counter
from itertools import chain
from pathlib import Path
from typing import Any

import orjson
import pytest

from pipelines.devin.demo_api import DemoClock, World
from pipelines.devin.demo_api.hosts import repository_name
from pipelines.devin.demo_api.rhythm import DAY, HOUR

ORG = "org-demo"
ROOT = Path(__file__).parents[2]

DIGEST = """
import hashlib, orjson
from pipelines.devin.demo_api import World
world = World.build(300)
world.advance(100_000)
print(hashlib.sha256(orjson.dumps(world.items("org-demo"))).hexdigest())
"""


@pytest.fixture(scope="module")
def items() -> list[dict[str, Any]]:
    return World.build(2000).items(ORG)


def by_id(world: World) -> dict[str, dict[str, Any]]:
    return {item["session_id"]: item for item in world.items(ORG)}


def test_the_same_seed_gives_the_same_bytes_whatever_the_hash_seed() -> None:
    world = World.build(300)
    world.advance(100_000)
    here = hashlib.sha256(orjson.dumps(world.items(ORG))).hexdigest()
    environment = {**os.environ, "PYTHONHASHSEED": "4242", "PYTHONDONTWRITEBYTECODE": "1"}
    there = subprocess.run(
        [sys.executable, "-c", DIGEST], env=environment, cwd=ROOT, capture_output=True, check=True
    )
    assert here == there.stdout.decode().strip()


def test_another_seed_gives_another_world() -> None:
    assert World.build(50).items(ORG) != World.build(50, seed=8).items(ORG)


def test_a_world_holds_as_many_sessions_as_asked_for() -> None:
    world = World.build(101, org_ids=("org-a", "org-b"))
    assert {org: len(world.items(org)) for org in world.org_ids} == {"org-a": 51, "org-b": 50}


def test_a_world_without_sessions_stays_empty() -> None:
    world = World.build(0)
    world.advance(7 * DAY)
    assert world.items(ORG) == []


def test_a_history_that_ends_before_it_starts_is_refused() -> None:
    with pytest.raises(ValueError, match="must start before"):
        World.build(1, start=20, now=10)


def test_items_come_newest_created_first(items: list[dict[str, Any]]) -> None:
    times = [item["created_at"] for item in items]
    assert times == sorted(times, reverse=True)


def test_some_sessions_start_in_the_same_second(items: list[dict[str, Any]]) -> None:
    assert max(Counter(item["created_at"] for item in items).values()) > 1


def test_some_days_are_far_busier_than_others(items: list[dict[str, Any]]) -> None:
    days = sorted(Counter(item["created_at"] // DAY for item in items).values())
    assert days[-1] > 2 * days[len(days) // 2]


def test_pull_requests_live_on_four_hosts_and_name_their_repository(
    items: list[dict[str, Any]],
) -> None:
    urls = {pull["pr_url"] for item in items for pull in item["pull_requests"]}
    hosts = {url.split("/")[2] for url in urls}
    assert hosts == {"github.com", "gitlab.acme.example", "bitbucket.org", "dev.azure.com"}
    assert None not in {repository_name(url) for url in urls}


def test_a_pull_request_may_belong_to_two_sessions_and_shows_both_the_same_state(
    items: list[dict[str, Any]],
) -> None:
    states: dict[str, list[str | None]] = {}
    for pull in chain.from_iterable(item["pull_requests"] for item in items):
        states.setdefault(pull["pr_url"], []).append(pull["pr_state"])
    shared = [seen for seen in states.values() if len(seen) > 1]
    assert shared
    assert all(len(set(seen)) == 1 for seen in shared)


def test_a_family_link_may_be_declared_by_both_sides_or_by_one(
    items: list[dict[str, Any]],
) -> None:
    by_child = {
        (item["parent_session_id"], item["session_id"].removeprefix("devin-"))
        for item in items
        if item.get("parent_session_id")
    }
    by_parent = {
        (item["session_id"].removeprefix("devin-"), child)
        for item in items
        for child in item.get("child_session_ids") or ()
    }
    assert by_child & by_parent
    assert by_child - by_parent
    assert by_parent - by_child


def test_the_awkward_things_of_real_data_occur(items: list[dict[str, Any]]) -> None:
    users = {item.get("user_id") or "" for item in items}
    assert any("|" in user for user in users)
    assert any(item["session_id"].startswith("devin-") for item in items)
    assert any(not (item.get("title") or "x").isascii() for item in items)
    assert {int, float} == {type(item["acus_consumed"]) for item in items}
    assert any("is_archived" not in item for item in items)


def test_no_session_knows_the_future(items: list[dict[str, Any]]) -> None:
    now = World.build(1).clock.now
    assert all(item["created_at"] <= item["updated_at"] <= now for item in items)


def test_time_may_be_cut_into_steps_of_any_length() -> None:
    in_one, in_many = World.build(400), World.build(400)
    in_one.advance(2 * DAY)
    for _ in range(96):
        in_many.advance(HOUR // 2)
    assert in_one.items(ORG) == in_many.items(ORG)


def test_a_day_brings_new_sessions_and_changes_only_some_of_the_old_ones() -> None:
    world = World.build(2000)
    before = by_id(world)
    world.advance(DAY)
    after = by_id(world)
    changed = [key for key in before if before[key] != after[key]]
    assert len(after) > len(before)
    assert 0 < len(changed) < len(before) / 10


def test_within_some_days_a_session_loses_its_last_tag() -> None:
    world = World.build(2000)
    before = by_id(world)
    world.advance(4 * DAY)
    after = by_id(world)
    assert any(before[key]["tags"] and not after[key]["tags"] for key in before)


def test_within_some_days_work_is_paid_and_pull_requests_are_merged() -> None:
    world = World.build(2000)
    before = by_id(world)
    world.advance(4 * DAY)
    after = by_id(world)
    assert any(before[key]["acus_consumed"] < after[key]["acus_consumed"] for key in before)
    assert any(
        {"pr_url": pull["pr_url"], "pr_state": "merged"} in after[key]["pull_requests"]
        for key in before
        for pull in before[key]["pull_requests"]
        if pull["pr_state"] == "open"
    )


def test_some_merges_leave_the_time_of_the_last_update_alone() -> None:
    world = World.build(2000)
    before = by_id(world)
    world.advance(4 * DAY)
    after = by_id(world)
    assert any(
        before[key]["pull_requests"] != after[key]["pull_requests"]
        and before[key]["updated_at"] == after[key]["updated_at"]
        for key in before
    )


def test_acus_never_shrink() -> None:
    world = World.build(500)
    before = by_id(world)
    world.advance(3 * DAY)
    after = by_id(world)
    assert all(before[key]["acus_consumed"] <= after[key]["acus_consumed"] for key in before)


def test_touching_replaces_fields_and_moves_the_update_time() -> None:
    world = World.build(10)
    world.clock.advance(5)
    target = world.items(ORG)[3]
    world.touch(target["session_id"], tags=[], title="Renamed")
    expected = target | {"tags": [], "title": "Renamed", "updated_at": world.clock.now}
    assert expected == world.items(ORG)[3]


def test_touching_can_leave_the_update_time_alone() -> None:
    world = World.build(10)
    target = world.items(ORG)[3]
    world.touch(f"devin-{target['session_id']}", bump=False, acus_consumed=99.5)
    assert target | {"acus_consumed": 99.5} == world.items(ORG)[3]


def test_adding_creates_a_session_now() -> None:
    world = World.build(10)
    world.clock.advance(1)
    session_id = world.add(ORG, title="Mine", user_id="okta|Acme|1f3")
    newest = world.items(ORG)[0]
    expected = (session_id, "Mine", world.clock.now)
    assert expected == (newest["session_id"], newest["title"], newest["created_at"])


def test_removing_makes_a_session_disappear_for_good() -> None:
    world = World.build(50)
    gone = [item["session_id"] for item in world.items(ORG)[:20]]
    for session_id in gone:
        world.remove(session_id)
    world.advance(2 * DAY)
    assert set(gone).isdisjoint(by_id(world))


def test_each_change_raises_the_version() -> None:
    world = World.build(10)
    versions = [world.version]
    session_id = world.add(ORG)
    versions.append(world.version)
    world.touch(session_id)
    versions.append(world.version)
    world.remove(session_id)
    versions.append(world.version)
    assert versions == [versions[0] + step for step in range(4)]


def test_items_are_copies() -> None:
    world = World.build(10)
    world.items(ORG)[0]["tags"].append("mine")
    assert "mine" not in world.items(ORG)[0]["tags"]


def test_the_clock_never_goes_back() -> None:
    clock = DemoClock(100)
    with pytest.raises(ValueError, match="cannot go back"):
        clock.advance(-1)
    assert clock.now == 100
