"""The pipeline that the command line works with, and what it remembers."""

import re
from typing import Any

import dlt
from dlt.common.destination.client import WithStateSync
from dlt.common.destination.exceptions import DestinationUndefinedEntity
from dlt.pipeline.state_sync import load_pipeline_state_from_destination

from sources.devin.merging import duckdb_file

DEFAULT_DESTINATION = "duckdb"
DEFAULT_DATASET = "devin"
_NOT_IN_NAMES = re.compile(r"\W")
DUCKDB_MEMORY = "64MiB"
"""What DuckDB may keep of its file; what a merge needs beyond that goes to disk beside the file."""

DUCKDB_MEMORY_AT_MOST = "4GiB"
"""What it may keep where that is not enough."""

_NEXT_ITEM = "extract.next_item_mode"
"""Whether dlt writes all tables of a batch before it asks for the next one, or keeps several."""
_OF_DUCKDB = "destination.duckdb.credentials.global_config"
PIPELINE_NAME = "devin_warehouse"
"""Also the name of the default DuckDB file, which must not be that of the dataset."""


def open_pipeline(
    destination: str = DEFAULT_DESTINATION, dataset: str = DEFAULT_DATASET
) -> dlt.Pipeline:
    """The pipeline into a destination; nothing is connected to yet.

    Each destination and dataset has a working directory of its own, so that what is loaded into
    one is never taken for what is loaded into another.

    Args:
        destination: Any dlt destination name; its credentials are dlt's own configuration.
        dataset: The dataset (schema) that holds the tables.
    """
    usual = destination == DEFAULT_DESTINATION and dataset == DEFAULT_DATASET
    name = PIPELINE_NAME if usual else f"{PIPELINE_NAME}_{destination}_{dataset}"
    pipeline = dlt.pipeline(
        _NOT_IN_NAMES.sub("_", name), destination=destination, dataset_name=dataset
    )
    # Whoever runs it decides what a signal does (see `stopping`); dlt's way forgets one that comes
    # while it loads.
    pipeline.runtime_config.intercept_signals = False
    _keep_memory_small()
    return pipeline


def _keep_memory_small() -> None:
    """Settings of dlt and DuckDB for a load whose memory does not grow, where nobody set them."""
    if dlt.config.get(_NEXT_ITEM) is None:
        dlt.config[_NEXT_ITEM] = "fifo"
    if dlt.secrets.get(_OF_DUCKDB) is None:
        dlt.secrets[_OF_DUCKDB] = {"memory_limit": DUCKDB_MEMORY}


def give_duckdb_memory() -> bool:
    """Let DuckDB take what it wants from now on; whether that is more than it was given."""
    given: Any = dlt.secrets.get(_OF_DUCKDB)
    small: bool = given == {"memory_limit": DUCKDB_MEMORY}
    if small:
        dlt.secrets[_OF_DUCKDB] = {"memory_limit": DUCKDB_MEMORY_AT_MOST}
    return small


def location(pipeline: dlt.Pipeline) -> str:
    """Where a pipeline's tables are: the DuckDB file, or the destination and its dataset."""
    file = duckdb_file(pipeline)
    dataset = f"{pipeline.destination.destination_name}, dataset {pipeline.dataset_name}"
    return dataset if file is None else str(file.absolute())


def stored_state(pipeline: dlt.Pipeline) -> dict[str, Any] | None:
    """The state of a pipeline as its destination has it; None where there is none.

    Nothing is changed, here or there: a DuckDB file that does not exist is not made, and the
    working directory, which a sync may be using, is left alone.
    """
    file = duckdb_file(pipeline)
    if file is not None and not file.exists():
        return None
    with pipeline.destination_client() as client:
        if not isinstance(client, WithStateSync):
            return None
        try:
            state: Any = load_pipeline_state_from_destination(pipeline.pipeline_name, client)
        except DestinationUndefinedEntity:
            return None
    return dict(state) if state else None


def has_dataset(pipeline: dlt.Pipeline) -> bool:
    """Whether the destination has the dataset, whatever is in it."""
    file = duckdb_file(pipeline)
    if file is not None and not file.exists():
        return False
    with pipeline.destination_client() as client:
        return client.is_storage_initialized()


def scopes_of(state: dict[str, Any] | None) -> dict[str, Any]:
    """What each scope remembers, by its name, in the state of a pipeline."""
    sources: dict[str, Any] = (state or {}).get("sources", {})
    resources = sources.get("devin", {}).get("resources", {})
    scopes: dict[str, Any] = resources.get("sessions", {}).get("scopes", {})
    return scopes


def pending_packages(pipeline: dlt.Pipeline) -> list[str]:
    """Ids of the load packages that an earlier run extracted, and did not get loaded."""
    return [*pipeline.list_extracted_load_packages(), *pipeline.list_normalized_load_packages()]
