"""The charts of the report."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

import altair as alt

from .charts import SERIES, Picture, colours, days, drawn, values
from .control import Compared, Forecast
from .period import Period
from .results import Outcome, Week
from .spending import Burned
from .wording import amount, day

LONG = 120
"""Days from which on bars are weeks."""

_OTHERS = "all others"
_HEIGHT = 230
_GAP = "var(--paper)"  # between what is stacked
_EDGE = 0.7
_FEW = 20
_THIN = 4


def burned(rows: Sequence[Burned], period: Period, named: Callable[[str], str]) -> Picture:
    """ACUs by day, or by week where the period is long; by organisation if there are several."""
    weekly = period.days > LONG
    series = _largest(rows)
    sums: dict[tuple[date, str], float] = defaultdict(float)
    for row in rows:
        sums[_begin(row.day, weekly=weekly), series.get(row.org_id, "")] += row.acus
    names = [named(org_id) for org_id in dict.fromkeys(series.values()) if org_id]
    names += [_OTHERS] * any(not org_id for _, org_id in sums)
    shown = [
        {
            "day": begin.isoformat(),
            "series": named(org_id) if org_id else _OTHERS,
            "number": acus,
            "place": names.index(named(org_id) if org_id else _OTHERS),
            "said": f"{day(begin)}, {named(org_id) if org_id else 'all others'}: "
            f"{amount(acus)} ACUs",
        }
        for (begin, org_id), acus in sums.items()
    ]
    total = sum(row.acus for row in rows)
    top = max(sums, key=lambda key: sums[key], default=None)
    every = _days(period, weekly=weekly)
    says = f"{amount(total)} ACUs in all" + (
        f"; the highest bar is of {day(top[0])}." if top else "."
    )

    kinds = dict(zip(names, SERIES, strict=False))

    def draw(width: int) -> Any:
        return _stacked(width, shown, days(width, every), kinds, len(every))

    title = "ACUs by week; the first and the last may not be whole" if weekly else "ACUs by day"
    return drawn("burned", title, says, draw)


def _largest(rows: Sequence[Burned]) -> dict[str, str]:
    """Organisations that have a colour of their own, the largest first; others have none."""
    sums: dict[str, float] = defaultdict(float)
    for row in rows:
        sums[row.org_id] += row.acus
    order = sorted(sums, key=lambda org_id: (-sums[org_id], org_id))
    room = len(SERIES)
    kept = order if len(order) <= room else order[: room - 1]
    return {org_id: org_id for org_id in kept}


def _begin(value: date, *, weekly: bool) -> date:
    return value - timedelta(days=value.weekday()) if weekly else value


def _stacked(
    width: int, rows: list[dict[str, Any]], x: Any, kinds: Mapping[str, str], bars: int
) -> Any:
    """So many bars, of `kinds` in their colours one on top of the other."""
    thick = _thick(width, bars)
    edge = _EDGE if len(kinds) > 1 and thick > _THIN else 0
    return (
        alt.Chart(values(rows), width=width - 60, height=_HEIGHT)
        .mark_bar(size=thick, stroke=_GAP, strokeWidth=edge)
        .encode(
            x=x,
            y=alt.Y("number:Q", title=None).axis(tickMinStep=1, tickCount=5),
            color=colours(width, kinds),
            order="place:Q",
            description="said:N",
        )
    )


def _thick(width: int, bars: int) -> float:
    """How thick bars are of which there are so many."""
    return max(min((width - 60) * 0.75 / max(bars, 1), 40.0), 1.0)


def _days(period: Period, *, weekly: bool) -> list[date]:
    """All days of a period, or the Mondays of its weeks: also those on which nothing was."""
    begin = _begin(period.begin, weekly=weekly)
    step = 7 if weekly else 1
    return [begin + timedelta(days=n) for n in range(0, (period.end - begin).days, step)]


def outcomes(months: Sequence[Outcome]) -> Picture:
    """What became of pull requests, month by month."""
    kinds = {"merged": SERIES[0], "open": SERIES[4], "closed": SERIES[1]}
    rows = [
        {
            "month": month.name,
            "series": kind,
            "number": getattr(month, kind),
            "place": place,
            "said": f"{month.name}: {getattr(month, kind):,} {kind}",
        }
        for month in months
        for place, kind in enumerate(kinds)
    ]
    merged, created = sum(one.merged for one in months), sum(one.created for one in months)

    def draw(width: int) -> Any:
        axis = alt.Axis(title=None, labelAngle=0, labelOverlap=True)
        return _stacked(width, rows, alt.X("month:O", axis=axis), kinds, len(months))

    says = f"{merged:,} of {created:,} pull requests are merged by now."
    return drawn("outcomes", "Pull requests by the month they were first seen", says, draw)


def adoption(weeks: Sequence[Week]) -> Picture:
    """People who use it, week by week, and of them those who do for the first time."""
    kinds = {"seen before": SERIES[0], "for the first time": SERIES[1]}
    rows = []
    for week in weeks:
        new = min(week.first_time_users, week.active_users)
        for place, (kind, number) in enumerate(
            zip(kinds, (week.active_users - new, new), strict=True)
        ):
            said = f"Week of {day(week.begin)}: {number:,} {kind}"
            rows.append(
                {
                    "day": week.begin.isoformat(),
                    "series": kind,
                    "number": number,
                    "place": place,
                    "said": said,
                }
            )

    every = _days(Period(weeks[0].begin, weeks[-1].begin + timedelta(days=1)), weekly=True)

    def draw(width: int) -> Any:
        return _stacked(width, rows, days(width, every), kinds, len(every))

    most = max((week.active_users for week in weeks), default=0)
    return drawn("adoption", "Active users by week", f"At most {most:,} in a week.", draw)


def forecasts(rows: Sequence[Forecast], named: Callable[[str], str]) -> Picture:
    """What is burned of a cycle, what is expected at its end, and the limit."""
    kinds = {"burned": SERIES[0], "expected till the end of the cycle": "var(--expected)"}
    bars, limits = [], []
    for one in rows:
        name = named(one.org_id)
        ends = (one.acus, max(one.expected or one.acus, one.acus))
        for kind, begin, end in zip(kinds, (0.0, ends[0]), ends, strict=True):
            said = f"{name}: {amount(end)} ACUs {kind}"
            bars.append({"name": name, "series": kind, "begin": begin, "end": end, "said": said})
        if one.limit:
            said = f"{name}: limit of {amount(one.limit)} ACUs"
            limits.append({"name": name, "limit": one.limit, "said": said})

    def draw(width: int) -> Any:
        names = min(150, width // 3)
        base = alt.Chart(values(bars), width=width - names - 20, height=alt.Step(34)).encode(
            y=alt.Y("name:N", sort=None).axis(
                title=None,
                domain=False,
                ticks=False,
                labelLimit=names - 10,
                labelPadding=6,
                minExtent=names,
            )
        )
        bar = base.mark_bar(height=18).encode(
            x=alt.X("begin:Q", title=None).axis(tickCount=width // 100, labelOverlap=True),
            x2="end:Q",
            color=colours(width, kinds),
            description="said:N",
        )
        tick = (
            alt.Chart(values(limits))
            .mark_tick(color="currentColor", thickness=3, size=28)
            .encode(x="limit:Q", y=alt.Y("name:N", sort=None), description="said:N")
        )
        return alt.layer(bar, tick) if limits else bar

    says = "; ".join(
        f"{named(one.org_id)}: {amount(one.acus)} burned, {amount(one.expected)} expected"
        + (f", limit {amount(one.limit)}" if one.limit else "")
        for one in rows
    )
    return drawn("forecast", "ACUs burned, expected, and the limit as an upright line", says, draw)


def metering(rows: Sequence[Compared]) -> Picture:
    """What sessions say and what is billed, day by day, and the difference."""
    kinds = {"sessions": SERIES[0], "consumption": SERIES[1]}
    lines = [
        {
            "day": row.day.isoformat(),
            "series": kind,
            "acus": getattr(row, kind),
            "said": f"{day(row.day)}: {amount(getattr(row, kind))} ACUs by {kind}",
        }
        for row in rows
        for kind in kinds
    ]
    gaps = [
        {
            "day": row.day.isoformat(),
            "gap": row.gap,
            "said": f"{day(row.day)}: gap of {amount(row.gap)} ACUs",
        }
        for row in rows
    ]

    every = _days(Period(rows[0].day, rows[-1].day + timedelta(days=1)), weekly=False)

    def draw(width: int) -> Any:
        upper = (
            alt.Chart(values(lines), width=width - 60, height=150)
            .mark_line(point={"size": 14, "filled": True} if len(rows) < _FEW else False)
            .encode(
                x=days(width, every),
                y=alt.Y("acus:Q", title=None, axis=alt.Axis(tickCount=4)),
                color=colours(width, kinds).legend(
                    title=None, symbolType="stroke", symbolStrokeWidth=3
                ),
                # They lie on each other where all is well, and both are to be seen.
                strokeWidth=alt.StrokeWidth("series:N", legend=None).scale(
                    domain=list(kinds), range=[5, 1.5]
                ),
                description="said:N",
            )
        )
        lower = (
            alt.Chart(values(gaps), width=width - 60, height=80, title="Gap")
            .mark_bar(color=SERIES[2], size=_thick(width, len(every)))
            .encode(
                x=days(width, every),
                y=alt.Y("gap:Q", title=None, axis=alt.Axis(tickCount=3)),
                description="said:N",
            )
        )
        return alt.vconcat(upper, lower, spacing=12)

    total = amount(sum(row.gap for row in rows))
    says = f"Over all days the gap is {total} ACUs."
    return drawn("metering", "ACUs by sessions and by consumption", says, draw)
