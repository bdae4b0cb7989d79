"""A warehouse's life: what happens to sessions, to the machine and to the configuration, in turn.

A life is a value: it prints as the Python that makes it, so one that went wrong is a test as it is.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Literal

from hypothesis import strategies as st

from pipelines.devin.demo_api import DemoServer
from pipelines.devin.demo_api.cursors import CursorKind
from pipelines.devin.demo_api.listing import Order
from tests.support.truth import Item

EARLIEST = 100
"""Seconds before the beginning of a life from which sessions are loaded at the earliest."""

Kind = Literal["new", "changed", "bared", "hidden", "merged", "removed", "nothing"]

FILTERS: tuple[dict[str, Any], ...] = ({}, {"tags": ["kept"]}, {"is_archived": False})
STARTS = (EARLIEST, 30, 8)
ORGANISATIONS = ((0,), (0, 1), (1,))


@dataclass(frozen=True)
class Event:
    """Something happens to the session at this place of all, or with this place to a new one."""

    what: Kind
    which: int = 0
    seconds: int = 0


@dataclass(frozen=True)
class Meanwhile:
    """An event before this page of a sync."""

    page: int
    event: Event


@dataclass(frozen=True)
class Crash:
    """The process dies as it does this for so many times; see `places.MOMENTS`."""

    moment: str
    calls: int = 1


@dataclass(frozen=True)
class Sync:
    """A sync, or a backfill from and to so many seconds before now."""

    meanwhile: tuple[Meanwhile, ...] = ()
    crash: Crash | None = None
    backfill: tuple[int, int] | None = None


@dataclass(frozen=True)
class Configured:
    """Another choice of organisations, filters or the start date from now on."""

    option: Literal["org_ids", "filters", "start"]
    choice: int


@dataclass(frozen=True)
class Machine:
    """Another machine goes on: a fresh one, or one with an earlier working directory."""

    earlier: int | None = None


Step = Sync | Event | Configured | Machine


@dataclass(frozen=True)
class Life:
    """How the API tells, how the warehouse is synced, ages of the first sessions, and then what."""

    ages: tuple[int, ...]
    steps: tuple[Step, ...]
    order: Order = "created_desc"
    cursors: CursorKind = "keyset"
    totals: bool = True
    page_size: int = 2
    concurrency: int = 1
    batch_size: int = 3
    commit_every: int = 4
    settle: int = 0
    overlap: int = 0
    rescan: int = 0

    @property
    def options(self) -> dict[str, Any]:
        """How it is synced, as the source takes it."""
        return {
            "page_size": self.page_size,
            "concurrency": self.concurrency,
            "batch_size": self.batch_size,
            "commit_every": self.commit_every,
            "settle": self.settle,
            "overlap": self.overlap,
            "rescan": self.rescan,
            "rescan_every": 10,
            "most_deleted": 1.0,
        }


def lives(moments: Sequence[str], most_steps: int) -> st.SearchStrategy[Life]:
    """Lives of at most so many steps, with crashes at these moments."""
    kinds: list[Kind] = ["new", "changed", "bared", "hidden", "merged", "removed", "nothing"]
    events = st.builds(Event, st.sampled_from(kinds), st.integers(0, 9), st.integers(0, 12))
    quick = st.builds(
        Event, st.sampled_from([*kinds, "changed"]), st.integers(0, 9), st.integers(0, 2)
    )
    meanwhile = st.lists(st.builds(Meanwhile, st.integers(1, 9), quick), max_size=5).map(tuple)
    crashes = st.builds(Crash, st.sampled_from(moments), st.integers(1, 4))
    ages = st.integers(-5, 60)
    steps: st.SearchStrategy[Step] = st.one_of(
        events,
        st.builds(Sync, meanwhile),
        st.builds(Sync, meanwhile, crashes),
        st.builds(Sync, meanwhile, st.none() | crashes, st.tuples(ages, ages)),
        events,
        st.builds(Configured, st.sampled_from(["org_ids", "filters", "start"]), st.integers(0, 2)),
        st.builds(Machine, st.none() | st.integers(0, 5)),
    )
    return st.builds(
        Life,
        st.lists(st.integers(1, 40), min_size=2, max_size=9).map(tuple),
        st.lists(steps, min_size=2, max_size=most_steps).map(tuple),
        st.sampled_from(["created_desc", "created_asc", "updated_asc", "updated_desc"]),
        st.sampled_from(["keyset", "offset"]),
        st.booleans(),
        st.integers(2, 4),
        st.sampled_from([1, 1, 2, 4]),
        st.integers(1, 5),
        st.sampled_from([1, 3, 6, 1000]),
        st.sampled_from([0, 2]),
        st.sampled_from([0, 0, 3, 60]),
        st.sampled_from([0, 15, 200]),
    )


@dataclass
class Sessions:
    """The sessions of a life on its server, and what is known of them that the server forgets.

    Args:
        life: The life.
        server: Its server, which has others besides.
        org_ids: Its own organisations.
        prefix: What its ids of sessions begin with.

    Attributes:
        removed: Sessions that were deleted.
        hidden: Sessions whose last change did not move their `updated_at`.
    """

    life: Life
    server: DemoServer
    org_ids: tuple[str, str]
    prefix: str
    removed: dict[str, int] = field(default_factory=dict)
    hidden: set[str] = field(default_factory=set)
    _numbers: Iterator[int] = field(default_factory=count)

    def __post_init__(self) -> None:
        for place, age in enumerate(self.life.ages):
            moment = self.now - age
            self._add(place, created_at=moment, updated_at=moment)

    @property
    def now(self) -> int:
        return self.server.world.clock.now

    def items(self, org_ids: Sequence[str] = ()) -> list[Item]:
        return [
            item for org_id in org_ids or self.org_ids for item in self.server.world.items(org_id)
        ]

    def happens(self, event: Event) -> None:
        """Let time pass, then something happen."""
        world = self.server.world
        world.clock.advance(event.seconds)
        items = sorted(self.items(), key=lambda item: str(item["session_id"]))
        if event.what == "new":
            self._add(event.which)
        elif event.what != "nothing" and items:
            item = items[event.which % len(items)]
            session_id = str(item["session_id"])
            if event.what == "removed":
                world.remove(session_id)
                self.removed[session_id] = item["created_at"]
                self.hidden.discard(session_id)
            else:
                bump = event.what in ("changed", "bared")
                world.touch(session_id, bump=bump, **self._told(event.what))
                (self.hidden.discard if bump else self.hidden.add)(session_id)

    def during(self, meanwhile: Sequence[Meanwhile]) -> None:
        """Let this happen before the pages of the sync that begins."""
        happenings = [entry for entry in meanwhile if self._is_fair(entry.event, meanwhile)]
        pages = count(1)

        def before_page(_: int) -> None:
            page = next(pages)
            for entry in happenings:
                if entry.page == page:
                    self.happens(entry.event)

        self.server.settings.before_page = before_page if happenings else None

    def _is_fair(self, event: Event, among: Sequence[Meanwhile]) -> bool:
        """Whether a client can notice: rows that leave move others past it, where pages count rows.

        Only a total that falls says so, and it must not be made good by a row that enters.
        """
        if self.life.cursors == "keyset":
            return True
        leaving = any(entry.event.what == "removed" for entry in among)
        if not self.life.totals:
            return event.what != "removed"
        return not leaving or event.what in ("removed", "hidden", "merged", "nothing")

    def _add(self, place: int, **fields: Any) -> None:
        number = next(self._numbers)
        session_id = f"{self.prefix}{place:02x}{number:018x}"
        told = self._told("new") | {"session_id": session_id, "child_session_ids": ["c"]}
        self.server.world.add(self.org_ids[place % 3 == 2], **(told | fields))

    def _told(self, what: Kind) -> dict[str, Any]:
        """What the session is from now on; each time something else."""
        number = next(self._numbers)
        url = f"https://github.com/acme/shop/pull/{number}"
        pull = {"pr_url": url, "pr_state": "open"}
        if what == "merged":
            return {"pull_requests": [pull | {"pr_state": "merged"}]}
        if what == "bared":
            return {"title": f"{number}", "tags": [], "pull_requests": [], "child_session_ids": []}
        tags = ["kept", f"tag-{number}"] if number % 2 else [f"tag-{number}"]
        return {"title": f"{number}", "tags": tags, "pull_requests": [pull]}
