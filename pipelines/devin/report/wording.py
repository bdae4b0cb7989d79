"""Amounts, changes and days in words."""

from datetime import UTC, date, datetime

from .headline import Figure, Kind
from .period import Period
from .reading import as_day

NOTHING = "\N{EN DASH}"
_MINUS = "\N{MINUS SIGN}"
"""What is said where there is nothing to say."""

_ODD = 10


def amount(value: float | None, kind: Kind = "acus") -> str:
    """An amount of a kind: `1,234`, `3.4`, `0.12`, `31%`."""
    if value is None:
        return NOTHING
    if kind == "share":
        return _percent(value)
    if kind == "cost":
        return f"{value:,.2f}"
    if kind == "count" or value == 0 or abs(value) >= _ODD:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 1 else f"{value:.2g}"


def change(figure: Figure) -> str:
    """How a figure changed: `+8%`, `+3 points`, `new`; empty where it cannot be said."""
    return changed(figure.now, figure.before, points=figure.kind == "share")


def changed(now: float | None, before: float | None, *, points: bool = False) -> str:
    """How an amount changed, or a share, which does so in points."""
    if now is None or before is None:
        return ""
    if points:
        moved = round((now - before) * 100, 1)
        return f"{_signed(moved, f'{abs(moved):g}')} points" if moved else "as before"
    if before == 0:
        return "new" if now else ""
    grown = now / before - 1
    most = 9.995  # a thousand percent more tells less than ten times as much
    if grown > most:
        return f"{now / before:,.0f} times"
    moved = round(grown * 100)
    return _signed(moved, f"{abs(moved)}%") if moved else "as before"


def day(value: date | datetime | None) -> str:
    """A day: `1 Mar 2026`."""
    if value is None:
        return NOTHING
    found = as_day(value)
    return f"{found.day} {found:%b %Y}"


def moment(value: datetime) -> str:
    """A moment: `1 Mar 2026, 08:00 UTC`."""
    value = value.astimezone(UTC)
    return f"{day(value)}, {value:%H:%M} UTC"


def days(period: Period) -> str:
    """A period: `1 Mar 2026 to 31 Mar 2026 (31 days)`."""
    if period.days == 1:
        return f"{day(period.begin)} (one day)"
    return f"{day(period.begin)} to {day(period.last)} ({period.days} days)"


def hours(value: float) -> str:
    """A stretch of hours in a unit that suits: `45 min`, `7 h`, `3 days`."""
    half_hour, two_days = 1.0, 48.0
    if value < half_hour:
        return f"{value * 60:.0f} min"
    return f"{value:.0f} h" if value < two_days else f"{value / 24:,.0f} days"


def plural(number: float, noun: str) -> str:
    """A number of things: `1 session`, `2 sessions`."""
    return f"{number:,.0f} {noun}{'' if number == 1 else 's'}"


def _percent(value: float) -> str:
    percent = value * 100
    return f"{percent:.1f}%" if 0 < abs(percent) < _ODD else f"{percent:,.0f}%"


def _signed(value: float, text: str) -> str:
    return f"{'+' if value > 0 else _MINUS}{text}"
