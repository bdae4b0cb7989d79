"""One cycle from outside: what a crash left is dealt with, then coverage is raised to now."""

import logging
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import dlt

from sources.devin import Cycle, devin, next_usage
from sources.devin.errors import DevinError
from sources.devin.usage import Usage

from .ahead import Ahead
from .comments import write_comments
from .loading import load_pending
from .lock import only_one
from .models.changed import apply_changed, prepare
from .recovery import Recovered, built_on_this, recover
from .warehouse import location

if TYPE_CHECKING:
    from .models.applying import Applied

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
        usage: What became of the tables beside the sessions; None if they were not due.
        models: What became of the SQL models; None if their views are as they were.
        failure: What could not be read or made; None if everything was.
    """

    recovered: Recovered = field(default_factory=Recovered)
    warehouse: str = ""
    load_ids: list[str] = field(default_factory=list)
    seconds: float = 0.0
    runs: list[dict[str, Any]] = field(default_factory=list)
    models: "Applied | None" = None
    usage: Usage | None = None
    failure: DevinError | None = None

    @property
    def achieved(self) -> bool:
        """Whether anything came of it."""
        return bool(self.load_ids) or any(run["outcome"] != "failed" for run in self.runs)

    @property
    def rejected(self) -> int:
        """Items that broke their contract, over all scopes."""
        return sum(run["rejected"] for run in self.runs)

    @property
    def _outcome(self) -> str:
        if self.failure:
            return "failed"
        return "loaded" if self.load_ids else "unchanged"

    def as_json(self) -> dict[str, Any]:
        """The result as JSON can hold it."""
        return {
            "outcome": self._outcome,
            "seconds": round(self.seconds, 3),
            "warehouse": self.warehouse,
            "load_ids": self.load_ids,
            "drained": self.recovered.loaded,
            "dropped": self.recovered.dropped,
            "rejected": self.rejected,
            "runs": self.runs,
            "usage": self.usage.as_json() if self.usage else None,
            "models": self.models.as_json() if self.models else None,
            "error": str(self.failure) if self.failure else None,
        }


def sync(pipeline: dlt.Pipeline, **options: Any) -> SyncResult:
    """Load what an earlier run left pending, then everything that is new.

    Args:
        pipeline: The pipeline into the destination.
        options: Arguments of `devin` that are not left to the configuration.

    Returns:
        What was done; what failed, if some of it was done all the same.

    Raises:
        SyncRunning: Another sync of this pipeline is under way.
        DevinError: Nothing could be read.
        Exception: Whatever dlt raises; see `failures.explained`.
    """
    pipeline.activate()
    started = time.monotonic()
    result = SyncResult(warehouse=location(pipeline))
    with only_one(pipeline.working_dir), _recorded(result.runs), Cycle() as cycle:
        source = devin(**options, cycle=cycle)
        log.info("sync started", extra={"event": "started"})
        result.recovered = recover(pipeline)
        with Ahead(pipeline, cycle) as ahead:
            while not ahead.finished:
                if ahead.anything_new():
                    result.load_ids += _load(pipeline, source, ahead.reading())
                    if not cycle.finished and result.models is None:
                        # A load may take long, and has somebody waiting: for the next package here,
                        # elsewhere for the views. What is wrong with them is met again at the end.
                        with suppress(Exception):
                            result.models = apply_changed(pipeline)
        result.failure = cycle.failure
        if result.achieved and (usage := next_usage(pipeline, cycle)):
            result.usage = usage
            result.load_ids += _load(pipeline, devin(**options, usage=usage))
            result.failure = result.failure or usage.failure
        if result.load_ids or result.recovered.loaded:
            write_comments(pipeline)
        _apply_models(pipeline, result)
    result.seconds = time.monotonic() - started
    if result.failure and not result.achieved:
        raise result.failure
    return result


def _apply_models(pipeline: dlt.Pipeline, result: SyncResult) -> None:
    """Make the views of the SQL models; what is loaded is loaded, whatever is wrong with them."""
    if not pipeline.schema_names:
        return  # nothing was ever loaded
    try:
        result.models = apply_changed(pipeline) or result.models
    except DevinError as failure:
        result.failure = result.failure or failure
        return
    if result.models and not result.failure:
        result.failure = result.models.failure


def _load(
    pipeline: dlt.Pipeline,
    source: Any,
    meanwhile: AbstractContextManager[None] | None = None,
) -> list[str]:
    """What `pipeline.run` does, without looking at the destination again."""
    pipeline.extract(source)
    pipeline.normalize()
    log.info("loading into the destination", extra={"event": "committed"})
    prepare(pipeline)
    with meanwhile or nullcontext():
        loaded = load_pending(pipeline)
    built_on_this(pipeline)
    return loaded


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
