"""How far the figures can be trusted, and where the current cycle is heading."""

from dataclasses import dataclass
from datetime import date

from .reading import Reader, as_day


@dataclass(frozen=True)
class Forecast:
    """The current billing cycle of an organisation."""

    org_id: str
    begin: date
    end: date
    known: bool
    elapsed: float
    total: float
    acus: float
    cost: float | None
    a_day: float | None
    expected: float | None
    expected_cost: float | None
    limit: float | None


@dataclass(frozen=True)
class Compared:
    """Sessions against consumption on one billing day, all organisations together."""

    day: date
    sessions: float
    consumption: float
    gap: float


@dataclass(frozen=True)
class Explained:
    """Days of an organisation that have one explanation."""

    org_id: str
    explanation: str
    days: int
    sessions: float
    consumption: float | None
    gap: float | None


@dataclass(frozen=True)
class Metering:
    """Sessions' own ACUs against what the API says is consumed."""

    days: tuple[Compared, ...]
    explained: tuple[Explained, ...]

    @property
    def not_metered(self) -> tuple[str, ...]:
        """Organisations whose sessions show no ACUs though they worked."""
        found = (one.org_id for one in self.explained if one.explanation == "not metered")
        return tuple(dict.fromkeys(found))


@dataclass(frozen=True)
class Check:
    """A check of the data: every row it finds is a defect."""

    name: str
    what: str
    found: int


@dataclass(frozen=True)
class Denied:
    """A table that the API did not let be filled."""

    endpoint: str
    org_id: str
    permission: str | None


def forecasts(reader: Reader) -> tuple[Forecast, ...]:
    """Where the billing cycle of each organisation is heading that is under way, the largest first.

    Raises:
        Exception: Whatever dlt raises where the model cannot be read.
    """
    found = reader.rows("""
        SELECT org_id, cycle_start, cycle_end, cycle_known, days_elapsed, days_total, acus, cost,
               acus_per_day, expected_acus, expected_cost, cycle_acu_limit
        FROM cycle_forecast
        WHERE cycle_start <= :today AND cycle_end > :today AND org_id IN (:orgs)
        ORDER BY acus DESC, org_id
    """)
    return tuple(
        Forecast(
            row["org_id"],
            as_day(row["cycle_start"]),
            as_day(row["cycle_end"]),
            bool(row["cycle_known"]),
            row["days_elapsed"] or 0.0,
            row["days_total"] or 0.0,
            row["acus"] or 0.0,
            row["cost"],
            row["acus_per_day"],
            row["expected_acus"],
            row["expected_cost"],
            row["cycle_acu_limit"],
        )
        for row in found
    )


def metering(reader: Reader) -> Metering:
    """Sessions against consumption, by day, and why they differ.

    Raises:
        Exception: Whatever dlt raises where the model cannot be read.
    """
    where = "WHERE billing_day >= :begin AND billing_day < :end AND org_id IN (:orgs)"
    days = reader.rows(f"""
        SELECT billing_day, SUM(session_acus) AS sessions, SUM(consumption_acus) AS consumption,
               SUM(gap) AS gap
        FROM metering_check {where} AND consumption_acus IS NOT NULL
        GROUP BY billing_day
        ORDER BY billing_day
    """)
    explained = reader.rows(f"""
        SELECT org_id, explanation, COUNT(*) AS days, SUM(session_acus) AS sessions,
               SUM(consumption_acus) AS consumption, SUM(gap) AS gap
        FROM metering_check {where}
        GROUP BY org_id, explanation
        ORDER BY org_id, days DESC, explanation
    """)
    return Metering(
        tuple(
            Compared(
                as_day(row["billing_day"]),
                row["sessions"] or 0.0,
                row["consumption"] or 0.0,
                row["gap"] or 0.0,
            )
            for row in days
        ),
        tuple(Explained(**{**row, "sessions": row["sessions"] or 0.0}) for row in explained),
    )


def quality(reader: Reader) -> tuple[Check, ...]:
    """The checks of the data, those that found something first.

    Raises:
        Exception: Whatever dlt raises where the model cannot be read.
    """
    found = reader.rows("SELECT check_name, what, rows_found FROM data_quality")
    checks = [Check(row["check_name"], row["what"], int(row["rows_found"] or 0)) for row in found]
    return tuple(sorted(checks, key=lambda check: (check.found == 0, check.name)))


def denied(reader: Reader) -> tuple[Denied, ...]:
    """What the API did not let be read when last asked, so that tables behind the models are empty.

    People of the whole enterprise may be denied, and those of its organisations read instead.

    Raises:
        Exception: Whatever dlt raises where the table cannot be read.
    """
    found = reader.rows("""
        WITH newest AS (
            SELECT endpoint, MAX(read_at) AS read_at,
                   COUNT(CASE WHEN outcome = 'loaded' AND org_id <> '' THEN 1 END) AS loaded
            FROM endpoint_reads
            GROUP BY endpoint
        )
        SELECT r.endpoint AS endpoint, r.org_id AS org_id, r.permission AS permission
        FROM endpoint_reads AS r
        JOIN newest ON newest.endpoint = r.endpoint AND newest.read_at = r.read_at
        WHERE r.outcome = 'denied' AND (r.org_id = '' OR r.org_id IN (:orgs))
          AND NOT (r.endpoint = 'users' AND r.org_id = '' AND newest.loaded > 0)
        ORDER BY r.endpoint, r.org_id
    """)
    return tuple(Denied(**row) for row in found)
