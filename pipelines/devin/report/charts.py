"""Charts as SVG that needs nothing: no script, no font, no address.

Each is drawn twice, for a page and for a phone. Colours are names that the page gives a value,
so that they suit light, dark and paper.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from html import escape
from typing import Any

import altair as alt
import vl_convert

WIDE, NARROW = 850, 340
SERIES = tuple(f"var(--series-{number})" for number in range(1, 6))
"""The colours of what is told apart; the last is for what is left."""

_NAMESPACES = re.compile(r' xmlns(?::\w+)?="[^"]*"')
_IDS = re.compile(r'(\bid="|url\(#)([\w-]+)')
_MARK = re.compile(r'(<path aria-label="([^"]*)" role="graphics-symbol"[^>]*?)(?:/>|></path>)')

_ROOM_OF_A_DAY = 64

_CONFIG: dict[str, Any] = {
    "background": None,
    "padding": {"left": 0, "top": 8, "right": 8, "bottom": 0},
    "font": "sans-serif",
    "view": {"stroke": None},
    "axis": {
        "labelColor": "currentColor",
        "titleColor": "currentColor",
        "gridColor": "currentColor",
        "gridOpacity": 0.12,
        "domainColor": "currentColor",
        "domainOpacity": 0.35,
        "tickColor": "currentColor",
        "tickOpacity": 0.35,
        "titleFontWeight": "normal",
        "labelFontSize": 12,
        "titleFontSize": 12,
        "labelLimit": 150,
    },
    "title": {
        "color": "currentColor",
        "anchor": "start",
        "frame": "group",
        "fontSize": 12,
        "fontWeight": "normal",
        "offset": 6,
    },
    "legend": {
        "labelColor": "currentColor",
        "titleColor": "currentColor",
        "labelFontSize": 12,
        "orient": "top",
        "symbolType": "square",
        "symbolStrokeWidth": 0,
        "labelLimit": 220,
        "offset": 6,
        "columnPadding": 20,
    },
}


@dataclass(frozen=True)
class Picture:
    """A chart.

    Attributes:
        title: What it is called.
        says: What it shows, for whoever cannot see it.
        wide: It for a page, as SVG.
        narrow: It for a phone.
    """

    title: str
    says: str
    wide: str
    narrow: str


def drawn(name: str, title: str, says: str, draw: Callable[[int], Any]) -> Picture:
    """A chart in both widths.

    Args:
        name: A word of its own in the page.
        title: What it is called.
        says: What it shows.
        draw: Makes it so wide.
    """
    wide, narrow = (
        _svg(draw(width), f"{name}-{kind}", title, says)
        for kind, width in (("wide", WIDE), ("narrow", NARROW))
    )
    return Picture(title, says, wide, narrow)


def values(rows: Sequence[dict[str, Any]]) -> alt.InlineData:
    """Rows as the data of a chart."""
    return alt.InlineData(values=list(rows))


def colours(width: int, kinds: Mapping[str, str]) -> alt.Color:
    """What is told apart, each in its colour, in this order; without a legend if it is one."""
    names = list(kinds)
    legend = alt.Legend(title=None, columns=1 if width <= NARROW else 0)
    return alt.Color("series:N", sort=names, legend=legend if len(names) > 1 else None).scale(
        domain=names, range=list(kinds.values())
    )


def days(width: int, shown: Sequence[date]) -> alt.X:
    """Days, or the first ones of weeks, from left to right, as many of them named as fit."""
    named = 1 + len(shown) * _ROOM_OF_A_DAY // width
    return (
        alt.X("day:O")
        .scale(type="band", domain=[day.isoformat() for day in shown])
        .axis(
            title=None,
            labelAngle=0,
            labelExpr="utcFormat(toDate(datum.value), '%-d %b')",
            values=[day.isoformat() for day in shown[::named]],
        )
    )


def _svg(chart: Any, name: str, title: str, says: str) -> str:
    drawn = str(vl_convert.vegalite_to_svg({**chart.to_dict(), "config": _CONFIG}))
    drawn = _NAMESPACES.sub("", drawn)
    drawn = _IDS.sub(rf"\g<1>{name}-\2", drawn)
    # A browser shows the title of a mark where the pointer rests on it.
    drawn = _MARK.sub(r"\1><title>\2</title></path>", drawn)
    opening = (
        f'<svg role="img" aria-labelledby="{name}-title {name}-says"',
        f'<title id="{name}-title">{escape(title)}</title>'
        f'<desc id="{name}-says">{escape(says)}</desc>',
    )
    head, _, rest = drawn.partition(">")
    return f"{head.replace('<svg', opening[0], 1)}>{opening[1]}{rest}"
