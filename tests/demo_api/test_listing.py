"""Walking the list: orders, cursors, filters and rows that change under way."""

from collections.abc import Callable
from typing import Any, get_args

import pytest

from pipelines.devin.demo_api import DemoServer, World
from pipelines.devin.demo_api.cursors import CursorKind
from pipelines.devin.demo_api.hosts import repository_name
from pipelines.devin.demo_api.listing import Order

from .conftest import Get, Walk

ORG = "org-demo"
Item = dict[str, Any]


def ids(items: list[Item]) -> list[str]:
    return [item["session_id"] for item in items]


@pytest.mark.parametrize("cursors", get_args(CursorKind))
@pytest.mark.parametrize("order", get_args(Order))
def test_a_walk_meets_each_session_once_and_in_order(
    order: Order, cursors: CursorKind, server: DemoServer, walk: Walk
) -> None:
    server.settings.order, server.settings.cursors = order, cursors
    field = "created_at" if order.startswith("created") else "updated_at"
    expected = sorted(
        server.world.items(ORG),
        key=lambda item: (item[field], item["session_id"].removeprefix("devin-")),
        reverse=order.endswith("desc"),
    )
    assert expected == walk(first=17)


def test_a_page_has_a_hundred_items_unless_asked_otherwise(get: Get) -> None:
    assert (len(get().json()["items"]), len(get(first=7).json()["items"])) == (100, 7)


def test_a_page_that_ends_with_the_list_has_no_cursor(get: Get, world: World) -> None:
    page = get(first=len(world.items(ORG))).json()
    assert (page["end_cursor"], page["has_next_page"]) == (None, False)


def test_some_cursors_must_be_percent_encoded(server: DemoServer, get: Get) -> None:
    server.settings.cursors = "offset"
    assert get(first=10).json()["end_cursor"].endswith("=")


def test_totals_count_all_matches_or_are_null(server: DemoServer, get: Get) -> None:
    counted = get(first=1).json()["total"]
    server.settings.totals = False
    assert (len(server.world.items(ORG)), None) == (counted, get(first=1).json()["total"])


def middle(world: World, field: str) -> int:
    times = sorted(item[field] for item in world.items(ORG))
    return int(times[len(times) // 2])


@pytest.mark.parametrize("field", ["created", "updated"])
def test_after_includes_its_second_and_before_does_not(
    field: str, world: World, walk: Walk
) -> None:
    bound = middle(world, f"{field}_at")
    later = [item for item in world.items(ORG) if item[f"{field}_at"] >= bound]
    earlier = [item for item in world.items(ORG) if item[f"{field}_at"] < bound]
    assert later == walk(**{f"{field}_after": bound})
    assert earlier == walk(**{f"{field}_before": bound})


def names(item: Item) -> set[str | None]:
    return {repository_name(pull["pr_url"]) for pull in item["pull_requests"]}


USERS = World.build(400, org_ids=(ORG, "org_other")).items(ORG)
USER = next(item["user_id"] for item in USERS if "|" in (item.get("user_id") or ""))
MACHINE = next(item["service_user_id"] for item in USERS if item.get("service_user_id"))
PLAYBOOK = next(item["playbook_id"] for item in USERS if item.get("playbook_id"))
SESSION_IDS = [f"devin-{USERS[3]['session_id']}", USERS[5]["session_id"], "unknown"]

FILTERS: list[tuple[dict[str, Any], Callable[[Item], bool]]] = [
    ({"tags": ["urgent", "緊急"]}, lambda item: bool({"urgent", "緊急"} & set(item["tags"]))),
    ({"tags": ["red, amber"]}, lambda item: "red, amber" in item["tags"]),
    ({"origins": ["slack", "cli"]}, lambda item: item.get("origin") in {"slack", "cli"}),
    ({"category": "bug_fixing"}, lambda item: item.get("category") == "bug_fixing"),
    ({"playbook_id": PLAYBOOK}, lambda item: item.get("playbook_id") == PLAYBOOK),
    ({"user_ids": [USER]}, lambda item: item.get("user_id") == USER),
    ({"service_user_ids": [MACHINE]}, lambda item: item.get("service_user_id") == MACHINE),
    ({"is_archived": True}, lambda item: item.get("is_archived", False)),
    ({"is_archived": False}, lambda item: not item.get("is_archived", False)),
    (
        {"session_ids": SESSION_IDS},
        lambda item: item["session_id"] in {USERS[3]["session_id"], USERS[5]["session_id"]},
    ),
    ({"repo_names": ["acme/payments-ledger"]}, lambda item: "acme/payments-ledger" in names(item)),
    (
        {"repo_names": ["acme/payments/backend/ledger", "acme-labs/invoicing"]},
        lambda item: bool({"acme/payments/backend/ledger", "acme-labs/invoicing"} & names(item)),
    ),
    (
        {"category": "feature_development", "origins": ["webapp"], "is_archived": False},
        lambda item: (
            item.get("category") == "feature_development"
            and item.get("origin") == "webapp"
            and not item.get("is_archived", False)
        ),
    ),
]


@pytest.mark.parametrize(("query", "matches"), FILTERS, ids=[str(query) for query, _ in FILTERS])
def test_a_filter_lets_exactly_the_matching_sessions_pass(
    query: dict[str, Any], matches: Callable[[Item], bool], world: World, walk: Walk
) -> None:
    expected = [item for item in world.items(ORG) if matches(item)]
    assert expected
    assert ids(expected) == ids(walk(**query, first=9))


def test_sessions_of_a_schedule_can_be_listed_though_items_do_not_show_it(
    world: World, walk: Walk
) -> None:
    schedules = {key: world.schedule_id(key) for key in ids(world.items(ORG))}
    schedule = next(filter(None, schedules.values()))
    expected = [key for key, value in schedules.items() if value == schedule]
    assert expected == ids(walk(schedule_id=schedule))


def test_unknown_parameters_are_ignored(world: World, walk: Walk) -> None:
    assert world.items(ORG) == walk(time_after=1, limit=3, devin_id="devin-x")


def test_organisations_do_not_see_each_other(world: World, walk: Walk) -> None:
    assert {ORG} == {item["org_id"] for item in walk()}


def test_a_row_added_during_a_walk_is_missed_by_newest_first(
    server: DemoServer, walk: Walk
) -> None:
    expected = server.world.items(ORG)
    added: list[str] = []
    server.settings.before_page = lambda _: added.append(server.world.add(ORG))
    met = ids(walk(first=100))
    for session_id in added:
        server.world.remove(session_id)
    assert [added[0], *ids(expected)] == met


def test_offset_cursors_repeat_a_row_when_one_is_added_before_it(
    server: DemoServer, walk: Walk
) -> None:
    server.settings.cursors = "offset"
    before = ids(server.world.items(ORG))
    added: list[str] = []
    server.settings.before_page = lambda _: added.append(server.world.add(ORG))
    met = ids(walk(first=100))
    for session_id in added:
        server.world.remove(session_id)
    assert set(before) <= set(met)
    assert len(met) > len(set(met))


def test_a_row_touched_during_a_walk_by_update_comes_again(server: DemoServer, walk: Walk) -> None:
    server.settings.order = "updated_asc"
    first = walk(first=200)[0]["session_id"]
    server.world.clock.advance(1)
    numbers: list[int] = []

    def touch_once(number: int) -> None:
        numbers.append(number)
        if len(numbers) == 2:
            server.world.touch(first)

    server.settings.before_page = touch_once
    met = ids(walk(first=50))
    assert (2, first, first) == (met.count(first), met[0], met[-1])


def test_a_walk_goes_on_when_the_row_of_its_cursor_is_gone(server: DemoServer, get: Get) -> None:
    added = server.world.add(ORG)
    page = get(first=1).json()
    server.world.remove(added)
    expected = server.world.items(ORG)[0]["session_id"]
    assert [expected] == ids(get(first=1, after=page["end_cursor"]).json()["items"])


def test_pages_are_numbered_before_they_are_cut(server: DemoServer, get: Get) -> None:
    numbers: list[int] = []
    server.settings.before_page = numbers.append
    for _ in range(3):
        get(first=1)
    assert numbers == [numbers[0], numbers[0] + 1, numbers[0] + 2]


def test_a_page_can_be_replaced_on_its_way_out(server: DemoServer, get: Get) -> None:
    server.settings.transform = lambda page: page | {"end_cursor": None, "has_next_page": True}
    page = get(first=1).json()
    assert (len(page["items"]), page["end_cursor"], page["has_next_page"]) == (1, None, True)


def test_items_on_the_wire_are_the_items_of_the_world(server: DemoServer, walk: Walk) -> None:
    server.world.advance(86400)
    assert server.world.items(ORG) == walk(first=200)
