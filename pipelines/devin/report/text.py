"""The essentials of the report on a terminal, or wherever text goes."""

import sys
from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta
from typing import TypeVar

from rich.console import Console
from rich.table import Table
from rich.text import Text

from .content import Part, Report
from .control import Check, Forecast, Metering
from .facts import WHOLE_WAREHOUSE, about, movement, notes_on, value
from .headline import ratio
from .ranking import Ranking
from .reading import Unavailable
from .results import Stuck
from .spending import REASONS, Wasted
from .wording import NOTHING, amount, changed, day, days, moment, plural

T = TypeVar("T")

_SHOWN = ("user", "repository", "playbook", "category")
_MOST = 5
_NARROW = 7
_WIDE = 100
_EIGHTHS = ("", "▏", "▎", "▍", "▌", "▋", "▊", "▉")
_TONES = {1: "green", 0: "", -1: "red"}


def show(report: Report, console: Console | None = None) -> None:
    """Show the essentials.

    Args:
        report: What to show.
        console: Where; stdout if not said.
    """
    reconfigure = getattr(sys.stdout, "reconfigure", None)
    if reconfigure is not None:
        reconfigure(errors="replace")  # names may hold letters that this output has not
    _Shown(report, console or Console(highlight=False)).all()


class _Shown:
    """A report on its way to a console."""

    def __init__(self, report: Report, console: Console) -> None:
        self._report = report
        self._console = console
        self._room = 24 if console.width >= _WIDE else 12

    def all(self) -> None:
        report = self._report
        self._say("Where the ACUs went", "bold")
        self._say(f"{days(report.period)}, {about(report)}")
        self._say(f"loaded as of {moment(report.as_of)}", "dim")
        for note in notes_on(report.headline):
            self._say(note, "yellow")
        self._figures()
        for name in _SHOWN:
            self._part(f"By {name}", report.rankings[name], self._ranking)
        self._part("The current cycle", report.forecasts, self._cycles)
        self._part("Waste", report.wasted, self._waste)
        self._part("", report.stuck, self._stuck)
        self._part("", report.metering, self._metering)
        self._part("", report.quality, self._quality)

    def _say(self, text: str, style: str = "") -> None:
        self._console.print(_plain(text, style))

    def _part(self, title: str, part: Part[T], body: Callable[[T], None]) -> None:
        if title:
            self._say("")
            self._say(title, "bold")
        if isinstance(part, Unavailable):
            self._say(f"{'' if title else 'One part is '}not available: {part.reason}", "dim")
        else:
            body(part)

    def _table(self, columns: Sequence[str], rows: Iterable[Iterable[str | Text]]) -> None:
        table = Table(box=None, pad_edge=False, header_style="dim", show_header=any(columns))
        taken = sum(self._room if one == "bar" else max(len(one), _NARROW) for one in columns[1:])
        width = max(self._console.width - taken - 2 * len(columns), _NARROW)
        width = min(width, self._console.width // 2 - 6)
        for place, column in enumerate(columns):
            if place == 0:
                table.add_column(column, overflow="ellipsis", no_wrap=True, width=width)
            else:
                left = column == "bar"
                table.add_column(
                    "" if left else column,
                    justify="left" if left else "right",
                    no_wrap=True,
                    min_width=self._room if left else _NARROW,
                )
        for row in rows:
            table.add_row(*[_plain(cell) if isinstance(cell, str) else cell for cell in row])
        self._console.print(table)

    def _figures(self) -> None:
        self._say("")
        found = self._report.headline
        rows = []
        for figure in found.figures:
            moved, better = movement(figure, found)
            before = amount(figure.before, figure.kind)
            shown = _plain(value(figure, found), "bold")
            rows.append((figure.name, shown, before, _plain(moved or NOTHING, _TONES[better])))
        self._table(("", "now", "before", "change"), rows)

    def _bar(self, share: float | None) -> Text:
        eighths = round(min(max(share or 0.0, 0.0), 1.0) * self._room * 8)
        if not (self._console.encoding or "").lower().startswith("utf"):
            return Text("#" * (eighths // 8))
        return Text("█" * (eighths // 8) + _EIGHTHS[eighths % 8], style="blue")

    def _ranking(self, found: Ranking) -> None:
        if not found.ranks:
            self._say("No ACUs were burned in the period.", "dim")
            return
        longest = found.ranks[0].acus
        rows = [
            (
                rank.label,
                self._bar(ratio(rank.acus, longest)),
                amount(rank.acus),
                amount(rank.share, "share"),
                changed(rank.acus, rank.before) or NOTHING,
            )
            for rank in found.ranks[:_MOST]
        ]
        self._table(("", "bar", "ACUs", "share", "change"), rows)
        if found.members > len(rows):
            self._say(f"and {found.members - len(rows):,} more", "dim")

    def _cycles(self, found: tuple[Forecast, ...]) -> None:
        if not found:
            self._say("No cycle is under way.", "dim")
            return
        rows = [
            (
                f"{self._report.named(one.org_id)}, to {day(one.end - timedelta(days=1))}",
                self._bar(ratio(one.acus, one.limit or one.expected)),
                amount(one.acus),
                amount(one.expected),
                amount(one.limit),
                _plain(
                    amount(ratio(one.expected, one.limit), "share"),
                    "red" if one.limit and (one.expected or 0) > one.limit else "",
                ),
            )
            for one in found[:_MOST]
        ]
        self._table(("", "bar", "ACUs", "expected", "limit", "of limit"), rows)

    def _waste(self, found: Wasted) -> None:
        burned = self._report.headline.acus
        most = max((one.acus for one in found.reasons), default=0.0)
        if not most:
            self._say("No ACUs of the period went to sessions that ended with nothing.", "dim")
            return
        rows = [
            (
                REASONS.get(one.reason, one.reason),
                self._bar(ratio(one.acus, most)),
                amount(one.acus),
                amount(ratio(one.acus, burned), "share"),
                f"{one.sessions:,}",
            )
            for one in found.reasons
        ]
        self._table(("", "bar", "ACUs", "share", "sessions"), rows)

    def _stuck(self, found: Stuck) -> None:
        number = sum(found.waiting.values())
        self._say("")
        self._say(f"{plural(number, 'session')} waiting for somebody.")

    def _metering(self, found: Metering) -> None:
        if found.not_metered:
            names = ", ".join(map(self._report.named, found.not_metered))
            self._say(f"Not metered: {names}.", "yellow")

    def _quality(self, found: tuple[Check, ...]) -> None:
        bad = [check for check in found if check.found]
        for check in bad:
            self._say(f"{check.name}: {check.found:,}. {check.what}", "red")
        if not bad:
            self._say(f"{plural(len(found), 'check')} of the data, and none found anything.")
        self._say(WHOLE_WAREHOUSE, "dim")


def _plain(text: str, style: str = "") -> Text:
    """Text that a terminal shows and does not obey."""
    return Text(
        "".join(one if one.isprintable() else "\N{REPLACEMENT CHARACTER}" for one in text), style
    )
