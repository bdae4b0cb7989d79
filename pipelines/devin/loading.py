"""The load step: what is extracted and normalised goes into the destination."""

import logging

import dlt
from dlt.pipeline.exceptions import PipelineStepFailed

from .failures import out_of_memory
from .file import give_memory, held_open

log = logging.getLogger("devin.loading")

LOADERS = 1
"""Tables that are merged at once: more of them take more memory, and hardly less time."""


def load_pending(pipeline: dlt.Pipeline) -> list[str]:
    """Load what is pending.

    DuckDB is kept small (see `warehouse`), which is enough for all but very wide rows; where it is
    not, it gets what it asks for.

    Returns:
        Ids of the load packages that were loaded.

    Raises:
        PipelineStepFailed: The destination could not be reached, or refused.
    """
    with held_open(pipeline, create=True):
        try:
            return list(pipeline.load(workers=LOADERS).loads_ids)
        except PipelineStepFailed as failure:
            if not (out_of_memory(failure) and give_memory()):
                raise
        log.info("DuckDB needs more memory than usual: loading again")
        return list(pipeline.load(workers=LOADERS).loads_ids)
