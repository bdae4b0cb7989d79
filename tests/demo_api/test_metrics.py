"""Counts over a span: they are those of the sessions and pull requests of that span."""

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest

from pipelines.devin.demo_api import DemoServer, World
from pipelines.devin.demo_api.rhythm import DAY

from .conftest import Read

ORG = "org-demo"
USAGE = f"/v3/organizations/{ORG}/metrics/usage"
PULLS = f"/v3/organizations/{ORG}/metrics/prs"
STATES = {"merged": "merged", "closed": "closed"}


@pytest.fixture(scope="module")
def running() -> Iterator[DemoServer]:
    """A server of this module's own: time passes here."""
    with DemoServer(World.build(500, org_ids=(ORG, "org_other"))) as server:
        yield server


@pytest.fixture
def items(world: World) -> list[dict[str, Any]]:
    return world.items(ORG)


def states(items: list[dict[str, Any]]) -> dict[str, str]:
    """The state of every pull request that sessions list."""
    pulls = [pull for item in items for pull in item["pull_requests"]]
    return {
        pull["pr_url"]: STATES.get((pull["pr_state"] or "").lower(), "opened") for pull in pulls
    }


def counted(items: list[dict[str, Any]]) -> dict[str, int]:
    found = list(states(items).values())
    counts = {f"prs_{state}_count": found.count(state) for state in ("opened", "closed", "merged")}
    return counts | {"prs_created_count": len(found)}


def spans(world: World) -> list[dict[str, int]]:
    """The history of a world in ten pieces."""
    bounds = [*range(world.past.start, world.clock.now, 13 * DAY), world.clock.now + 1]
    return [{"time_after": after, "time_before": before} for after, before in pairwise(bounds)]


def summed(answers: list[dict[str, Any]]) -> dict[str, Any]:
    return {name: sum(answer[name] for answer in answers) for name in answers[0]}


def test_without_bounds_every_session_and_pull_request_counts(
    read: Read, items: list[dict[str, Any]]
) -> None:
    usage, pulls = read(USAGE), read(PULLS)

    assert len(items) == usage["sessions_count"]
    assert counted(items).items() <= pulls.items()
    assert (usage["prs_created_count"], usage["prs_merged_count"]) == (
        pulls["prs_created_count"],
        pulls["prs_merged_count"],
    )


@pytest.mark.parametrize("path", [USAGE, PULLS])
def test_adjoining_spans_add_up_to_the_whole(path: str, read: Read, world: World) -> None:
    assert read(path) == summed([read(path, **span) for span in spans(world)])


def test_created_are_the_open_the_closed_and_the_merged(read: Read, world: World) -> None:
    for span in spans(world):
        counts = read(PULLS, **span)
        for prefix in ("prs", "prs_taken_over"):
            parts = [counts[f"{prefix}_{state}_count"] for state in ("opened", "closed", "merged")]
            whole = f"{prefix}_created_count" if prefix == "prs" else f"{prefix}_count"
            assert sum(parts) == counts[whole]


def test_a_pull_request_that_several_sessions_list_is_taken_over(
    read: Read, items: list[dict[str, Any]]
) -> None:
    urls = [pull["pr_url"] for item in items for pull in item["pull_requests"]]

    shared = {url for url in urls if urls.count(url) > 1}

    assert len(shared) == read(PULLS)["prs_taken_over_count"]
    assert shared


def test_a_session_counts_where_it_was_created(
    read: Read, world: World, items: list[dict[str, Any]]
) -> None:
    for span in spans(world):
        created = [
            item for item in items if span["time_after"] <= item["created_at"] < span["time_before"]
        ]
        assert len(created) == read(USAGE, **span)["sessions_count"]


def test_a_pull_request_counts_when_a_session_first_lists_it(read: Read, world: World) -> None:
    url = "https://github.com/acme/x/pull/1"
    pull = {"pr_url": url, "pr_state": "open"}
    session_id = world.add(ORG)
    world.advance(DAY)
    first, span = world.clock.now, {"time_after": world.clock.now}
    before = read(PULLS, **span)
    world.touch(session_id, bump=False, pull_requests=[pull])
    world.advance(DAY)
    world.touch(session_id, pull_requests=[pull | {"pr_state": "MERGED"}])

    after = read(PULLS, **span, time_before=first + 1)

    assert before["prs_merged_count"] + 1 == after["prs_merged_count"]
    world.remove(session_id)


@pytest.mark.parametrize(
    ("parameter", "field"),
    [
        ("user_ids", "user_id"),
        ("service_user_ids", "service_user_id"),
        ("playbook_id", "playbook_id"),
    ],
)
def test_pull_requests_can_be_counted_of_some_sessions(
    parameter: str, field: str, read: Read, items: list[dict[str, Any]]
) -> None:
    value = next(item[field] for item in items if item.get(field) and item["pull_requests"])
    some = [item for item in items if item.get(field) == value]

    assert counted(some).items() <= read(PULLS, **{parameter: value}).items()


def test_a_span_that_is_past_is_settled_but_for_states(read: Read, world: World) -> None:
    span = {"time_before": world.clock.now + 1}
    before = read(USAGE, **span)
    world.advance(20 * DAY)
    after, ever = read(USAGE, **span), read(USAGE)

    for name in ("sessions_count", "searches_count", "prs_created_count"):
        assert before[name] == after[name] < ever[name]
    assert before["prs_merged_count"] <= after["prs_merged_count"]


def test_a_broken_pull_request_is_none(read: Read, world: World) -> None:
    before = read(PULLS)
    broken: list[Any] = [None, "nothing", [None], [{}], [{"pr_url": 5}]]
    for pulls in broken:
        session_id = world.add(ORG, pull_requests=pulls)
        assert before == read(PULLS)
        world.remove(session_id)
