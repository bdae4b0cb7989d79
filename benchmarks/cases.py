"""What is measured: which contenders do what, on how much, and what has to come out of it."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

_OURS = "devin-elt"
_FLOOR = "hand-written"
_LOADERS = (
    _OURS,
    _FLOOR,
    "rest-api",
    "rest-api-parquet",
    "dicts",
    "dicts-parquet",
    "singer",
    "airbyte",
    "download",
)
_WALKERS = (1, 2, 4, 8, 16)

A_MONTH = ("2026-04-01", "2026-05-01")
"""What is loaded again by `Task.BACKFILL`."""

RESULTS = Path(__file__).parent / "results"
"""Where what was found is kept, a file for each case."""

SMALL, MEDIUM, LARGE = 10_000, 100_000, 1_000_000


class Task(StrEnum):
    """What a contender is to do."""

    FIRST = "first load"
    AGAIN = "again, in a folder that is loaded"
    BACKFILL = "backfill of a month, in a folder that is loaded"


class Figure(StrEnum):
    """What is compared; the names are those of `measuring.Measured`."""

    WALL = "wall"
    PROCESSOR = "processor"
    PEAK = "peak"


@dataclass(frozen=True)
class Entrant:
    """A contender and its task.

    Attributes:
        contender: Its name in the register of contenders.
        sessions: How many sessions the API has.
        task: What it is to do.
        label: What it is called in this case; the name of the contender if empty.
        walkers: Pages that it asks for at once, for `devin-elt`; None for its default.
        rounds: In how many rounds it runs at most; None for all of them.
    """

    contender: str
    sessions: int
    task: Task = Task.FIRST
    label: str = ""
    walkers: int | None = None
    rounds: int | None = None

    @property
    def name(self) -> str:
        """What it is called in this case."""
        return self.label or self.contender


@dataclass(frozen=True)
class Bar:
    """What the median over all rounds has to reach.

    Attributes:
        of: An entrant.
        to: The entrant that its figure is divided by, round by round; None to take it as it is.
        figure: Which figure.
        bound: What has to be reached.
        reach: What would be better still.
        at_least: Whether more is better.
    """

    of: str
    to: str | None
    figure: Figure
    bound: float
    reach: float
    at_least: bool = False

    def met(self, found: float) -> bool:
        """Whether a figure is good enough."""
        return found >= self.bound if self.at_least else found <= self.bound


@dataclass(frozen=True)
class Case:
    """A race.

    Attributes:
        name: What it is called on the command line.
        title: What it is about.
        entrants: Who takes part.
        bars: What has to come out.
        latency: Seconds that each answer of the API takes.
        changed: The share of sessions that changes after a folder was loaded.
        pairs: How many rounds there are, unless told otherwise.
    """

    name: str
    title: str
    entrants: tuple[Entrant, ...]
    bars: tuple[Bar, ...] = ()
    latency: float = 0.0
    changed: float = 0.0
    pairs: int = 5


def _all(sessions: int, task: Task = Task.FIRST) -> tuple[Entrant, ...]:
    """Everybody; those that no bar is about in a few rounds only."""
    beside = ("dicts", "dicts-parquet", "airbyte")
    return tuple(
        Entrant(name, sessions, task, rounds=2 if name in beside else None) for name in _LOADERS
    )


def _against_us(contender: str, bound: float, reach: float) -> Bar:
    return Bar(contender, _OURS, Figure.WALL, bound, reach, at_least=True)


def _latency(milliseconds: int, sessions: int, *bars: Bar) -> Case:
    entrants = tuple(
        Entrant(
            _OURS,
            sessions,
            label=_walking(number),
            walkers=number,
            rounds=None if number in (_WALKERS[0], _WALKERS[-1]) else 1,
        )
        for number in _WALKERS
    )
    return Case(
        f"latency-{milliseconds}",
        f"First load of {sessions:,} sessions where each answer takes {milliseconds} ms",
        entrants,
        bars,
        latency=milliseconds / 1000,
    )


def _walking(number: int) -> str:
    return f"{number} walker{'s' if number > 1 else ''}"


_OURS_SMALLER = f"{_OURS}, 100,000 sessions"
_OURS_ANEW = f"{_OURS}, everything anew"

_CASES = (
    Case("first-load-10k", "First load of 10,000 sessions", _all(SMALL)),
    Case(
        "first-load-100k",
        "First load of 100,000 sessions",
        _all(MEDIUM),
        (
            _against_us("rest-api", 15, 25),
            _against_us("rest-api-parquet", 4, 5),
            _against_us("singer", 7, 9),
            Bar(_OURS, _FLOOR, Figure.WALL, 1.7, 1.4),
        ),
    ),
    Case(
        "first-load-1m",
        "First load of 1,000,000 sessions",
        (
            Entrant(_OURS, LARGE),
            Entrant(_OURS, MEDIUM, label=_OURS_SMALLER),
            Entrant(_FLOOR, LARGE),
            Entrant("download", LARGE),
            Entrant("rest-api-parquet", LARGE, rounds=1),
        ),
        (
            Bar(_OURS, _FLOOR, Figure.WALL, 1.0, 0.8),
            Bar(_OURS, _FLOOR, Figure.PROCESSOR, 1.15, 0.9),
            Bar(_OURS, None, Figure.PEAK, 450, 400),
            Bar(_OURS, _OURS_SMALLER, Figure.PEAK, 1.25, 1.1),
        ),
    ),
    Case(
        "nothing-changed",
        "Nothing has changed since 10,000 sessions were loaded",
        (*_all(SMALL, Task.AGAIN), Entrant("import-dlt", SMALL)),
        (Bar(_OURS, "import-dlt", Figure.WALL, 1.9, 1.6),),
    ),
    Case(
        "changed-100k",
        "One in a hundred of 100,000 sessions has changed since they were loaded",
        _all(MEDIUM, Task.AGAIN),
        changed=0.01,
    ),
    Case(
        "changed-1m",
        "One in a hundred of 1,000,000 sessions has changed since they were loaded",
        (
            Entrant(_OURS, LARGE, Task.AGAIN),
            Entrant(_FLOOR, LARGE, Task.AGAIN),
            Entrant(_OURS, LARGE, label=_OURS_ANEW),
        ),
        (Bar(_OURS, _OURS_ANEW, Figure.WALL, 0.15, 0.1),),
        changed=0.01,
    ),
    _latency(0, 40_000),
    _latency(50, 40_000),
    # A thousand pages: with fewer, starting the program is what is measured.
    _latency(
        200,
        200_000,
        Bar(_walking(1), _walking(_WALKERS[-1]), Figure.WALL, 13, 14.5, at_least=True),
    ),
    Case(
        "backfill-month",
        "A month of 100,000 loaded sessions is loaded again",
        (
            Entrant(_OURS, MEDIUM, Task.BACKFILL),
            Entrant(_OURS, MEDIUM, label=_OURS_ANEW),
            Entrant("rest-api-parquet", MEDIUM, label="rest-api-parquet, everything anew"),
        ),
    ),
)

CASES = {case.name: case for case in _CASES}
