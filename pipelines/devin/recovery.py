"""What an earlier run left behind, and what becomes of it.

The destination is right. Packages that were made on top of what it holds are loaded; all others are
thrown away, and their rows are asked for again, since its coverage does not claim them.
"""

import logging
from typing import Any, NamedTuple

import dlt
from dlt.load.exceptions import LoadClientJobException
from dlt.pipeline.exceptions import PipelineStepFailed

from sources.devin.errors import DestinationBusy

from .amounts import count
from .failures import explained
from .file import keep_folder
from .loading import load_pending
from .warehouse import has_dataset, pending_packages, refuse_strangers, stored_state

log = logging.getLogger("devin.recovery")

_BUILT_ON = "devin_built_on"
"""Local value of a pipeline: the state of the destination that its next package builds on."""


class Recovered(NamedTuple):
    """What became of the load packages that an earlier run left.

    Attributes:
        loaded: How many were loaded.
        dropped: How many were thrown away.
        reason: Why they were; empty if none was.
    """

    loaded: int = 0
    dropped: int = 0
    reason: str = ""


def recover(pipeline: dlt.Pipeline) -> Recovered:
    """Make a pipeline ready for its next run: nothing is pending, and it knows what is loaded.

    dlt's own `run` would load what is pending and then stop, so that a schedule skipped a cycle
    after every crash; it would load it whatever became of the destination since; and it would
    believe itself where the destination was put back to a backup.

    Raises:
        PipelineStepFailed: The destination could not be reached, or not be written.
        DestinationUnsuitable: It has tables of somebody else's.
    """
    stored = stored_state(pipeline)
    if stored is None:
        refuse_strangers(pipeline)
    recovered = _settle(pipeline, stored)
    if recovered.loaded:
        stored = stored_state(pipeline)
    if _hash(stored) != pipeline.state.get("_version_hash"):
        _believe(pipeline, stored)
    keep_folder(pipeline)
    pipeline.set_local_state_val(_BUILT_ON, _hash(stored))
    return recovered


def built_on_this(pipeline: dlt.Pipeline) -> None:
    """Take note that the next package builds on what has just been loaded."""
    pipeline.set_local_state_val(_BUILT_ON, pipeline.state.get("_version_hash"))


def _believe(pipeline: dlt.Pipeline, stored: dict[str, Any] | None) -> None:
    """Take over what the destination knows."""
    if stored is None:
        if not pipeline.first_run:
            pipeline.drop()
        return
    if stored["_state_version"] < pipeline.state["_state_version"]:
        log.info("the destination was put back to an earlier state: going on from there")
        pipeline.drop()
    pipeline.sync_destination()


def _settle(pipeline: dlt.Pipeline, stored: dict[str, Any] | None) -> Recovered:
    pending = pending_packages(pipeline)
    if not pending:
        return Recovered()
    if reason := _obstacle(pipeline, pending, stored):
        return _dropped(pipeline, 0, reason)
    log.info("loading %s that an earlier run left", count(len(pending), "package"))
    pipeline.normalize()
    try:
        load_pending(pipeline)
    except PipelineStepFailed as failure:
        refused = isinstance(failure.exception, LoadClientJobException)
        if not refused or isinstance(explained(failure), DestinationBusy):
            raise
        done = len(pending) - len(pending_packages(pipeline))
        return _dropped(pipeline, done, "the destination refused again")
    return Recovered(loaded=len(pending))


def _obstacle(
    pipeline: dlt.Pipeline, pending: list[str], stored: dict[str, Any] | None
) -> str | None:
    """Why pending packages must not be loaded; None where they may."""
    if _hash(stored) == pipeline.state.get("_version_hash"):
        return None  # loaded but for the last stroke
    if _hash(stored) != _built_on(pipeline):
        return "the destination has changed since" if stored else "the destination was emptied"
    if stored is None and _begun(pipeline, pending) and not has_dataset(pipeline):
        return "the destination was emptied"
    return None


def _begun(pipeline: dlt.Pipeline, pending: list[str]) -> bool:
    jobs = [pipeline.get_load_package_info(load_id).jobs for load_id in pending]
    return any(job.get("completed_jobs") for job in jobs)


def _dropped(pipeline: dlt.Pipeline, loaded: int, reason: str) -> Recovered:
    left = len(pending_packages(pipeline))
    pipeline.abort_packages()
    log.info("dropped %s that an earlier run left: %s", count(left, "package"), reason)
    return Recovered(loaded, left, reason)


def _built_on(pipeline: dlt.Pipeline) -> str | None:
    try:
        found: str | None = pipeline.get_local_state_val(_BUILT_ON)
    except KeyError:
        return None
    return found


def _hash(stored: dict[str, Any] | None) -> str | None:
    return stored["_version_hash"] if stored else None
