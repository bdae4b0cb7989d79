"""The sessions through dlt's `rest_api` source, as its documentation shows it.

    python rest_api_pipeline.py [parquet]

Everything is as dlt sets it, but for the format of the load files where one is named.
"""

import os
import sys

import dlt
from dlt.sources.rest_api import RESTAPIConfig, rest_api_source

CONFIG: RESTAPIConfig = {
    "client": {
        "base_url": f"{os.environ['DEVIN_BASE_URL']}/v3/organizations/{os.environ['DEVIN_ORG_ID']}",
        "auth": {"type": "bearer", "token": os.environ["DEVIN_API_KEY"]},
        "paginator": {"type": "cursor", "cursor_path": "end_cursor", "cursor_param": "after"},
    },
    "resource_defaults": {"primary_key": "session_id", "write_disposition": "merge"},
    "resources": [
        {
            "name": "sessions",
            "endpoint": {
                "path": "sessions",
                "data_selector": "items",
                "params": {"first": 200, "updated_after": "{incremental.start_value}"},
                "incremental": {"cursor_path": "updated_at", "initial_value": 0},
            },
        }
    ],
}


def main() -> None:
    """Load what is new into `devin_warehouse.duckdb` in the working folder."""
    pipeline = dlt.pipeline("devin_warehouse", destination="duckdb", dataset_name="devin")
    told = {"loader_file_format": sys.argv[1]} if len(sys.argv) > 1 else {}
    pipeline.run(rest_api_source(CONFIG), **told)


if __name__ == "__main__":
    main()
