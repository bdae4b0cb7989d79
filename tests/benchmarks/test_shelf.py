"""Prepared pages are those of the demo API."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import orjson
import pytest

from benchmarks import stock
from benchmarks.shelf import Shelf
from benchmarks.stock import ORG_ID, Stock
from pipelines.devin.demo_api import World
from pipelines.devin.demo_api.listing import Listing, Paging
from pipelines.devin.demo_api.query import Query
from pipelines.devin.demo_api.world import NOW, START

SESSIONS = 300
MIDDLE = (START + NOW) // 2


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shelf:
    monkeypatch.setattr(stock, "_CACHE", tmp_path)
    return Shelf(Stock.of(SESSIONS))


@pytest.fixture
def listing() -> Listing:
    return Listing(World.build(SESSIONS))


def pages(shelf: Shelf, query: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    while not found or found[-1]["has_next_page"]:
        part = urlencode({"after": found[-1]["end_cursor"]}) if found else ""
        found.append(orjson.loads(shelf.page(f"{query}&{part}")))
    return found


def items(shelf: Shelf, query: str) -> list[dict[str, Any]]:
    return [item for page in pages(shelf, query) for item in page["items"]]


@pytest.mark.parametrize(
    "bounds",
    [
        {},
        {"created_after": MIDDLE},
        {"created_before": MIDDLE},
        {"updated_after": NOW - 20 * 86_400},
        {"created_before": NOW - 10 * 86_400, "updated_after": NOW - 20 * 86_400},
        {"created_after": NOW + 1},
    ],
    ids=str,
)
def test_every_page_is_that_of_the_demo_api(
    shelf: Shelf, listing: Listing, bounds: dict[str, int]
) -> None:
    asked = "&".join(f"{name}={value}" for name, value in bounds.items())
    # The demo API leaves its upper bound out.
    same = {name: value + (name == "created_before") for name, value in bounds.items()}
    cursor = None
    for page in pages(shelf, f"first=70&{asked}"):
        query = Query.model_validate({"first": 70, "after": cursor, **same})
        expected = orjson.loads(listing.page(ORG_ID, query, Paging()))
        cursor = expected["end_cursor"]

        assert page == expected


def test_both_bounds_of_creation_are_included(shelf: Shelf) -> None:
    second = items(shelf, "first=200")[100]["created_at"]

    found = items(shelf, f"created_after={second}&created_before={second}")

    assert {item["created_at"] for item in found} == {second}


def test_sessions_are_found_by_id(shelf: Shelf) -> None:
    some = [item["session_id"] for item in items(shelf, "first=200")[10:14]]
    asked = "&".join(f"session_ids={name}" for name in [*some, "unknown"])

    assert [item["session_id"] for item in items(shelf, asked)] == some


def test_what_changed_is_listed_and_the_rest_is_as_it_was(shelf: Shelf) -> None:
    before = {item["session_id"]: item for item in items(shelf, "first=200")}

    count = shelf.change(0.1, NOW + 3600)

    after = items(shelf, "first=200")
    changed = [item for item in after if item != before[item["session_id"]]]
    assert count == len(changed) == SESSIONS / 10
    assert [item["session_id"] for item in after] == list(before)
    assert items(shelf, f"updated_after={NOW + 3600}") == changed
    for item in changed:
        assert item["updated_at"] == NOW + 3600
        assert item["acus_consumed"] > before[item["session_id"]]["acus_consumed"]


@pytest.mark.parametrize("query", ["first=0", "first=201", "created_after=x", "after=x"])
def test_nonsense_is_refused(shelf: Shelf, query: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        shelf.page(query)


def test_a_large_stock_is_several_worlds_in_a_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stock, "_CACHE", tmp_path)
    monkeypatch.setattr(stock, "_LARGEST_WORLD", 100)

    found = items(Shelf(Stock.of(250)), "first=200")

    assert len({item["session_id"] for item in found}) == len(found) == 250
    times = [item["created_at"] for item in found]
    assert times == sorted(times, reverse=True)
    assert times[-1] < START + 10 * 86_400
    assert times[0] > NOW - 10 * 86_400
