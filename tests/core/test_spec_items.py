"""Whatever the specification allows arrives: made from it by a generator that knows only that."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from pipelines.devin.demo_api import DemoServer, Fault, World
from sources.devin.session import EARLIEST_MILLISECONDS
from tests.support.organisations import Synced
from tests.support.specification import EXAMPLE, ITEMS
from tests.support.warehouse import Warehouse

NOW = 1_780_000_000


def load(items: list[dict[str, Any]], warehouse: Warehouse, name: str = "devin") -> Synced:
    """Load these items as the only page of an organisation."""
    with DemoServer(World.build(0, start=NOW - 1, now=NOW)) as server:
        page = {"items": items, "has_next_page": False, "end_cursor": None, "total": len(items)}
        # Not through the server's own encoder, which knows no numbers beyond 64 bits.
        server.faults.push(Fault(status=200, body=json.dumps(page)))
        synced = Synced(server, warehouse)
        pipeline = warehouse.pipeline(name, dataset_name=name)
        pipeline.run(synced.source(start_date="1970-01-01", retry_attempts=1))
    return synced


def test_the_example_of_the_documentation_loads(warehouse: Warehouse) -> None:
    synced = load([EXAMPLE], warehouse)

    (row,) = synced.loaded("sessions")
    copied = {
        name: row[name]
        for name in EXAMPLE
        if name not in {"created_at", "updated_at", "tags", "pull_requests", "child_session_ids"}
    }
    assert copied.items() <= EXAMPLE.items()
    assert [entry["tag"] for entry in synced.loaded("session_tags")] == ["<string>"]
    assert [entry["pr_url"] for entry in synced.loaded("session_pull_requests")] == ["<string>"]
    assert len(synced.loaded("session_links")) == 2
    assert synced.warehouse.rows("rejected_items") == []


@settings(
    max_examples=4,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
@given(items=st.lists(ITEMS, min_size=10, max_size=40))
def test_random_items_of_the_specification_load_or_are_rejected_by_name(
    warehouse: Warehouse, items: list[dict[str, Any]]
) -> None:
    # The specification bounds no time and no id: the API's clock and its ids do.
    for number, item in enumerate(items):
        item["session_id"] = f"{number}-{item['session_id']}"
        item["created_at"] = item["created_at"] % NOW
        item["updated_at"] = item["updated_at"] % EARLIEST_MILLISECONDS
    name = f"devin_{abs(hash(json.dumps(items)))}"

    load(items, warehouse, name)

    loaded = {row["session_id"] for row in warehouse.rows("sessions", name)}
    rejected = warehouse.rows("rejected_items", name)
    assert len(loaded) + len(rejected) == len(items)
    assert {row["reason"].partition(":")[0].split(".")[0] for row in rejected} <= {
        "org_id",
        "acus_consumed",
        "pull_requests",
        "child_session_ids",
    }


@pytest.mark.parametrize("status", ["hibernating", ""])
def test_a_value_that_no_enumeration_knows_loads(warehouse: Warehouse, status: str) -> None:
    synced = load([EXAMPLE | {"status": status, "origin": "toaster"}], warehouse)

    assert [(row["status"], row["origin"]) for row in synced.loaded("sessions")] == [
        (status, "toaster")
    ]
