"""The headline figures, and what they were in the period of equal length before."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from .reading import Reader, Row, Unavailable, attempted, whole_cost

Kind = Literal["count", "acus", "cost", "share"]

_NOW, _BEFORE = "billing_day >= :begin", "billing_day < :begin"
_SEEN_NOW, _SEEN_BEFORE = "first_seen_at >= :starts_at", "first_seen_at < :starts_at"

_ACUS = f"""
    SELECT SUM(CASE WHEN billing_day >= :begin THEN acus ELSE 0 END) AS now_acus,
           SUM(CASE WHEN billing_day < :begin THEN acus ELSE 0 END) AS before_acus,
           {whole_cost(_NOW)} AS now_cost,
           {whole_cost(_BEFORE)} AS before_cost,
           COUNT(CASE WHEN billing_day >= :begin THEN cost END) AS priced,
           SUM(CASE WHEN billing_day >= :begin AND cost IS NULL THEN acus ELSE 0 END) AS unpriced
    FROM acu_daily
    WHERE billing_day >= :before AND billing_day < :end AND org_id IN (:orgs)
"""
_SESSIONS = """
    SELECT COUNT(CASE WHEN created_at >= :starts_at THEN session_id END) AS now_sessions,
           COUNT(CASE WHEN created_at < :starts_at THEN session_id END) AS before_sessions,
           COUNT(DISTINCT CASE WHEN created_at >= :starts_at THEN user_id END) AS now_users,
           COUNT(DISTINCT CASE WHEN created_at < :starts_at THEN user_id END) AS before_users
    FROM sessions
    WHERE created_at >= :before_at AND created_at < :ends_at AND org_id IN (:orgs)
"""
_PULL_REQUESTS = f"""
    SELECT COUNT(CASE WHEN first_seen_at >= :starts_at THEN 1 END) AS now_created,
           COUNT(CASE WHEN first_seen_at < :starts_at THEN 1 END) AS before_created,
           COUNT(CASE WHEN first_seen_at >= :starts_at AND pr_state = 'merged' THEN 1 END)
               AS now_merged,
           COUNT(CASE WHEN first_seen_at < :starts_at AND pr_state = 'merged' THEN 1 END)
               AS before_merged,
           SUM(CASE WHEN first_seen_at >= :starts_at THEN acus ELSE 0 END) AS now_acus,
           SUM(CASE WHEN first_seen_at < :starts_at THEN acus ELSE 0 END) AS before_acus,
           {whole_cost(_SEEN_NOW)} AS now_cost,
           {whole_cost(_SEEN_BEFORE)} AS before_cost
    FROM pull_requests
    WHERE first_seen_at >= :before_at AND first_seen_at < :ends_at AND org_id IN (:orgs)
"""
_WASTED = """
    SELECT SUM(CASE WHEN d.billing_day >= :begin THEN d.acus ELSE 0 END) AS now_acus,
           SUM(CASE WHEN d.billing_day < :begin THEN d.acus ELSE 0 END) AS before_acus
    FROM session_days AS d
    JOIN wasted_acus AS w ON w.session_id = d.session_id
    WHERE d.billing_day >= :before AND d.billing_day < :end AND d.org_id IN (:orgs)
"""


@dataclass(frozen=True)
class Figure:
    """One figure.

    Attributes:
        name: What it is called.
        kind: What it counts.
        now: In the period; None where it cannot be said.
        before: In the period before.
        better: Which way is better: 1 up, -1 down, 0 neither.
        means: How it is counted.
    """

    name: str
    kind: Kind
    now: float | None
    before: float | None
    better: int
    means: str


@dataclass(frozen=True)
class Headline:
    """The headline figures.

    Attributes:
        figures: In the order to show them.
        acus: ACUs of the period.
        sessions: Sessions that were begun in it.
        unpriced: ACUs of days without a price, where others have one.
    """

    figures: tuple[Figure, ...]
    acus: float
    sessions: int
    unpriced: float

    @property
    def metered(self) -> bool:
        """Whether work shows in ACUs: sessions without any are not free, they are not metered."""
        return self.acus > 0 or self.sessions == 0


def headline(reader: Reader) -> Headline:
    """The headline figures.

    Raises:
        Exception: Whatever dlt raises where ACUs or sessions cannot be read.
    """
    acus, sessions = reader.row(_ACUS), reader.row(_SESSIONS)
    pulls, wasted = attempted(_read(_PULL_REQUESTS), reader), attempted(_read(_WASTED), reader)
    burned = acus["now_acus"] or 0.0
    figures = [
        Figure("ACUs", "acus", *_pair(acus, "acus"), 0, "Burned in the period, by billing day."),
        Figure(
            "Cost", "cost", *_pair(acus, "cost"), 0, "At the price that is configured for each day."
        ),
        Figure("Sessions", "count", *_pair(sessions, "sessions"), 0, "Begun in the period."),
        Figure("Active users", "count", *_pair(sessions, "users"), 1, "People who began one."),
        *_of_pull_requests(pulls),
    ]
    if not isinstance(wasted, Unavailable):
        said = "Of the ACUs, those of sessions that ended with nothing to show for them."
        shares = _ratios(wasted, "acus", acus, "acus")
        figures.append(Figure("Wasted share", "share", *shares, -1, said))
    shown = [figure for figure in figures if figure.kind != "cost" or figure.now is not None]
    unpriced = (acus["unpriced"] or 0.0) if acus["priced"] else 0.0
    return Headline(tuple(shown), burned, sessions["now_sessions"], unpriced)


def _of_pull_requests(pulls: Row | Unavailable) -> list[Figure]:
    if isinstance(pulls, Unavailable):
        return []
    created = "pull requests first seen in the period"
    merged = f"Of the {created}, those that are merged by now."
    rate = _ratios(pulls, "merged", pulls, "created")
    acus, cost = (_ratios(pulls, what, pulls, "merged") for what in ("acus", "cost"))
    behind = f"of all sessions behind {created}, merged or not, for each that is merged."
    return [
        Figure("Merged pull requests", "count", *_pair(pulls, "merged"), 1, merged),
        Figure("Merge rate", "share", *rate, 1, "Merged, of all that were first seen."),
        Figure("ACUs per merged pull request", "acus", *acus, -1, f"ACUs {behind}"),
        Figure("Cost per merged pull request", "cost", *cost, -1, f"Cost {behind}"),
    ]


def _read(query: str) -> Callable[[Reader], Row]:
    return lambda reader: reader.row(query)


def _pair(row: Row, column: str) -> tuple[float | None, float | None]:
    """What a column is now and was before; where there is nothing, it is 0, but for a cost."""
    now, before = row[f"now_{column}"], row[f"before_{column}"]
    return (now, before) if column == "cost" else (now or 0, before or 0)


def _ratios(over: Row, part: str, under: Row, whole: str) -> tuple[float | None, float | None]:
    now, before = (
        ratio(over[f"{when}_{part}"], under[f"{when}_{whole}"]) for when in ("now", "before")
    )
    return now, before


def ratio(part: float | None, whole: float | None) -> float | None:
    """A part of a whole; None where there is no whole."""
    return None if part is None or not whole else part / whole
