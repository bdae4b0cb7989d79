"""The files of results as a page needs them: one figure for each entrant and case."""

import json
import statistics
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .cases import CASES, Task


@dataclass(frozen=True)
class Figures:
    """What an entrant took: medians over its rounds.

    Attributes:
        name: The entrant.
        ours: Whether it is devin-elt.
        sessions: How many sessions the API has.
        first: Whether it loads them all.
        walkers: Pages that it asks for at once, where the case is about that.
        rounds: Rounds that count.
        wall: Seconds.
        least: Seconds of its fastest round.
        most: Seconds of its slowest round.
        processor: Seconds of processor time.
        peak: MiB.
        server: Seconds of processor time that it cost the API.
    """

    name: str
    ours: bool
    sessions: int
    first: bool
    walkers: int | None
    rounds: int
    wall: float
    least: float
    most: float
    processor: float
    peak: float
    server: float

    @property
    def speed(self) -> float:
        """Sessions a second."""
        return self.sessions / self.wall


@dataclass(frozen=True)
class Finding:
    """A file of results.

    Attributes:
        content: The file.
        figures: Its entrants, in the order of the case.
    """

    content: dict[str, Any]
    figures: list[Figures]

    @property
    def name(self) -> str:
        """The name of its case."""
        return str(self.content["case"])

    @property
    def of_walkers(self) -> bool:
        """Whether its entrants differ in how many pages they ask for at once."""
        return all(one.walkers for one in self.figures)

    @property
    def loads_all(self) -> bool:
        """Whether every entrant loads all sessions, so that sessions a second mean something."""
        return all(one.first for one in self.figures)


def read(folder: Path) -> list[Finding]:
    """All files of results in a folder, in the order of the cases."""
    contents = [json.loads(path.read_text()) for path in folder.glob("*.json")]
    places = {name: place for place, name in enumerate(CASES)}
    contents.sort(key=lambda content: places.get(content["case"], len(places)))
    return [Finding(content, _figures(content)) for content in contents]


def _figures(content: dict[str, Any]) -> list[Figures]:
    found = []
    for entrant in content["entrants"]:
        laps = [
            lap
            for lap in content["laps"]
            if lap["entrant"] == entrant["name"] and lap["fault"] is None
        ]
        if not laps:
            continue
        walls = [lap["wall"] for lap in laps]
        found.append(
            Figures(
                name=entrant["name"],
                ours=entrant["contender"] == "devin-elt",
                sessions=entrant["sessions"],
                first=entrant["task"] == Task.FIRST,
                walkers=entrant["walkers"],
                rounds=len(laps),
                wall=statistics.median(walls),
                least=min(walls),
                most=max(walls),
                processor=_median(laps, "processor"),
                peak=_median(laps, "peak"),
                server=_median(laps, "server_processor"),
            )
        )
    return found


def _median(laps: list[dict[str, Any]], name: str) -> float:
    return statistics.median(lap[name] for lap in laps)
