"""The pipeline that the command line works with, and what it remembers."""

import re
from typing import Any

import dlt
from dlt.common.destination.client import WithStateSync
from dlt.common.destination.exceptions import DestinationUndefinedEntity
from dlt.pipeline.state_sync import load_pipeline_state_from_destination

from sources.devin.errors import DestinationUnsuitable
from sources.devin.merging import duckdb_file

from .file import choose_folder, keep_memory_small

DEFAULT_DESTINATION = "duckdb"
DEFAULT_DATASET = "devin"
_NOT_IN_NAMES = re.compile(r"\W")
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
    keep_memory_small()
    choose_folder(pipeline)
    return pipeline


def _factory(destination: str) -> Any:
    """What dlt makes the destination of: for DuckDB one that merges faster, and is the same."""
    if destination != "duckdb":
        return destination
    from sources.devin.direct import DirectDuckdb  # noqa: PLC0415 - takes DuckDB to be installed

    return DirectDuckdb()


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


def refuse_strangers(pipeline: dlt.Pipeline) -> None:
    """Make sure that no table of somebody else's has the name of one that is to be made.

    To be asked where the destination holds no state, since tables without one may be anybody's. A
    table is not ours if it lacks a column that every row of ours has.

    Raises:
        DestinationUnsuitable: There is such a table.
    """
    if not has_dataset(pipeline):
        return
    # Only before the first load.
    from dlt.destinations.job_client_impl import SqlJobClientBase  # noqa: PLC0415

    from sources.devin.tables import TABLES  # noqa: PLC0415
    from sources.devin.usage_tables import USAGE_TABLES  # noqa: PLC0415

    needed = {
        table.name: {column.name for column in table.columns if column.required}
        for table in (*TABLES, *USAGE_TABLES)
    }
    with pipeline.destination_client() as client:
        if not isinstance(client, SqlJobClientBase):
            return
        found = dict(client.get_storage_tables(needed))
    strange = [
        name
        for name, columns in found.items()
        if columns and not needed[name] <= {column.lower() for column in columns}
    ]
    if strange:
        raise DestinationUnsuitable(
            f"{location(pipeline)} has tables that devin-elt did not make, and whose names it "
            f"needs: {', '.join(strange)}",
            "Choose another --dataset, or rename them.",
        )


def scopes_of(state: dict[str, Any] | None) -> dict[str, Any]:
    """What each scope remembers, by its name, in the state of a pipeline."""
    sources: dict[str, Any] = (state or {}).get("sources", {})
    resources = sources.get("devin", {}).get("resources", {})
    scopes: dict[str, Any] = resources.get("sessions", {}).get("scopes", {})
    return scopes


def pending_packages(pipeline: dlt.Pipeline) -> list[str]:
    """Ids of the load packages that an earlier run extracted, and did not get loaded."""
    return [*pipeline.list_extracted_load_packages(), *pipeline.list_normalized_load_packages()]
