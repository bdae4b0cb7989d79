"""When ACUs were burned, by which session trees, and for nothing."""

from dataclasses import dataclass
from datetime import date, datetime

from .reading import Reader, as_day, whole_cost

MOST_TREES = 12
MOST_WASTED = 3
"""Sessions shown of each reason."""

REASONS = {
    "error": "ended in an error",
    "limit": "stopped by a limit",
    "no_pull_request": "no pull request",
    "all_closed": "all pull requests closed",
}


@dataclass(frozen=True)
class Burned:
    """ACUs of one billing day and organisation."""

    day: date
    org_id: str
    acus: float
    cost: float | None


@dataclass(frozen=True)
class Tree:
    """A session that began others, or stands alone, and all that came of it."""

    session_id: str
    title: str | None
    url: str | None
    org_id: str
    created_at: datetime
    descendants: int
    own_acus: float
    acus: float
    cost: float | None


@dataclass(frozen=True)
class Waste:
    """ACUs of sessions that ended with nothing, by one reason."""

    reason: str
    sessions: int
    acus: float
    cost: float | None


@dataclass(frozen=True)
class WastedSession:
    """One of these sessions, with its ACUs of the period."""

    session_id: str
    title: str | None
    url: str | None
    org_id: str
    reason: str
    ended_at: datetime | None
    acus: float
    cost: float | None


@dataclass(frozen=True)
class Wasted:
    """What was burned for nothing: by reason, and the largest sessions of each."""

    reasons: tuple[Waste, ...]
    sessions: tuple[WastedSession, ...]


def over_time(reader: Reader) -> tuple[Burned, ...]:
    """ACUs by billing day and organisation, in the order of days.

    Raises:
        Exception: Whatever dlt raises where the model cannot be read.
    """
    found = reader.rows(f"""
        SELECT billing_day, org_id, SUM(acus) AS acus, {whole_cost()} AS cost
        FROM acu_daily
        WHERE billing_day >= :begin AND billing_day < :end AND org_id IN (:orgs)
        GROUP BY billing_day, org_id
        ORDER BY billing_day, org_id
    """)
    return tuple(
        Burned(as_day(row["billing_day"]), row["org_id"], row["acus"] or 0.0, row["cost"])
        for row in found
    )


def trees(reader: Reader) -> tuple[Tree, ...]:
    """The session trees that cost most, of those begun in the period.

    Raises:
        Exception: Whatever dlt raises where the model cannot be read.
    """
    found = reader.rows(f"""
        SELECT t.session_id AS session_id, t.title AS title, s.url AS url, t.org_id AS org_id,
               s.created_at AS created_at, t.descendants AS descendants, t.own_acus AS own_acus,
               t.tree_acus AS acus, t.tree_cost AS cost
        FROM session_tree AS t
        JOIN sessions AS s ON s.session_id = t.session_id
        WHERE t.session_id = t.root_session_id AND t.tree_acus > 0 AND t.org_id IN (:orgs)
          AND s.created_at >= :starts_at AND s.created_at < :ends_at
        ORDER BY t.tree_acus DESC, t.session_id
        LIMIT {MOST_TREES}
    """)
    return tuple(Tree(**row) for row in found)


def wasted(reader: Reader) -> Wasted:
    """What was burned for nothing in the period.

    Raises:
        Exception: Whatever dlt raises where the models cannot be read.
    """
    reasons = reader.rows(f"""
        SELECT w.reason AS reason, COUNT(DISTINCT d.session_id) AS sessions,
               SUM(d.acus) AS acus, {whole_cost(of="d")} AS cost
        FROM session_days AS d
        JOIN wasted_acus AS w ON w.session_id = d.session_id
        WHERE d.billing_day >= :begin AND d.billing_day < :end AND d.org_id IN (:orgs)
        GROUP BY w.reason
    """)
    sessions = reader.rows(f"""
        SELECT session_id, title, url, org_id, reason, ended_at, acus, cost
        FROM (
            SELECT s.session_id AS session_id, w.title AS title, w.url AS url,
                   s.org_id AS org_id, w.reason AS reason, w.ended_at AS ended_at,
                   s.acus AS acus, s.cost AS cost,
                   ROW_NUMBER() OVER (PARTITION BY w.reason ORDER BY s.acus DESC, s.session_id)
                       AS place
            FROM (
                SELECT session_id, org_id, SUM(acus) AS acus, {whole_cost()} AS cost
                FROM session_days
                WHERE billing_day >= :begin AND billing_day < :end AND org_id IN (:orgs)
                GROUP BY session_id, org_id
            ) AS s
            JOIN wasted_acus AS w ON w.session_id = s.session_id
        ) AS placed
        WHERE place <= {MOST_WASTED} AND acus > 0
        ORDER BY reason, acus DESC, session_id
    """)
    by_acus = sorted(reasons, key=lambda row: -(row["acus"] or 0.0))
    order = [row["reason"] for row in by_acus]
    return Wasted(
        tuple(Waste(**{**row, "acus": row["acus"] or 0.0}) for row in by_acus),
        tuple(
            WastedSession(**row) for row in sorted(sessions, key=lambda r: order.index(r["reason"]))
        ),
    )
