"""Pictures of findings, as SVG to be put into a page.

Text takes the colour of the page, and bars have one that shows on light and dark.
"""

from collections.abc import Sequence
from typing import Any

import altair as alt
import vl_convert

from .findings import Figures, Finding

_OURS, _OTHERS = "#3b82f6", "#94a3b8"
_LINES = ["#3b82f6", "#f59e0b", "#ef4444", "#10b981"]
_WIDTH, _BAR = 165, 22
_NAMES = 220  # pixels that the name of an entrant may take

_CONFIG: dict[str, Any] = {
    "background": None,
    "padding": {"left": 0, "top": 5, "right": 40, "bottom": 5},
    "font": "sans-serif",
    "view": {"stroke": None},
    "axis": {
        "labelColor": "currentColor",
        "titleColor": "currentColor",
        "gridColor": "currentColor",
        "gridOpacity": 0.15,
        "domainColor": "currentColor",
        "domainOpacity": 0.4,
        "tickColor": "currentColor",
        "tickOpacity": 0.4,
        "titleFontWeight": "normal",
        "labelLimit": _NAMES,
        "labelFontSize": 11,
    },
    "title": {"color": "currentColor", "anchor": "start", "frame": "group", "fontSize": 12},
    "legend": {"labelColor": "currentColor", "titleColor": "currentColor"},
}


def bars(finding: Finding) -> str:
    """Time, processor time, memory and speed of each entrant, side by side."""
    panels = [("wall", "seconds"), ("processor", "seconds of processor"), ("peak", "MiB at most")]
    if finding.loads_all:
        panels.append(("speed", "sessions a second"))
    shown = [
        _panel(finding.figures, figure, title, named=place == 0)
        for place, (figure, title) in enumerate(panels)
    ]
    return _svg(alt.hconcat(*shown, spacing=18))


def walkers(findings: Sequence[Finding]) -> str:
    """Speed against walkers, a line for each latency."""
    rows = [
        {
            "walkers": one.walkers,
            "speed": one.speed,
            "latency": f"{finding.content['latency'] * 1000:.0f} ms a request",
        }
        for finding in findings
        for one in finding.figures
    ]
    order = list(dict.fromkeys(row["latency"] for row in rows))
    counts = sorted({row["walkers"] for row in rows})
    lines = (
        alt.Chart(alt.InlineData(values=rows), width=560, height=280)
        .mark_line(point={"filled": True, "size": 50})
        .encode(
            x=alt.X("walkers:Q", title="walkers")
            .scale(type="log", base=2)
            .axis(values=counts, grid=False),
            y=alt.Y("speed:Q", title="sessions a second"),
            color=alt.Color("latency:N", title=None, sort=order).scale(
                domain=order, range=_LINES[: len(order)]
            ),
        )
    )
    return _svg(lines)


def _panel(figures: Sequence[Figures], figure: str, title: str, *, named: bool) -> alt.LayerChart:
    rows = [
        {
            "name": one.name,
            "value": getattr(one, figure),
            "ours": one.ours,
            "shown": _short(one, figure),
        }
        for one in figures
    ]
    axis = alt.Axis(
        title=None,
        ticks=False,
        domain=False,
        labels=named,
        labelPadding=6,
        minExtent=_NAMES * named,
    )
    longest = max(row["value"] for row in rows)
    base = alt.Chart(
        alt.InlineData(values=rows), title=title, width=_WIDTH, height=alt.Step(_BAR)
    ).encode(
        y=alt.Y("name:N", sort=[one.name for one in figures], axis=axis),
        # Room for the figure behind the longest bar.
        x=alt.X("value:Q", axis=None).scale(domain=[0, longest * 1.3]),
    )
    colour = alt.condition("datum.ours", alt.value(_OURS), alt.value(_OTHERS))
    text = base.mark_text(align="left", dx=4, color="currentColor").encode(text="shown:N")
    return base.mark_bar(height=14).encode(color=colour) + text


def _short(one: Figures, figure: str) -> str:
    value = getattr(one, figure)
    small = 10
    return f"{value:.2f}" if value < small else f"{value:,.0f}"


def _svg(chart: alt.TopLevelMixin) -> str:
    return str(vl_convert.vegalite_to_svg({**chart.to_dict(), "config": _CONFIG}))
