"""What a section is, and those about when ACUs were burned, by whom, and for what."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, TypeVar

from . import pictures
from .charts import Picture
from .content import Part, Report
from .headline import ratio
from .markup import Html, bar, element, folded, html, joined, name, table
from .ranking import Rank, Ranking
from .reading import Unavailable, known_cost
from .spending import Burned
from .wording import NOTHING, amount, changed, day

T = TypeVar("T")


@dataclass(frozen=True)
class Section:
    """A section of the page.

    Attributes:
        anchor: Its name in addresses.
        title: Its heading.
        body: What it shows.
        models: The models it was read from, whose definitions stand beside it.
    """

    anchor: str
    title: str
    body: Html
    models: tuple[str, ...]


def figure(picture: Picture) -> Html:
    """A chart, once for a page and once for a phone."""
    return Html(
        f"<figure><figcaption>{html(picture.title)}</figcaption>"
        f'<div class="chart on-page">{picture.wide}</div>'
        f'<div class="chart on-phone">{picture.narrow}</div></figure>'
    )


def available(part: Part[T], body: Callable[[T], Html]) -> Html:
    """What a section shows, or why it cannot."""
    if isinstance(part, Unavailable):
        return element("p", f"Not available here. {part.reason}", kind="gone")
    return body(part)


def said(text: object) -> Html:
    """What a section says first."""
    return element("p", text, kind="said")


def time_section(report: Report) -> Section:
    """When the ACUs were burned."""
    burned = any(row.acus for row in report.over_time)
    body = _over_time(report) if burned else said("No ACUs were burned in the period.")
    return Section("time", "ACUs over time", body, ("acu_daily",))


def _over_time(report: Report) -> Html:
    rows = report.over_time
    by_day: dict[date, list[Burned]] = defaultdict(list)
    for row in rows:
        by_day[row.day].append(row)
    sums = {one: sum(row.acus for row in found) for one, found in by_day.items()}
    top = max(sums, key=lambda one: sums[one])
    costs = priced(rows)
    listed = [
        (day(one), amount(acus), *([amount(known_cost(by_day[one]), "cost")] if costs else []))
        for one, acus in sums.items()
    ]
    columns = ("Billing day", "ACUs", *["Cost"] * costs)
    told = (
        f"{amount(sum(sums.values()) / report.period.days)} ACUs a day on average; "
        f"most on {day(top)}: {amount(sums[top])}."
    )
    every = table("ACUs by billing day", columns, listed, numbers="dn" + "n" * costs)
    shown = figure(pictures.burned(rows, report.period, report.named))
    return joined((said(told), shown, folded("All days", every)))


def ranking_section(report: Report, of: str, title: str) -> Section:
    """Who or what of a dimension the ACUs went to."""
    return Section(f"by-{of}", title, available(report.rankings[of], _ranking), (f"acu_by_{of}",))


def _ranking(found: Ranking) -> Html:
    if not found.ranks:
        return said("No ACUs were burned in the period.")
    told = " ".join(f"{_went(rank)}." for rank in _tellable(found))
    costs = priced(found.ranks)
    columns = ("", "", "ACUs", "Share", "Before", "Change", *["Cost"] * costs)
    longest = found.ranks[0].acus
    rows = [_rank(rank, longest, costs=costs) for rank in found.ranks]
    if found.others:  # together they are no bar among these
        rows.append(_rank(found.others, None, costs=costs))
    caption = f"ACUs by {found.dimension.name}; before is the period of equal length before"
    shown = table(caption, columns, rows, numbers="tbnnnn" + "n" * costs)
    return joined((said(Html(told)), shown))


def _tellable(found: Ranking) -> list[Rank]:
    """The largest member, and what went to none if that is a large part."""
    first = [rank for rank in found.ranks if rank.known][:1]
    much = 0.1
    none = [rank for rank in found.ranks if not rank.known and (rank.share or 0) > much]
    return first + none


def _went(rank: Rank) -> Html:
    share = amount(rank.share, "share")
    if not rank.known:
        return Html(f"{share} went to {name(rank.label)}")
    return Html(f"Largest: {name(rank.label)} with {amount(rank.acus)} ACUs, {share} of all")


def _rank(rank: Rank, longest: float | None, *, costs: int) -> tuple[object, ...]:
    return (
        name(rank.label),
        bar(ratio(rank.acus, longest), faint=not rank.known) if longest else "",
        amount(rank.acus),
        amount(rank.share, "share"),
        amount(rank.before),
        changed(rank.acus, rank.before) or NOTHING,
        *([amount(rank.cost, "cost")] if costs else []),
    )


def priced(found: Sequence[Any]) -> int:
    """1 where any of these has a cost, so that there is a column for it; else 0."""
    return int(any(one.cost is not None for one in found))
