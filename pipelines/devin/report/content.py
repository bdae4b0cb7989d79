"""All that a report holds, read from a warehouse in one go."""

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any, TypeAlias, TypeVar

import dlt
from dlt.destinations.exceptions import DatabaseUndefinedRelation

from sources.devin.errors import ConfigurationError
from sources.devin.merging import duckdb_file

from ..file import give_memory
from ..models.config import model_settings
from ..warehouse import location
from .control import Check, Denied, Forecast, Metering, denied, forecasts, metering, quality
from .headline import Headline, headline
from .period import Period, asked_period, billing_day
from .ranking import DIMENSIONS, Ranking, ranking
from .reading import Reader, Unavailable, attempted
from .results import Outcomes, Stuck, Week, adoption, outcomes, stuck
from .spending import Burned, Tree, Wasted, over_time, trees, wasted
from .staging import staged

T = TypeVar("T")
Part: TypeAlias = T | Unavailable


class NothingToReport(ConfigurationError):
    """There is nothing in the warehouse to make a report of."""


class OrganizationNotLoaded(ConfigurationError):
    """No session of the organisation is loaded."""


@dataclass(frozen=True)
class Asked:
    """What a report is to be about.

    Attributes:
        begin: Its first billing day; None for the usual one.
        end: The day after its last one; None for up to now.
        organizations: Ids or names of organisations; none for all.
    """

    begin: str | None = None
    end: str | None = None
    organizations: Sequence[str] = ()


@dataclass(frozen=True)
class Report:
    """All that a report holds.

    Attributes:
        source: Where it was read.
        as_of: As of when the warehouse is loaded.
        period: The period it is about.
        organizations: Names of all organisations by their ids.
        chosen: Ids of those it is about; none for all.
    """

    source: str
    as_of: datetime
    period: Period
    organizations: Mapping[str, str]
    chosen: tuple[str, ...]
    headline: Headline
    over_time: tuple[Burned, ...]
    rankings: Mapping[str, Part[Ranking]]
    outcomes: Part[Outcomes]
    trees: Part[tuple[Tree, ...]]
    wasted: Part[Wasted]
    stuck: Part[Stuck]
    adoption: Part[tuple[Week, ...]]
    forecasts: Part[tuple[Forecast, ...]]
    metering: Part[Metering]
    quality: Part[tuple[Check, ...]]
    denied: tuple[Denied, ...]

    def named(self, org_id: str) -> str:
        """What an organisation is called."""
        return self.organizations.get(org_id) or org_id

    @property
    def several(self) -> bool:
        """Whether it is about several organisations."""
        return len(self.chosen or self.organizations) > 1


def read_report(pipeline: dlt.Pipeline, asked: Asked) -> Report:
    """Read all that a report holds.

    Args:
        pipeline: The pipeline into the warehouse.
        asked: What it is to be about.

    Raises:
        NothingToReport: Nothing is loaded, or the models are not there.
        OrganizationNotLoaded: An organisation is asked for that is not loaded.
        PeriodUnclear: So is a period that cannot be.
        Exception: Whatever dlt raises where the destination cannot be read.
    """
    file = duckdb_file(pipeline)  # where it lies on this machine is nobody else's business
    with reading(pipeline, asked, whole=True) as (reader, as_of, period, organizations):
        return Report(
            source=file.name if file else location(pipeline),
            as_of=as_of,
            period=period,
            organizations=organizations,
            chosen=tuple(reader.org_ids),
            headline=headline(reader),
            over_time=over_time(reader),
            rankings={
                dimension.name: attempted(partial(ranking, dimension=dimension), reader)
                for dimension in DIMENSIONS
            },
            outcomes=attempted(outcomes, reader),
            trees=attempted(trees, reader),
            wasted=attempted(wasted, reader),
            stuck=attempted(stuck, reader),
            adoption=attempted(adoption, reader),
            forecasts=attempted(forecasts, reader),
            metering=attempted(metering, reader),
            quality=attempted(quality, reader),
            denied=_or(attempted(denied, reader), ()),
        )


@contextmanager
def reading(
    pipeline: dlt.Pipeline, asked: Asked, *, whole: bool = False
) -> Iterator[tuple[Reader, datetime, Period, dict[str, str]]]:
    """Open the warehouse for what is asked, and look whether there is anything to read.

    Args:
        pipeline: The pipeline into the warehouse.
        asked: What is to be read.
        whole: Whether so much will be asked that it pays to work out first what many models read.

    Yields:
        The reader, as of when the warehouse is, the period, and organisations' names by id.

    Raises:
        NothingToReport: Nothing is loaded, or the models are not there.
        OrganizationNotLoaded: An organisation is asked for that is not loaded.
        PeriodUnclear: So is a period that cannot be.
        Exception: Whatever dlt raises where the destination cannot be read.
    """
    settings = model_settings()
    file = duckdb_file(pipeline)
    if file is not None and not file.exists():
        raise _nothing(pipeline)
    give_memory()
    with pipeline.sql_client() as client:
        if file is not None:
            client.execute_sql(f"SET threads = {os.cpu_count() or 1}")  # a sync takes one only
        looking = Reader(client, {})
        organizations = _organizations(looking, pipeline)
        as_of = _as_of(looking, pipeline)
        period = asked_period(asked.begin, asked.end, as_of, settings.billing_day_offset)
        chosen = _chosen(asked.organizations, organizations)
        places = staged(client, settings) if whole else {}
        yield Reader(client, _named(period, as_of), chosen, places), as_of, period, organizations


def _named(period: Period, as_of: datetime) -> dict[str, date | datetime]:
    return {
        "today": billing_day(as_of, period.offset),
        "begin": period.begin,
        "end": period.end,
        "before": period.before.begin,
        "first_month": period.begin.replace(day=1),
        "first_week": period.begin - timedelta(days=period.begin.weekday()),
        "starts_at": period.starts_at,
        "ends_at": period.ends_at,
        "before_at": period.before.starts_at,
    }


def _organizations(reader: Reader, pipeline: dlt.Pipeline) -> dict[str, str]:
    """Names of the organisations that have sessions; their ids where names are not loaded."""
    try:
        found = reader.rows("SELECT DISTINCT org_id FROM sessions ORDER BY org_id")
    except DatabaseUndefinedRelation:
        raise _nothing(pipeline) from None
    if not found:
        raise _nothing(pipeline)
    rows = _or(attempted(lambda r: r.rows("SELECT org_id, name FROM organizations"), reader), [])
    names = {row["org_id"]: row["name"] for row in rows if row["name"]}
    told: dict[str, Any] = {one["org_id"]: names.get(one["org_id"], one["org_id"]) for one in found}
    often = Counter(told.values())
    return {
        org_id: name if often[name] == 1 else f"{name} ({org_id})" for org_id, name in told.items()
    }


def _as_of(reader: Reader, pipeline: dlt.Pipeline) -> datetime:
    try:
        (row,) = reader.rows("SELECT as_of FROM as_of")
        reader.rows("SELECT billing_day FROM acu_daily WHERE 1 = 0")
    except DatabaseUndefinedRelation:
        raise NothingToReport(
            f"{location(pipeline)} has no models yet", "Run: devin-elt models apply"
        ) from None
    as_of: datetime = row["as_of"]
    return as_of


def _nothing(pipeline: dlt.Pipeline) -> NothingToReport:
    return NothingToReport(f"no session is loaded into {location(pipeline)}", "Run: devin-elt sync")


def _chosen(asked: Iterable[str], organizations: Mapping[str, str]) -> tuple[str, ...]:
    chosen = []
    for text in asked:
        found = [org_id for org_id, name in organizations.items() if text in (org_id, name)]
        if not found:
            there = ", ".join(
                org_id if org_id == name else f"{org_id} ({name})"
                for org_id, name in organizations.items()
            )
            raise OrganizationNotLoaded(
                f"no session of organisation {text!r} is loaded", f"There are: {there}."
            )
        chosen += found
    return tuple(dict.fromkeys(chosen))


def _or(part: Part[T], otherwise: T) -> T:
    return otherwise if isinstance(part, Unavailable) else part
