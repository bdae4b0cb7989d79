"""Who and what the ACUs went to: the largest of each dimension, and all others together."""

from collections.abc import Callable
from dataclasses import dataclass

from .headline import ratio
from .reading import Reader, Row, known_cost, whole_cost
from .wording import plural

MOST = 12
"""How many are shown one by one."""


@dataclass(frozen=True)
class Dimension:
    """What ACUs are shared out by.

    Attributes:
        name: In the page: `user`.
        model: The model that knows.
        keys: Its columns that tell the members apart.
        label: What a member is called, given these columns; empty for no member.
        none: What is said of ACUs that went to no member.
    """

    name: str
    model: str
    keys: tuple[str, ...]
    label: Callable[[Row], str]
    none: str


@dataclass(frozen=True)
class Rank:
    """A member of a dimension.

    Attributes:
        label: What it is called.
        known: Whether it is a member, and not what went to none of them.
        acus: ACUs of the period.
        before: Those of the period before.
        cost: What they cost; None without a price.
        share: Of all ACUs of the period; None where there are none.
    """

    label: str
    known: bool
    acus: float
    before: float
    cost: float | None
    share: float | None


@dataclass(frozen=True)
class Ranking:
    """The members of a dimension by their ACUs.

    Attributes:
        dimension: The dimension.
        ranks: The largest ones.
        others: All others together, also those whose totals shrank; None if there are none.
        members: How many burned ACUs in the period.
        acus: Of all of them.
    """

    dimension: Dimension
    ranks: tuple[Rank, ...]
    others: Rank | None
    members: int
    acus: float


def _first(*names: str) -> Callable[[Row], str]:
    def label(row: Row) -> str:
        return next((str(row[name]) for name in names if row.get(name)), "")

    return label


def _user(row: Row) -> str:
    if row["service_user_id"]:
        return f"{row['name'] or row['service_user_id']} (service user)"
    return _first("name", "email", "user_id")(row)


def _category(row: Row) -> str:
    parts = [row[name] for name in ("category", "subcategory") if row[name]]
    return " / ".join(parts).replace("_", " ")


_USER = ("user_id", "service_user_id", "name", "email")

DIMENSIONS = (
    Dimension("user", "acu_by_user", _USER, _user, "nobody that is known"),
    Dimension(
        "repository", "acu_by_repository", ("repository",), _first("repository"), "no repository"
    ),
    Dimension(
        "playbook",
        "acu_by_playbook",
        ("playbook_id", "title"),
        _first("title", "playbook_id"),
        "no playbook",
    ),
    Dimension("category", "acu_by_category", ("category", "subcategory"), _category, "no category"),
    Dimension("tag", "acu_by_tag", ("tag",), _first("tag"), "no tag"),
    Dimension("origin", "acu_by_origin", ("origin",), _first("origin"), "no known origin"),
)


def ranking(reader: Reader, dimension: Dimension) -> Ranking:
    """The members of a dimension by their ACUs.

    Raises:
        Exception: Whatever dlt raises where the model cannot be read.
    """
    keys = ", ".join(dimension.keys)
    found = reader.rows(f"""
        SELECT {keys},
               SUM(CASE WHEN billing_day >= :begin THEN acus ELSE 0 END) AS acus,
               SUM(CASE WHEN billing_day < :begin THEN acus ELSE 0 END) AS acus_before,
               {whole_cost("billing_day >= :begin")} AS cost
        FROM {dimension.model}
        WHERE billing_day >= :before AND billing_day < :end AND org_id IN (:orgs)
        GROUP BY {keys}
    """)
    return ranked(dimension, found)


def ranked(dimension: Dimension, rows: list[Row]) -> Ranking:
    """Rows of `acus`, `acus_before`, `cost` and the keys of a dimension, put into order."""
    total = sum(row["acus"] or 0.0 for row in rows)
    ranks = [
        Rank(
            dimension.label(row) or dimension.none,
            bool(dimension.label(row)),
            row["acus"] or 0.0,
            row["acus_before"] or 0.0,
            row["cost"],
            ratio(row["acus"] or 0.0, total),
        )
        for row in rows
    ]
    ranks.sort(key=lambda rank: (-rank.acus, rank.label))
    burned = [rank for rank in ranks if rank.acus > 0]
    shown = burned[:MOST]
    rest = burned[MOST:] + [rank for rank in ranks if rank.acus <= 0]
    left = _together(rest, total) if any(rank.acus for rank in rest) else None
    return Ranking(dimension, tuple(shown), left, len(burned), total)


def _together(ranks: list[Rank], total: float) -> Rank:
    acus = sum(rank.acus for rank in ranks)
    number = sum(rank.acus != 0 for rank in ranks)
    return Rank(
        plural(number, "other"),
        False,
        acus,
        sum(rank.before for rank in ranks),
        known_cost(ranks),
        ratio(acus, total),
    )
