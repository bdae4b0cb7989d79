"""What a page and a terminal say in the same words."""

from .content import Report
from .headline import Figure, Headline
from .wording import amount, change, plural

NOT_METERED = "not metered"
WHOLE_WAREHOUSE = "The checks are of the whole warehouse, whatever the report is about."
_FINE = 1_000
_FEW = 5


def about(report: Report) -> str:
    """Which organisations a report is about."""
    ids = report.chosen or tuple(report.organizations)
    if len(ids) > _FEW and not report.chosen:
        return f"all {len(ids)} organisations"
    return ", ".join(sorted(report.named(org_id) for org_id in ids))


def notes_on(found: Headline) -> list[str]:
    """What has to be known before the headline figures are read."""
    notes = []
    if not found.metered:
        notes.append(
            f"Not metered: {plural(found.sessions, 'session')} begun, and no ACUs are shown for "
            "them. Some plans are not metered in ACUs; that does not mean that the work is free."
        )
    if found.unpriced:
        notes.append(
            f"{amount(found.unpriced)} ACUs were burned on days without a price, so what the "
            "period cost is not known."
        )
    return notes


def value(figure: Figure, found: Headline) -> str:
    """What a figure is now."""
    if figure.kind == "acus" and not found.metered:
        return NOT_METERED
    if figure.kind == "cost" and (figure.now or 0) >= _FINE:
        return amount(figure.now, "count")
    return amount(figure.now, figure.kind)


def movement(figure: Figure, found: Headline) -> tuple[str, int]:
    """How a figure changed in words, and whether that is better: 1, worse: -1, or neither."""
    if figure.kind == "acus" and not found.metered:
        return "", 0
    moved = change(figure)
    up, down = moved.startswith("+"), moved.startswith("\N{MINUS SIGN}")
    return moved, figure.better * (up - down)
