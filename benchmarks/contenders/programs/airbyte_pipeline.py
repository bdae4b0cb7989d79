"""The sessions through PyAirbyte, from a low-code manifest into a cache of DuckDB."""

import os
from pathlib import Path

import airbyte as ab
from airbyte.caches import DuckDBCache


def main() -> None:
    """Load what is new into `devin_warehouse.duckdb` in the working folder."""
    source = ab.get_source(
        "source-devin",
        source_manifest=Path(__file__).with_name("airbyte_manifest.yaml"),
        config={
            name: os.environ[f"DEVIN_{name.upper()}"] for name in ("base_url", "org_id", "api_key")
        },
    )
    source.select_all_streams()
    source.read(cache=DuckDBCache(db_path="devin_warehouse.duckdb", schema_name="devin"))


if __name__ == "__main__":
    main()
