"""One cycle from outside: what a crash left is loaded first, then coverage is raised to now."""

import logging
import time
from dataclasses import dataclass, field
from typing import Any

import dlt

from sources.devin import devin

from .lock import only_one
from .warehouse import pending_packages

log = logging.getLogger("devin.sync")


@dataclass
class SyncResult:
    """What one sync did.

    Attributes:
        drained: Load packages that an earlier run had left pending, and this one loaded.
        dropped: Pending packages that were thrown away, since another machine has loaded since.
        load_ids: Load packages that this run made and loaded; none if nothing was new.
        seconds: How long it took.
        runs: The record of each scope's cycle, as in `sync_runs`.
    """

    drained: int = 0
    dropped: int = 0
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
            "load_ids": self.load_ids,
            "drained": self.drained,
            "dropped": self.dropped,
            "rejected": self.rejected,
            "runs": self.runs,
        }


class _Records(logging.Handler):
    """Collects the records of cycles, which the source announces in its log."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.runs: list[dict[str, Any]] = []

    def emit(self, record: logging.LogRecord) -> None:
        if getattr(record, "event", None) == "cycle":
            self.runs.append(record.run)  # type: ignore[attr-defined]


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
    started = time.monotonic()
    records = _Records()
    cycles = logging.getLogger("devin.cycle")
    result = SyncResult()
    with only_one(pipeline.working_dir):
        cycles.addHandler(records)
        try:
            source = devin(**options)
            result.drained, result.dropped = drain(pipeline)
            result.load_ids = pipeline.run(source).loads_ids
        finally:
            cycles.removeHandler(records)
    result.runs = records.runs
    result.seconds = time.monotonic() - started
    return result


def drain(pipeline: dlt.Pipeline) -> tuple[int, int]:
    """Load the packages that an earlier run extracted but did not load.

    dlt's own `run` would load them and then stop, so that a schedule skipped a cycle after every
    crash. Where another machine has loaded since, they are older than what is there: they are
    thrown away, and their rows are asked for again, as the destination's coverage does not claim
    them.

    Returns:
        How many packages were loaded, and how many thrown away.
    """
    if not pipeline.has_pending_data:
        return 0, 0
    pending = pending_packages(pipeline)
    before = pipeline.state.get("_version_hash")
    pipeline.sync_destination()
    if pipeline.state.get("_version_hash") != before:
        pipeline.drop_pending_packages()
        log.info("dropped %d pending packages: another machine has loaded since", pending)
        return 0, pending
    log.info("loading %d packages that an earlier run left pending", pending)
    pipeline.normalize()
    pipeline.load()
    return pending, 0
