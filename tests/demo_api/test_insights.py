"""Insights: the sessions of the listing, each with what the service thinks of it."""

from collections.abc import Iterator
from typing import Any

import pytest

from pipelines.devin.demo_api import DemoServer, World
from pipelines.devin.demo_api.rhythm import DAY

from .conftest import SESSIONS, Read, ReadAll

INSIGHTS = f"{SESSIONS}/insights"
NEW = {"num_user_messages", "num_devin_messages", "session_size", "analysis"}
SIZES = ["xs", "s", "m", "l", "xl"]
OF_ANALYSIS = {
    "action_items",
    "classification",
    "issues",
    "note_usage",
    "suggested_prompt",
    "timeline",
}


@pytest.fixture(scope="module")
def running() -> Iterator[DemoServer]:
    """A server of this module's own: time passes here."""
    with DemoServer(World.build(2000)) as server:
        yield server


def bare(items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{name: item[name] for name in item if name not in NEW} for item in items]


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"first": 7},
        {"is_archived": "true"},
        {"origins": ["slack", "api"], "first": 200},
        {"created_after": 1_780_000_000},
        {"updated_before": 1_780_000_000, "category": "bug_fixing"},
    ],
)
def test_items_are_those_of_the_listing_in_the_same_order(
    query: dict[str, Any], read_all: ReadAll
) -> None:
    sessions, insights = read_all(SESSIONS, **query), read_all(INSIGHTS, **query)

    assert sessions == bare(insights)
    assert sessions


@pytest.mark.parametrize("cursors", ["keyset", "offset"])
def test_pages_are_cut_like_those_of_the_listing(
    cursors: Any, server: DemoServer, read: Read
) -> None:
    server.settings.cursors = cursors
    sessions, insights = read(SESSIONS, first=9), read(INSIGHTS, first=9)
    del sessions["items"], insights["items"]

    assert sessions == insights


def test_every_item_has_counts_and_a_size(read_all: ReadAll) -> None:
    for item in read_all(INSIGHTS, first=200):
        assert item.keys() >= NEW
        assert item["num_user_messages"] >= 1
        assert item["num_devin_messages"] >= 1
        assert item["session_size"] in SIZES


def test_every_size_occurs_and_about_one_in_ten_is_analysed(read_all: ReadAll) -> None:
    items = read_all(INSIGHTS, first=200)
    analysed = [item for item in items if item["analysis"] is not None]

    assert set(SIZES) == {item["session_size"] for item in items}
    assert 0.05 < len(analysed) / len(items) < 0.15
    assert [OF_ANALYSIS] * len(analysed) == [set(item["analysis"]) for item in analysed]
    assert all(0 < item["analysis"]["classification"]["confidence"] <= 1 for item in analysed)


def test_what_was_thought_once_is_thought_again(read_all: ReadAll) -> None:
    assert read_all(INSIGHTS) == read_all(INSIGHTS)


def test_a_session_that_grows_gets_more_messages_and_no_smaller_size(
    world: World, read: Read
) -> None:
    session_id = world.add("org-demo")
    seen = []
    for acus in (0, 0.5, 3, 9, 40):
        world.touch(session_id, acus_consumed=acus)
        (item,) = read(INSIGHTS, session_ids=session_id)["items"]
        seen.append((item["num_devin_messages"], SIZES.index(item["session_size"])))
    world.remove(session_id)

    assert seen == sorted(seen)
    assert (seen[0][1], seen[-1][1]) == (0, 4)


def test_an_analysis_stays_while_time_passes(world: World, read_all: ReadAll) -> None:
    before = {item["session_id"]: item["analysis"] for item in read_all(INSIGHTS)}
    settled = [
        item["session_id"]
        for item in read_all(INSIGHTS)
        if item["status"] in {"exit", "error"} and item["updated_at"] < world.clock.now - 30 * DAY
    ]
    world.advance(DAY)
    after = {item["session_id"]: item["analysis"] for item in read_all(INSIGHTS)}

    assert [before[one] for one in settled] == [after[one] for one in settled]
    assert any(before[one] for one in settled)


def test_pages_can_be_watched_and_changed(server: DemoServer, read: Read) -> None:
    pages: list[int] = []
    server.settings.before_page = pages.append
    server.settings.transform = lambda page: {"items": len(page["items"])}

    assert read(INSIGHTS, first=3) == {"items": 3}
    assert len(pages) == 1
