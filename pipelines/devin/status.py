"""What is loaded, as of when, and what is not: as the destination has it, and nothing changes."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import dlt
from dlt.destinations.exceptions import DatabaseUndefinedRelation

from sources.devin.coverage import Segment, Span
from sources.devin.merging import duckdb_file
from sources.devin.runs import Journal, Run
from sources.devin.scope import Scope
from sources.devin.tables import REJECTED, RUNS

from .warehouse import location, pending_packages, scopes_of, stored_state

LAST_CYCLES = 5
CYCLE_COLUMNS = ("run_id", "scope", "started_at", "finished_at", "as_of", "outcome", "error")


@dataclass(frozen=True)
class ScopeStatus:
    """One scope.

    Attributes:
        scope: Its name: API version, organisation, filters.
        covered: Spans of `created_at` and the moment each is loaded as of, epoch seconds.
        missing: Spans that interrupted backfills and rescans have still to read again.
        checked_at: When the last cycle that did not fail ended, by this machine's clock; also one
            that found nothing new counts.
        cycles: The last cycles, newest first.
        rejected: Items that broke their contract, and are not loaded yet.
    """

    scope: str
    covered: tuple[Segment, ...]
    missing: tuple[Span, ...]
    checked_at: datetime | None
    cycles: list[dict[str, Any]]
    rejected: int

    def lag(self, now: datetime) -> float | None:
        """Seconds since the scope was last known to be complete."""
        return None if self.checked_at is None else (now - self.checked_at).total_seconds()

    def as_json(self, now: datetime) -> dict[str, Any]:
        """The status as JSON can hold it, times in ISO 8601."""
        return {
            "scope": self.scope,
            "covered": [
                dict(zip(("created_from", "created_to", "as_of"), map(_instant, span), strict=True))
                for span in self.covered
            ],
            "missing": [
                dict(zip(("created_from", "created_to"), map(_instant, span), strict=True))
                for span in self.missing
            ],
            "checked_at": iso(self.checked_at) if self.checked_at else None,
            "lag_seconds": self.lag(now),
            "last_cycles": [
                {k: iso(v) if isinstance(v, datetime) else v for k, v in cycle.items()}
                for cycle in self.cycles
            ],
            "rejected_items": self.rejected,
        }


@dataclass(frozen=True)
class Status:
    """A pipeline: where its tables are, its scopes, and how many load packages are pending."""

    warehouse: str
    scopes: list[ScopeStatus]
    pending_packages: int

    def as_json(self, now: datetime) -> dict[str, Any]:
        """The status as JSON can hold it."""
        return {
            "warehouse": self.warehouse,
            "scopes": [scope.as_json(now) for scope in self.scopes],
            "pending_packages": self.pending_packages,
        }


def iso(moment: datetime) -> str:
    """A moment as ISO 8601 in UTC."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def read_status(pipeline: dlt.Pipeline) -> Status:
    """The status of a pipeline.

    Raises:
        Exception: Whatever dlt raises where the destination cannot be read.
    """
    cycles = _cycles(pipeline)
    waiting = (
        f"SELECT scope, COUNT(*) FROM {REJECTED.name} WHERE replayed_at IS NULL GROUP BY scope"
    )
    rejected = dict(_query(pipeline, waiting))
    memories = scopes_of(stored_state(pipeline))
    names = dict.fromkeys([*memories, *(cycle["scope"] for cycle in cycles)])
    return Status(
        location(pipeline),
        [
            _scope(name, Scope.of(memories.get(name)), cycles, rejected.get(name, 0))
            for name in names
        ],
        len(pending_packages(pipeline)),
    )


def _scope(name: str, memory: Scope, cycles: list[dict[str, Any]], rejected: int) -> ScopeStatus:
    own = [cycle for cycle in cycles if cycle["scope"] == name]
    good = [cycle["finished_at"] for cycle in own if cycle["outcome"] in ("loaded", "unchanged")]
    covered = memory.coverage.segments
    missing = tuple(Span(s.created_from, s.created_to or 0) for s in memory.missing())
    return ScopeStatus(name, covered, missing, max(good, default=None), own[:LAST_CYCLES], rejected)


def _cycles(pipeline: dlt.Pipeline) -> list[dict[str, Any]]:
    """Cycles by descending end: the ones in the destination, and the ones not loaded yet."""
    loaded = _query(
        pipeline,
        f"SELECT {', '.join(CYCLE_COLUMNS)} FROM {RUNS.name} ORDER BY finished_at DESC LIMIT 100",
    )
    waiting = [_cells(run) for run in Journal(pipeline.working_dir).read()]
    # By run, as the journal forgets what is loaded with the cycle after.
    cycles = {row[0]: dict(zip(CYCLE_COLUMNS, row, strict=True)) for row in [*waiting, *loaded]}
    return sorted(cycles.values(), key=lambda cycle: cycle["finished_at"], reverse=True)


def _cells(run: Run) -> tuple[Any, ...]:
    record = run.as_json()
    moments = ("started_at", "finished_at", "as_of")
    return tuple(_moment(record[k]) if k in moments else record[k] for k in CYCLE_COLUMNS)


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def _instant(epoch: int) -> str:
    return iso(datetime.fromtimestamp(epoch, UTC))


def _query(pipeline: dlt.Pipeline, sql: str) -> list[tuple[Any, ...]]:
    file = duckdb_file(pipeline)
    if file is not None and not file.exists():
        return []
    with pipeline.sql_client() as client:
        try:
            return [tuple(row) for row in client.execute_sql(sql) or ()]
        except DatabaseUndefinedRelation:
            return []
