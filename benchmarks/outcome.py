"""What a race found: figures beside their bars, as a table and as a file of results."""

import json
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from .cases import RESULTS, Bar, Case, Figure
from .contenders import Contender
from .lap import Lap
from .machine import machine, versions

_WORDS = {Figure.WALL: "time", Figure.PROCESSOR: "processor time", Figure.PEAK: "peak memory"}
_UNITS = {Figure.WALL: "s", Figure.PROCESSOR: "s", Figure.PEAK: "MiB"}


@dataclass(frozen=True)
class Found:
    """What was found for a bar.

    Attributes:
        bar: The bar.
        figures: The figure of each round that counts.
    """

    bar: Bar
    figures: list[float]

    @property
    def median(self) -> float:
        """What is held against the bar."""
        return statistics.median(self.figures)

    @property
    def met(self) -> bool:
        """Whether that is good enough."""
        return self.bar.met(self.median)

    def as_json(self) -> dict[str, Any]:
        """For the file of results."""
        return asdict(self.bar) | {
            "says": saying(self.bar),
            "found": [round(figure, 4) for figure in self.figures],
            "median": round(self.median, 4),
            "met": self.met,
        }


def judged(bars: Iterable[Bar], laps: Iterable[Lap]) -> list[Found]:
    """Hold what was measured against the bars; those that nothing was measured for are left out."""
    good = {(lap.entrant, lap.round): lap for lap in laps if lap.fault is None}
    rounds = sorted({number for _, number in good})
    found = []
    for bar in bars:
        figures = []
        for number in rounds:
            of, to = good.get((bar.of, number)), good.get((bar.to or bar.of, number))
            if of and to:
                figure = _figure(of, bar.figure)
                figures.append(figure / _figure(to, bar.figure) if bar.to else figure)
        if figures:
            found.append(Found(bar, figures))
    return found


def saying(bar: Bar) -> str:
    """What a bar is about, in words."""
    if bar.to is None:
        return f"{_WORDS[bar.figure]} of {bar.of}, in {_UNITS[bar.figure]}"
    return f"{_WORDS[bar.figure]}: {bar.of} / {bar.to}"


def table(case: Case, laps: Sequence[Lap], found: Sequence[Found]) -> str:
    """All there is to say, for a terminal."""
    lines = [f"{'':40} {'wall s':>8} {'least':>8} {'most':>8} {'cpu s':>8} {'MiB':>6}"]
    for entrant in case.entrants:
        own = [lap.measured for lap in laps if lap.entrant == entrant.name and not lap.fault]
        if own:
            walls = [one.wall for one in own]
            middle = [statistics.median(getattr(one, figure) for one in own) for figure in Figure]
            lines.append(
                f"{entrant.name:40} {middle[0]:8.2f} {min(walls):8.2f} {max(walls):8.2f} "
                f"{middle[1]:8.2f} {middle[2]:6.0f}"
            )
    if found:
        lines.append(f"\n{'':60} {'bar':>8} {'found':>8}")
    for one in found:
        bound = f"{'>=' if one.bar.at_least else '<='}{one.bar.bound:g}"
        verdict = "met" if one.met else "MISSED"
        lines.append(f"{saying(one.bar):60} {bound:>8} {one.median:8.2f} {verdict}")
    return "\n".join(lines)


def write(
    case: Case, contenders: dict[str, Contender], laps: Sequence[Lap], found: Sequence[Found]
) -> Path:
    """Write the file of results of a case, in place of an older one."""
    ran = {lap.entrant for lap in laps}
    entrants = [
        asdict(entrant) | {"name": entrant.name, "title": contenders[entrant.contender].title}
        for entrant in case.entrants
        if entrant.name in ran
    ]
    pythons = {name: contender.command[0] for name, contender in contenders.items()}
    content = {
        "case": case.name,
        "title": case.title,
        "date": datetime.now(UTC).strftime("%Y-%m-%d"),
        "latency": case.latency,
        "changed": case.changed,
        "rounds": max(lap.round for lap in laps),
        "machine": machine(),
        "versions": versions(pythons),
        "entrants": entrants,
        "bars": [one.as_json() for one in found],
        "laps": [lap.as_json() for lap in laps],
    }
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{case.name}.json"
    path.write_text(json.dumps(content, indent=1) + "\n")
    return path


def _figure(lap: Lap, figure: Figure) -> float:
    return float(getattr(lap.measured, figure))
