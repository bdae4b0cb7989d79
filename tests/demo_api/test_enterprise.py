"""v2: the sessions of all organisations by skip and limit, as v2 shows them."""

from collections.abc import Callable
from datetime import UTC, datetime
from itertools import chain
from typing import Any

import httpx
import pytest

from pipelines.devin.demo_api import DemoServer, Fault, World

PATH = "/v2/enterprise/sessions"
Item = dict[str, Any]
Ask = Callable[..., httpx.Response]


@pytest.fixture
def ask(server: DemoServer, client: httpx.Client) -> Ask:
    headers = {"Authorization": f"Bearer {server.settings.enterprise_token}"}
    return lambda **query: client.get(PATH, params=query, headers=headers)


@pytest.fixture
def items(world: World) -> list[Item]:
    """The items of v3 in all organisations, the oldest first."""
    every = chain.from_iterable(map(world.items, world.org_ids))
    return sorted(every, key=lambda item: (item["created_at"], bare(item)))


def bare(item: Item) -> str:
    return str(item["session_id"]).removeprefix("devin-")


def iso(epoch: int) -> str:
    return datetime.fromtimestamp(epoch, UTC).isoformat().replace("+00:00", "Z")


def ids(items: list[Item]) -> list[str]:
    return [item["session_id"] for item in items]


def test_v2_takes_a_key_of_its_own_and_v3_does_not_take_that(
    client: httpx.Client, ask: Ask, server: DemoServer
) -> None:
    theirs = {"Authorization": f"Bearer {server.settings.enterprise_token}"}

    answers = [ask(), client.get(PATH), client.get("/v3/self", headers=theirs)]

    assert [answer.status_code for answer in answers] == [200, 403, 403]


def test_a_missing_token_is_401(server: DemoServer) -> None:
    assert httpx.get(server.base_url + PATH, trust_env=False).status_code == 401


@pytest.mark.parametrize(("order", "step"), [("asc", 1), ("desc", -1)])
def test_a_walk_meets_every_session_once_and_in_order(
    order: str, step: int, ask: Ask, items: list[Item]
) -> None:
    page = ask(order=order, limit=150).json()
    found = page["items"]
    while page["has_more"]:
        page = ask(order=order, limit=150, skip=page["next_cursor"]).json()
        found += page["items"]

    assert ids(items[::step]) == ids(found)
    assert page["next_cursor"] is None


def test_a_page_has_the_hundred_newest_unless_asked_otherwise(ask: Ask, items: list[Item]) -> None:
    page = ask().json()

    assert ids(items[:-101:-1]) == ids(page.pop("items"))
    assert page == {
        "total": len(items),
        "skip": 0,
        "limit": 100,
        "has_more": True,
        "next_cursor": 100,
    }


def test_nothing_is_left_behind_the_last_one(ask: Ask, items: list[Item]) -> None:
    page = ask(skip=len(items)).json()

    assert (page["items"], page["has_more"], page["next_cursor"]) == ([], False, None)


@pytest.mark.parametrize(
    ("query", "loc"),
    [
        ({"limit": 0}, ["query", "limit"]),
        ({"limit": 201}, ["query", "limit"]),
        ({"skip": -1}, ["query", "skip"]),
        ({"order": "newest"}, ["query", "order"]),
        ({"created_date_from": "yesterday"}, ["query", "created_date_from"]),
    ],
)
def test_an_unacceptable_parameter_is_422_and_says_where(
    query: dict[str, Any], loc: list[str], ask: Ask
) -> None:
    answer = ask(**query)

    assert answer.status_code == 422
    assert [loc] == [error["loc"] for error in answer.json()["detail"]]


def test_an_item_has_the_fields_that_are_documented(ask: Ask, items: list[Item]) -> None:
    newest = items[-1]
    (item,) = ask(limit=1).json()["items"]

    copied = ("session_id", "url", "status", "tags", "org_id", "acus_consumed")
    assert item == {name: newest[name] for name in copied} | {
        "title": newest.get("title"),
        "user_id": newest.get("user_id"),
        "created_at": iso(newest["created_at"]),
        "updated_at": iso(newest["updated_at"]),
        "pull_requests": [
            entry | {"state": entry["pr_state"]} for entry in newest["pull_requests"]
        ],
    }


@pytest.mark.parametrize(
    ("dialect", "field", "names"),
    [
        ("pr_url", "pull_requests", {"pr_url", "pr_state", "state"}),
        ("url", "pull_requests", {"url", "state"}),
        ("prs", "prs", {"pr_url", "pr_state"}),
    ],
)
def test_pull_requests_come_in_three_dialects(
    dialect: Any, field: str, names: set[str], server: DemoServer, ask: Ask
) -> None:
    server.settings.pull_request_dialect = dialect

    entries = list(chain.from_iterable(item[field] for item in ask().json()["items"]))

    assert [names] * len(entries) == [set(entry) for entry in entries]
    assert entries


def test_in_the_dialect_of_prs_a_session_is_named_devin_id(server: DemoServer, ask: Ask) -> None:
    server.settings.pull_request_dialect = "prs"

    (item,) = ask(limit=1).json()["items"]

    assert item["devin_id"].startswith("devin-")
    assert item.keys() >= {"devin_status", "session_url"}
    assert item.keys().isdisjoint({"session_id", "status", "url", "pull_requests"})


def selections(items: list[Item]) -> dict[str, tuple[dict[str, Any], Callable[[Item], bool]]]:
    middle = items[len(items) // 2]
    created, updated = middle["created_at"], middle["updated_at"]
    user = next(item["user_id"] for item in items if item.get("user_id"))
    some = ids(items[:2])
    return {
        "created from": ({"created_date_from": iso(created)}, lambda i: i["created_at"] >= created),
        "created to": ({"created_date_to": iso(created)}, lambda i: i["created_at"] < created),
        "updated from": ({"updated_date_from": iso(updated)}, lambda i: i["updated_at"] >= updated),
        "updated to": ({"updated_date_to": iso(updated)}, lambda i: i["updated_at"] < updated),
        "one organisation": ({"org_ids": "org_other"}, lambda i: i["org_id"] == "org_other"),
        "no organisation": ({"org_ids": "org-none"}, lambda _: False),
        "a person": ({"user_ids": user}, lambda i: i.get("user_id") == user),
        "tags": (
            {"tags": ["urgent", "team:web"]},
            lambda i: not {"urgent", "team:web"}.isdisjoint(i["tags"]),
        ),
        "sessions": ({"session_ids": some}, lambda i: i["session_id"] in some),
        "what v2 does not know": ({"is_archived": "true"}, lambda _: True),
    }


@pytest.mark.parametrize(
    "name",
    [
        "created from",
        "created to",
        "updated from",
        "updated to",
        "one organisation",
        "no organisation",
        "a person",
        "tags",
        "sessions",
        "what v2 does not know",
    ],
)
def test_a_filter_lets_the_right_sessions_pass(name: str, ask: Ask, items: list[Item]) -> None:
    query, passes = selections(items)[name]
    expected = list(filter(passes, items))

    page = ask(order="asc", limit=200, **query).json()

    assert ids(expected)[:200] == ids(page["items"])
    assert len(expected) == page["total"]


def test_organisations_that_v3_may_not_read_are_listed(server: DemoServer, ask: Ask) -> None:
    server.settings.readable_orgs = frozenset()

    assert {item["org_id"] for item in ask(limit=200).json()["items"]} == {"org-demo", "org_other"}


def test_pages_can_be_watched_changed_and_broken(server: DemoServer, ask: Ask) -> None:
    pages: list[int] = []
    server.settings.before_page = pages.append
    server.settings.transform = lambda envelope: {"items": len(envelope["items"])}
    server.faults.push(Fault(status=503))

    answers = [ask(limit=3), ask(limit=3)]

    assert [answer.status_code for answer in answers] == [503, 200]
    assert (len(pages), answers[1].json()) == (1, {"items": 3})
    assert [request.query for request in server.requests[-2:]] == [[("limit", "3")]] * 2
