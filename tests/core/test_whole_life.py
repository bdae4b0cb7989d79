"""Whatever happens to sessions, machines and configuration, the warehouse comes to hold the truth.

A life is drawn: syncs and backfills with small pages and packages, some of which die at some step;
sessions that come, change, and go, before and during pages; another machine, or one with an earlier
working directory; other organisations, filters and start dates. At each step what is claimed has to
be true, and after a last sync in quiet and a backfill of everything, the warehouse has to be equal
to the server in every column of every table.

Most lives are loaded into memory, by rules written here once more, since that is a hundred times
faster. Some are loaded by dlt into DuckDB, by the code that the command line runs.
"""

import os
import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from itertools import count, pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, example, given, settings

from pipelines.devin.demo_api import DemoServer, Fault, Settings, World
from sources.devin.coverage import Coverage
from sources.devin.errors import DevinError, RowsMissing, ScopesFailed, Unreachable
from sources.devin.tables import RUNS, SESSIONS, SNAPSHOTS, TABLES
from tests.support import truth
from tests.support.lives import (
    EARLIEST,
    FILTERS,
    ORGANISATIONS,
    STARTS,
    Configured,
    Event,
    Life,
    Machine,
    Sessions,
    Step,
    Sync,
    lives,
)
from tests.support.organisations import TABLES as CHILDREN
from tests.support.places import MOMENTS, AtHand, Died, InDuckdb, Place, Row

NOW = 1_780_000_000
AHEAD = 5
"""Seconds that this machine's clock is ahead of the API's."""

ANSWER = "an answer does not come"

EXAMPLES = int(os.environ.get("EXAMPLES", "100"))


@dataclass
class Living:
    """A life that is lived."""

    sessions: Sessions
    place: Place
    set_wall_clock: Callable[[int], None]
    filters: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.life, self.server = self.sessions.life, self.sessions.server
        self.org_ids: tuple[str, ...] = self.sessions.org_ids[:1]
        self.born = self.sessions.now
        self.start = self.born - EARLIEST

    def live(self) -> None:
        for step in self.life.steps:
            self.take(step)
            self.check_claims()
        self.end()

    def take(self, step: Step) -> None:
        if isinstance(step, Sync):
            self.sync(step)
        elif isinstance(step, Machine):
            self.place.becomes_another(step.earlier)
        elif isinstance(step, Configured):
            self.configure(step)
        else:
            self.sessions.happens(step)

    def configure(self, step: Configured) -> None:
        if step.option == "org_ids":
            self.org_ids = tuple(self.sessions.org_ids[n] for n in ORGANISATIONS[step.choice])
        elif step.option == "filters":
            self.filters = FILTERS[step.choice]
        else:
            self.start = self.born - STARTS[step.choice]

    def end(self) -> None:
        """Nothing happens any more; only time goes on."""
        self.org_ids, self.filters = self.sessions.org_ids, {}
        self.start = self.born - EARLIEST
        self.sync(Sync())
        self.check_claims()
        # Who is gone is not said of the last moments, in which another machine may have loaded.
        self.server.world.clock.advance(self.life.overlap + self.life.settle + 1)
        self.sync(Sync(backfill=(EARLIEST + 9 + self.sessions.now - self.born, -1)))
        self.check_claims()
        self.check_all()

    def sync(self, step: Sync) -> None:
        self.server.world.clock.advance(1)
        now = self.sessions.now
        span = None
        if step.backfill:
            begin, end = (now - age for age in sorted(step.backfill, reverse=True))
            if begin >= now + AHEAD or begin == end:
                return
            span = begin, min(end, now + AHEAD)
        self.set_wall_clock(now + AHEAD)
        before = self.place.scopes()
        self.sessions.during(step.meanwhile)
        crash = (step.crash.moment, step.crash.calls) if step.crash else None
        if crash and crash[0] == ANSWER:
            self.server.faults.push(*[None] * crash[1], Fault(status=500))
            crash = None
        elif crash and crash[0] not in self.place.moments:
            crash = None
        try:
            failure = self.place.sync(
                crash,
                **self.life.options,
                **self.filters,
                org_ids=list(self.org_ids),
                start_date=self.start,
                backfill=span,
                base_url=self.server.base_url,
                api_key="cog_demo",
                retry_attempts=1,
            )
        except Died:
            return
        finally:
            self.server.settings.before_page = None
            while len(self.server.faults):
                self.server.faults.next()
        for reason in reasons(failure):
            allowed: tuple[type[DevinError], ...] = (RowsMissing,) if step.meanwhile else ()
            allowed += (Unreachable,) if step.crash else ()
            assert isinstance(reason, allowed), reason
        if failure is None and not step.meanwhile and not self.filters:
            self.check_quiet(span, before)

    def check_claims(self) -> None:
        """What the destination says of itself is true."""
        now = self.sessions.now
        rows = self.place.table(SESSIONS)
        held = {row["session_id"]: row for row in rows}
        assert len(held) == len(rows)
        alive = {item["session_id"]: item for item in self.sessions.items()}
        marked = {name for name, row in held.items() if row["deleted_at"] is not None}
        assert not marked & set(alive), "marked as deleted, and still there"
        assert set(held) - set(alive) <= set(self.sessions.removed)
        for name, scope in self.place.scopes().items():
            segments = scope["coverage"]
            assert all(begin < end <= now and as_of <= now for begin, end, as_of in segments)
            assert all(left[1] <= right[0] for left, right in pairwise(segments))
            if "?" in name:
                continue
            coverage = Coverage.of(segments)
            for item in self.sessions.items([name.removeprefix("v3/")]):
                as_of = coverage.as_of(item["created_at"])
                if as_of is None or item["updated_at"] > as_of - (not self.life.settle):
                    continue
                row = held.get(item["session_id"])
                assert row, f"{item['session_id']} is claimed as of {as_of}, and not there"
                moment = row["updated_at"].timestamp()
                assert moment >= item["updated_at"], f"{item['session_id']} is too old"

    def check_quiet(self, span: tuple[int, int] | None, before: dict[str, Any]) -> None:
        """Nothing changed meanwhile, so what was read is the truth to the last column."""
        after = self.place.scopes()
        for org_id in self.org_ids:
            name = f"v3/{org_id}"
            items = self.sessions.items([org_id])
            was, became = (scopes.get(name, {}).get("rescanned_at") for scopes in (before, after))
            rescanned = not span and was is not None and became != was
            whole = (max(self.start, became - self.life.rescan), became) if rescanned else span
            if whole:
                self.read_whole(org_id, whole)
            read = span or (self.start, self.sessions.now)
            told = [
                item
                for item in items
                if within(read, item) and item["session_id"] not in self.sessions.hidden
            ]
            self.check_equal(told)

    def read_whole(self, org_id: str, span: tuple[int, int]) -> None:
        """All of this was read again: nothing of it is hidden, and who is gone is marked.

        But for the last moments, in which another machine may have loaded.
        """
        settled = self.sessions.now - self.life.settle - self.life.overlap - 1
        for item in self.sessions.items([org_id]):
            if within(span, item):
                self.sessions.hidden.discard(item["session_id"])
        for row in self.place.table(SESSIONS):
            created_at = self.sessions.removed.get(row["session_id"])
            if (
                created_at is not None
                and row["org_id"] == org_id
                and span[0] <= created_at < min(span[1], settled)
            ):
                assert row["deleted_at"] is not None, f"{row['session_id']} is gone"

    def check_equal(self, told: list[Row]) -> None:
        ids = {item["session_id"] for item in told}

        def loaded(name: str) -> list[Row]:
            [table] = [table for table in TABLES if table.name == name]
            return [row for row in self.place.table(table) if row["session_id"] in ids]

        snapshots = {
            row["session_id"]: row
            for row in sorted(loaded(SNAPSHOTS.name), key=lambda row: str(row["updated_at"]))
        }
        sides = {name: (expected(told), loaded(name)) for name, expected in CHILDREN.items()}
        sides[SESSIONS.name] = truth.sessions(told), loaded(SESSIONS.name)
        sides[SNAPSHOTS.name] = truth.snapshots(told), list(snapshots.values())
        for table, (right, found) in sides.items():
            assert comparable(found) == comparable(right), table

    def check_all(self) -> None:
        items = self.sessions.items()
        self.check_equal(items)
        rows = self.place.table(SESSIONS)
        listed = {row["session_id"] for row in rows if row["deleted_at"] is None}
        assert listed == {item["session_id"] for item in items}
        for org_id in self.org_ids:
            scope = self.place.scopes()[f"v3/{org_id}"]
            assert len(scope["coverage"]) == 1
            assert scope["backfills"] == []
        for table in TABLES:
            keys = [tuple(row[name] for name in table.key) for row in self.place.table(table)]
            assert len(keys) == len(set(keys)), table.name
        runs = self.place.table(RUNS)
        assert len({(run["scope"], run["started_at"]) for run in runs}) == len(runs)


def within(span: tuple[int, int], item: Row) -> bool:
    return bool(span[0] <= item["created_at"] < span[1])


def comparable(rows: list[Row]) -> list[Row]:
    told = [{name: row[name] for name in sorted(row) if name != "extracted_at"} for row in rows]
    return sorted(told, key=repr)


def reasons(failure: DevinError | None) -> list[DevinError]:
    if isinstance(failure, ScopesFailed):
        return list(failure.failed.values())
    return [failure] if failure else []


@pytest.fixture
def wall_clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Sets this machine's clock. The API's stands still while it answers, however long that takes.

    The dlt of all of this has one worker, so that a life comes out the same each time.
    """
    for variable in ("LOAD__WORKERS", "NORMALIZE__WORKERS", "EXTRACT__WORKERS"):
        monkeypatch.setenv(variable, "1")
    # Certificates are read for each client, which takes half of the time, and not looked at here.
    monkeypatch.setattr("ssl.create_default_context", cache(ssl.create_default_context))
    monkeypatch.setattr("sources.devin.client.time", SimpleNamespace(monotonic=lambda: 0.0))
    now = [NOW]
    monkeypatch.setattr("sources.devin.wall_clock", lambda: float(now[0]))

    def set_to(moment: int) -> None:
        now[0] = moment

    return set_to


class Births:
    """Lives on one server: each has organisations of its own, and goes on from its time."""

    def __init__(self, server: DemoServer, set_wall_clock: Callable[[int], None]) -> None:
        self._server = server
        self._set_wall_clock = set_wall_clock
        self._numbers = count()

    def live(self, life: Life, make: Callable[[Path], Place]) -> None:
        with TemporaryDirectory() as folder:
            self.born(life, make(Path(folder))).live()

    def born(self, life: Life, place: Place) -> Living:
        number = next(self._numbers)
        told = Settings(order=life.order, cursors=life.cursors, totals=life.totals)
        vars(self._server.settings).update(vars(told))
        a, b = self._server.world.org_ids[2 * number : 2 * number + 2]
        self._server.world.clock.advance(1000)
        self._server.requests.clear()
        sessions = Sessions(life, self._server, (a, b), f"{number:012x}")
        return Living(sessions, place, self._set_wall_clock)


@pytest.fixture
def births(wall_clock: Callable[[int], None]) -> Iterator[Births]:
    names = [f"org-{number:06}" for number in range(40 * EXAMPLES + 4000)]
    world = World.build(0, org_ids=names, start=NOW - 1, now=NOW)
    with DemoServer(world) as server:
        yield Births(server, wall_clock)


@settings(
    max_examples=EXAMPLES,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(life=lives([*AtHand.moments, ANSWER], 10))
# A backfill of everything forgets all that is loaded before it begins, and still has to tell who
# is gone.
@example(life=Life((1, 1), (Sync(), Event("removed"))))
@example(
    life=Life(
        (1, 1),
        (Sync(), Event("new", 0, 10), Event("removed")),
        totals=False,
        concurrency=1,
        batch_size=1,
        commit_every=1,
        overlap=60,
        rescan=15,
    )
)
def test_in_the_end_the_truth_is_loaded_whatever_happened(life: Life, births: Births) -> None:
    births.live(life, AtHand)


@settings(
    max_examples=max(2, EXAMPLES // 20),
    # A dlt life takes seconds: to shrink one would take longer than a test may.
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(life=lives([*MOMENTS, ANSWER], 6))
def test_that_holds_for_dlt_and_its_working_directories(life: Life, births: Births) -> None:
    births.live(life, InDuckdb)


def test_more_deletions_than_are_likely_are_doubted_until_somebody_allows_them(
    births: Births, tmp_path: Path
) -> None:
    life = Life((1, 4, 7, 10, 13), (), page_size=2)
    living = births.born(life, AtHand(tmp_path))
    living.sync(Sync())
    for _ in range(2):
        living.take(Event("removed"))
    doubting = living.life.options | {"most_deleted": 0.05}

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Life, "options", doubting)
        with pytest.raises(AssertionError, match="only 2 came back"):
            living.sync(Sync(backfill=(50, -1)))

    assert all(row["deleted_at"] is None for row in living.place.table(SESSIONS))
    living.check_claims()
    living.end()
