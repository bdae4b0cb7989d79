"""The pipeline that the command line works with, and what it remembers."""

import re
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
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

_DUCKDB_THREADS = 1
"""How many threads it has: two of them take twice the processor time for a merge, and as long."""

DUCKDB_FORMAT = "v1.3.0"
"""The oldest DuckDB that reads a file made here. By default that is 1.0, whose way to make text
small takes a sixth more time for all that is loaded, and a tenth more room."""

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
        _NOT_IN_NAMES.sub("_", name), destination=_factory(destination), dataset_name=dataset
    )
    # Whoever runs it decides what a signal does (see `stopping`); dlt's way forgets one that comes
    # while it loads.
    pipeline.runtime_config.intercept_signals = False
    _keep_memory_small()
    return pipeline


def _factory(destination: str) -> Any:
    """What dlt makes the destination of: for DuckDB one that merges faster, and is the same."""
    if destination != "duckdb":
        return destination
    from sources.devin.direct import DirectDuckdb  # noqa: PLC0415 - takes DuckDB to be installed

    return DirectDuckdb()


@contextmanager
def held_open(pipeline: dlt.Pipeline, *, create: bool = False) -> Iterator[None]:
    """Keep a DuckDB file open in the block, so that it is opened, and written through, once.

    DuckDB writes its log into the file whenever the last connection closes, and dlt opens one for
    each thing it does. Nobody else can open the file meanwhile, so the block is not to wait for
    the API.

    Args:
        pipeline: The pipeline; where it does not load into a file, nothing is done.
        create: Whether to make the file if it is not there.

    Raises:
        Exception: Whatever dlt raises where the file cannot be opened, or is held by another.
    """
    file = duckdb_file(pipeline)
    if file and create:
        _make(file)
    with pipeline.sql_client() if file and (create or file.exists()) else nullcontext():
        yield


def _make(file: Path) -> None:
    """Make a DuckDB file, if there is none: it keeps the format that it is made with."""
    if file.exists():
        return
    import duckdb  # noqa: PLC0415 - slow to import, and there is one destination that needs it

    # What is in the way dlt meets again, and says it as it says all that is wrong with a file.
    with suppress(duckdb.Error):
        duckdb.connect(file, config={"storage_compatibility_version": DUCKDB_FORMAT}).close()


def _keep_memory_small() -> None:
    """Settings of dlt and DuckDB for a load whose memory does not grow, where nobody set them."""
    if dlt.config.get(_NEXT_ITEM) is None:
        dlt.config[_NEXT_ITEM] = "fifo"
    if dlt.secrets.get(_OF_DUCKDB) is None:
        dlt.secrets[_OF_DUCKDB] = _duckdb_config(DUCKDB_MEMORY)


def give_duckdb_memory() -> bool:
    """Let DuckDB take what it wants from now on; whether that is more than it was given."""
    given: Any = dlt.secrets.get(_OF_DUCKDB)
    small: bool = given == _duckdb_config(DUCKDB_MEMORY)
    if small:
        dlt.secrets[_OF_DUCKDB] = _duckdb_config(DUCKDB_MEMORY_AT_MOST)
    return small


def _duckdb_config(memory: str) -> dict[str, Any]:
    return {"memory_limit": memory, "threads": _DUCKDB_THREADS}


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
