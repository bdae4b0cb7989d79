"""What the ACUs bought: pull requests, people who use it, and sessions that wait for somebody."""

from dataclasses import dataclass
from datetime import date, datetime

from .reading import Reader, Row, as_day, whole_cost

MOST_REPOSITORIES = 12
MOST_STUCK = 12

WAITS = {"user": "a user", "approval": "an approval"}


@dataclass(frozen=True)
class Outcome:
    """What became of pull requests.

    Attributes:
        name: The month or the repository.
        created: How many were first seen.
        merged: Of them, merged by now.
        closed: Closed without a merge.
        open: Neither.
        acus: Of the sessions behind them.
        cost: What these cost; None without a price.
    """

    name: str
    created: int
    merged: int
    closed: int
    open: int
    acus: float
    cost: float | None


@dataclass(frozen=True)
class Outcomes:
    """What became of pull requests, month by month, and by repository."""

    months: tuple[Outcome, ...]
    repositories: tuple[Outcome, ...]


@dataclass(frozen=True)
class Week:
    """A week of use, Monday to Sunday."""

    begin: date
    sessions: int
    of_people: int
    active_users: int
    first_time_users: int
    service_share: float | None


@dataclass(frozen=True)
class StuckSession:
    """A session that waits for somebody."""

    session_id: str
    title: str | None
    url: str | None
    org_id: str
    waiting_for: str
    waiting_since: datetime | None
    hours: float
    acus: float


@dataclass(frozen=True)
class Stuck:
    """Sessions that wait for somebody: how many, for what, and those that wait longest."""

    waiting: dict[str, int]
    acus: float
    sessions: tuple[StuckSession, ...]


_SUMS = f"""
    SUM(created) AS created, SUM(merged) AS merged, SUM(closed) AS closed, SUM(open) AS still_open,
    SUM(acus) AS acus, {whole_cost()} AS cost
"""


def outcomes(reader: Reader) -> Outcomes:
    """What became of the pull requests first seen in months that the period touches.

    Raises:
        Exception: Whatever dlt raises where the model cannot be read.
    """
    where = "WHERE month >= :first_month AND month < :end AND org_id IN (:orgs)"
    months = reader.rows(
        f"SELECT month, {_SUMS} FROM pull_request_outcomes {where} GROUP BY month ORDER BY month"
    )
    repositories = reader.rows(f"""
        SELECT repository, {_SUMS}
        FROM pull_request_outcomes {where}
        GROUP BY repository
        ORDER BY created DESC, repository
        LIMIT {MOST_REPOSITORIES}
    """)
    return Outcomes(
        tuple(_outcome(f"{as_day(row['month']):%Y-%m}", row) for row in months),
        tuple(_outcome(row["repository"] or "no repository", row) for row in repositories),
    )


def _outcome(name: str, row: Row) -> Outcome:
    return Outcome(
        name,
        int(row["created"] or 0),
        int(row["merged"] or 0),
        int(row["closed"] or 0),
        int(row["still_open"] or 0),
        row["acus"] or 0.0,
        row["cost"],
    )


def adoption(reader: Reader) -> tuple[Week, ...]:
    """The weeks that the period touches.

    Raises:
        Exception: Whatever dlt raises where the model cannot be read.
    """
    found = reader.rows("""
        SELECT week, SUM(sessions) AS sessions, SUM(active_users) AS active_users,
               SUM(first_time_users) AS first_time_users,
               SUM(sessions_per_user * active_users) AS of_people,
               SUM(service_user_share * sessions) AS of_service_users
        FROM adoption
        WHERE week >= :first_week AND week < :end AND org_id IN (:orgs)
        GROUP BY week
        ORDER BY week
    """)
    return tuple(
        Week(
            as_day(row["week"]),
            int(row["sessions"] or 0),
            round(row["of_people"] or 0),
            int(row["active_users"] or 0),
            int(row["first_time_users"] or 0),
            (row["of_service_users"] or 0) / row["sessions"] if row["sessions"] else None,
        )
        for row in found
    )


def stuck(reader: Reader) -> Stuck:
    """Sessions that wait for somebody now, whatever the period.

    Raises:
        Exception: Whatever dlt raises where the model cannot be read.
    """
    kinds = reader.rows("""
        SELECT waiting_for, COUNT(*) AS sessions, SUM(acus) AS acus
        FROM stuck_sessions
        WHERE org_id IN (:orgs)
        GROUP BY waiting_for
        ORDER BY waiting_for
    """)
    found = reader.rows(f"""
        SELECT session_id, title, url, org_id, waiting_for, waiting_since,
               waiting_hours AS hours, acus
        FROM stuck_sessions
        WHERE org_id IN (:orgs)
        ORDER BY waiting_hours DESC, session_id
        LIMIT {MOST_STUCK}
    """)
    return Stuck(
        {row["waiting_for"]: row["sessions"] for row in kinds},
        sum(row["acus"] or 0.0 for row in kinds),
        tuple(
            StuckSession(**{**row, "acus": row["acus"] or 0.0, "hours": row["hours"] or 0.0})
            for row in found
        ),
    )
