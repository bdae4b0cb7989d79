"""The pipeline that the command line works with, and what it remembers."""

from typing import Any

import dlt

DEFAULT_DESTINATION = "duckdb"
DEFAULT_DATASET = "devin"
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
    return dlt.pipeline(name, destination=destination, dataset_name=dataset)


def scopes_of(pipeline: dlt.Pipeline) -> dict[str, Any]:
    """What each scope remembers, by its name, as the pipeline's local state has it."""
    state: dict[str, Any] = pipeline.state.get("sources", {}).get("devin", {})
    scopes: dict[str, Any] = state.get("resources", {}).get("sessions", {}).get("scopes", {})
    return scopes


def pending_packages(pipeline: dlt.Pipeline) -> int:
    """Load packages that an earlier run extracted, and did not get loaded."""
    extracted = pipeline.list_extracted_load_packages()
    return len(extracted) + len(pipeline.list_normalized_load_packages())
