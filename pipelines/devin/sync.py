"""One cycle from outside: what a crash left is dealt with, then coverage is raised to now."""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import dlt

from sources.devin import devin

from .comments import write_comments
from .lock import only_one
from .recovery import Recovered, recover
from .warehouse import location, pending_packages

log = logging.getLogger("devin.sync")


@dataclass
class SyncResult:
    """What one sync did.

    Attributes:
        recovered: What became of the load packages that an earlier run had left pending.
        warehouse: Where it loaded to: the DuckDB file, or the destination and its dataset.
        load_ids: Load packages that this run made and loaded; none if nothing was new.
        seconds: How long it took.
        runs: The record of each scope's cycle, as in `sync_runs`.
    """

    recovered: Recovered = field(default_factory=Recovered)
    warehouse: str = ""
    load_ids: list[str] = field(default_factory=list)
    seconds: float = 0.0
    runs: list[dict[str, Any]] = field(default_factory=list)

    @property
    def rejected(self) -> int:
        """Items that broke their contract, over all scopes."""
        return sum(run["rejected"] for run in self.runs)

    def as_json(self) -> dict[str, Any]:
        """The result as JSON can hold it."""
        return {
            "outcome": "loaded" if self.load_ids else "unchanged",
            "seconds": round(self.seconds, 3),
            "warehouse": self.warehouse,
            "load_ids": self.load_ids,
            "drained": self.recovered.loaded,
            "dropped": self.recovered.dropped,
            "rejected": self.rejected,
            "runs": self.runs,
        }


def sync(pipeline: dlt.Pipeline, **options: Any) -> SyncResult:
    """Load what an earlier run left pending, then everything that is new.

    Args:
        pipeline: The pipeline into the destination.
        options: Arguments of `devin` that are not left to the configuration.

    Returns:
        What was done.

    Raises:
        SyncRunning: Another sync of this pipeline is under way.
        Exception: Whatever dlt raises; see `failures.explained`.
    """
    pipeline.activate()
    started = time.monotonic()
    result = SyncResult(warehouse=location(pipeline))
    with only_one(pipeline.working_dir), _recorded(result.runs):
        source = devin(**options)
        log.info("sync started", extra={"event": "started"})
        result.recovered = recover(pipeline)
        result.load_ids = _load(pipeline, source)
        if result.load_ids or result.recovered.loaded:
            write_comments(pipeline)
    result.seconds = time.monotonic() - started
    return result


def _load(pipeline: dlt.Pipeline, source: Any) -> list[str]:
    """What `pipeline.run` does, without looking at the destination again, or loading nothing."""
    pipeline.extract(source)
    if not pending_packages(pipeline):
        return []
    pipeline.normalize()
    return list(pipeline.load().loads_ids)


class _Records(logging.Handler):
    """Keeps the records of cycles, which the source announces in its log."""

    def __init__(self, runs: list[dict[str, Any]]) -> None:
        super().__init__(logging.INFO)
        self._runs = runs

    def emit(self, record: logging.LogRecord) -> None:
        if getattr(record, "event", None) == "cycle":
            self._runs.append(record.run)  # type: ignore[attr-defined]


@contextmanager
def _recorded(runs: list[dict[str, Any]]) -> Iterator[None]:
    logger, records = logging.getLogger("devin.cycle"), _Records(runs)
    level = logger.level
    logger.addHandler(records)
    logger.setLevel(min(logger.getEffectiveLevel(), logging.INFO))
    try:
        yield
    finally:
        logger.removeHandler(records)
        logger.setLevel(level)
