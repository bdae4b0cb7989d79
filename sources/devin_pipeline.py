"""Loads the sessions of your Devin organisation into DuckDB: run it as often as you like."""

import dlt
from devin import devin


def load_devin() -> None:
    """Load everything that is new since the last run."""
    pipeline = dlt.pipeline(
        pipeline_name="devin_warehouse", destination="duckdb", dataset_name="devin"
    )
    print(pipeline.run(devin()))


if __name__ == "__main__":
    load_devin()
