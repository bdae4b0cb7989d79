"""The sessions through a plain dlt resource that yields the items of each page.

    python dicts_pipeline.py [parquet]

Everything is as dlt sets it, but for the format of the load files where one is named.
"""

import os
import sys
from collections.abc import Iterator
from typing import Any

import dlt
import httpx


@dlt.resource(primary_key="session_id", write_disposition="merge")
def sessions(
    updated_at: dlt.sources.incremental[int] = dlt.sources.incremental(  # noqa: B008 - as dlt has it
        "updated_at", initial_value=0
    ),
) -> Iterator[list[dict[str, Any]]]:
    """The items of each page."""
    address = f"/v3/organizations/{os.environ['DEVIN_ORG_ID']}/sessions"
    headers = {"Authorization": f"Bearer {os.environ['DEVIN_API_KEY']}"}
    params: dict[str, Any] = {"first": 200, "updated_after": updated_at.start_value}
    with httpx.Client(base_url=os.environ["DEVIN_BASE_URL"], headers=headers) as client:
        while True:
            response = client.get(address, params=params)
            response.raise_for_status()
            page = response.json()
            yield page["items"]
            if not page["has_next_page"]:
                return
            params["after"] = page["end_cursor"]


def main() -> None:
    """Load what is new into `devin_warehouse.duckdb` in the working folder."""
    pipeline = dlt.pipeline("devin_warehouse", destination="duckdb", dataset_name="devin")
    told = {"loader_file_format": sys.argv[1]} if len(sys.argv) > 1 else {}
    pipeline.run(sessions(), **told)


if __name__ == "__main__":
    main()
