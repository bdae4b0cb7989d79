"""Rows that change while they are paged are never lost, whatever the order and the cursors.

A scenario is a small organisation and what happens to it between the pages of some cycles. After
one last cycle in which nothing happens, what was loaded must be what the server has. The usual
way, keeping the newest `updated_at` seen, runs through the same scenarios, and loses rows.
"""

import os
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass
from itertools import count, product
from pathlib import Path
from random import Random
from typing import Any, cast

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipelines.devin.demo_api import DemoServer, Settings, World
from sources.devin.batching import Batch
from sources.devin.client import Client
from sources.devin.cycle import Cycle
from sources.devin.errors import RowsMissing
from sources.devin.listing import Listing
from sources.devin.plan import Plan
from sources.devin.runs import Journal
from sources.devin.walk import Limits
from tests.support.nothing import Nothing

NOW = 1_780_000_000
ORGANISATIONS = 2_000
"""One for each example, so that all of them can use one server."""

Truth = dict[str, tuple[int, str | None]]

SERVERS = list(
    product(
        ("created_desc", "created_asc", "updated_asc", "updated_desc"),
        ("keyset", "offset"),
        (True, False),
    )
)


@dataclass(frozen=True)
class Happening:
    """Before this page (counted over all cycles) seconds pass, and a session changes or is new."""

    page: int
    seconds: int
    session: int | None


@dataclass(frozen=True)
class Scenario:
    """Ages of the first sessions in seconds, and what happens then."""

    ages: tuple[int, ...]
    happenings: tuple[Happening, ...]
    cycles: int
    page_size: int = 2
    walkers: int = 1
    commit_every: int = 1000


happenings = st.builds(
    Happening, st.integers(2, 9), st.integers(0, 3), st.one_of(st.integers(0, 7), st.none())
)
scenarios = st.builds(
    Scenario,
    st.lists(st.integers(1, 12), min_size=3, max_size=9).map(tuple),
    st.lists(happenings, min_size=2, max_size=8).map(tuple),
    st.integers(1, 3),
    st.integers(2, 4),
    st.integers(1, 3),
    st.sampled_from([1, 4, 1000]),
)


class Organisation:
    """A scenario on a real server."""

    def __init__(self, scenario: Scenario, server: DemoServer, org_id: str) -> None:
        self.org_id = org_id
        self.base_url = server.base_url
        self.begin = server.world.clock.now
        self._world = server.world
        self._settings = server.settings
        self._scenario = scenario
        self._titles = count()
        self._pages = count(1)
        for age in scenario.ages:
            moment = self.begin - age
            self._add(created_at=moment, updated_at=moment)
        self._settings.before_page = self._before_page

    def quiet(self) -> None:
        """Nothing happens any more; only time goes on."""
        self._settings.before_page = None
        self._world.clock.advance(5)

    def truth(self) -> Truth:
        return {
            item["session_id"]: (item["updated_at"], item["title"])
            for item in self._world.items(self.org_id)
        }

    def _add(self, **fields: int) -> None:
        self._world.add(self.org_id, title=f"version {next(self._titles)}", **fields)

    def _before_page(self, _: int) -> None:
        page = next(self._pages)
        for happening in self._scenario.happenings:
            if happening.page == page:
                self._world.clock.advance(happening.seconds)
                self._change(happening.session)

    def _change(self, session: int | None) -> None:
        ids = sorted(self.truth())
        if session is None:
            self._add()
        elif session < len(ids):
            self._world.touch(ids[session], title=f"version {next(self._titles)}")


class Organisations:
    """Organisations of a server, one after the other."""

    def __init__(self, server: DemoServer) -> None:
        self._server = server
        self._unused = iter(server.world.org_ids)

    def found(self, scenario: Scenario) -> Organisation:
        return Organisation(scenario, self._server, next(self._unused))


@pytest.fixture
def organisations(request: pytest.FixtureRequest) -> Iterator[Organisations]:
    order, cursors, totals = request.param
    names = [f"org-{number}" for number in range(ORGANISATIONS)]
    world = World.build(0, org_ids=names, start=NOW - 1, now=NOW)
    with DemoServer(world, Settings(order=order, cursors=cursors, totals=totals)) as server:
        yield Organisations(server)


def by_coverage(organisation: Organisation, scenario: Scenario, folder: Path) -> Truth:
    """Run the cycles of this project, and one more in quiet."""
    loaded: Truth = {}
    memory: dict[str, Any] = {}
    with Client(organisation.base_url, "cog_demo") as client:
        plan = Plan(
            client,
            [Listing(client, organisation.org_id, page_size=scenario.page_size)],
            start=organisation.begin - 100,
            settle=0,
            batch_size=3,
            limits=Limits(overlap=0),
            walkers=scenario.walkers,
            commit_every=scenario.commit_every,
        )

        def package(cycle: Cycle) -> None:
            stored = deepcopy(memory)
            for batch in cycle.package(lambda: plan, stored, Journal(folder), Nothing()):
                if "sessions" in batch:
                    for row in cast(Batch, batch)["sessions"].to_pylist():
                        version = (int(row["updated_at"].timestamp()), row["title"])
                        if version[0] >= loaded.get(row["session_id"], version)[0]:
                            loaded[row["session_id"]] = version
            memory.update(stored)

        def run() -> None:
            cycle = Cycle()
            while not cycle.finished:
                package(cycle)
            assert cycle.failure is None or isinstance(cycle.failure, RowsMissing)

        for _ in range(scenario.cycles):
            run()
        organisation.quiet()
        run()
    return loaded


def by_watermark(organisation: Organisation, scenario: Scenario, _: Path) -> Truth:
    """Keep the newest `updated_at` seen, and ask for more than that: the usual way."""
    loaded: Truth = {}
    newest = 0
    path = f"/v3/organizations/{organisation.org_id}/sessions"
    client = httpx.Client(
        base_url=organisation.base_url, headers={"Authorization": "Bearer cog_demo"}
    )
    for number in range(scenario.cycles + 1):
        if number == scenario.cycles:
            organisation.quiet()
        cursor, seen = None, newest
        while True:
            params: dict[str, Any] = {"first": scenario.page_size, "updated_after": newest}
            if cursor:
                params["after"] = cursor
            page = client.get(path, params=params).json()
            for item in page["items"]:
                loaded[item["session_id"]] = (item["updated_at"], item["title"])
                seen = max(seen, item["updated_at"])
            cursor = page["end_cursor"]
            if not page["has_next_page"]:
                break
        newest = seen
    client.close()
    return loaded


Way = Callable[[Organisation, Scenario, Path], Truth]


def loses(way: Way, organisation: Organisation, scenario: Scenario, folder: Path) -> bool:
    return way(organisation, scenario, folder) != organisation.truth()


@pytest.mark.parametrize("organisations", SERVERS, indirect=True, ids=str)
@settings(
    max_examples=int(os.environ.get("EXAMPLES", "40")),
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(scenario=scenarios)
def test_rows_that_change_while_they_are_paged_are_never_lost(
    organisations: Organisations, scenario: Scenario, tmp_path: Path
) -> None:
    organisation = organisations.found(scenario)

    loaded = by_coverage(organisation, scenario, tmp_path)

    assert loaded == organisation.truth()


@pytest.mark.parametrize(
    "organisations",
    [("created_desc", "keyset", True), ("created_asc", "offset", False)],
    indirect=True,
    ids=str,
)
def test_the_newest_change_seen_as_a_watermark_loses_rows_in_the_same_scenarios(
    organisations: Organisations, tmp_path: Path
) -> None:
    tried = [scenario_of(Random(seed)) for seed in range(100)]

    unlucky = [
        scenario
        for scenario in tried
        if loses(by_watermark, organisations.found(scenario), scenario, tmp_path)
    ]

    assert unlucky
    for scenario in unlucky:
        organisation = organisations.found(scenario)
        assert not loses(by_coverage, organisation, scenario, tmp_path)


def scenario_of(dice: Random) -> Scenario:
    """A scenario of the same kind as the ones above, from a seed."""
    return Scenario(
        tuple(dice.randint(1, 12) for _ in range(dice.randint(3, 7))),
        tuple(
            Happening(dice.randint(2, 9), dice.randint(0, 3), dice.choice([None, *range(8)]))
            for _ in range(dice.randint(2, 8))
        ),
        dice.randint(1, 3),
    )
