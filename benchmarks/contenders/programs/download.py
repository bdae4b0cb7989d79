"""The pages alone: fetched one after the other, read for the cursor, and thrown away."""

import os

import httpx
import orjson


def main() -> None:
    """Walk the listing to its last page."""
    address = f"/v3/organizations/{os.environ['DEVIN_ORG_ID']}/sessions"
    headers = {"Authorization": f"Bearer {os.environ['DEVIN_API_KEY']}"}
    params = {"first": "200"}
    with httpx.Client(base_url=os.environ["DEVIN_BASE_URL"], headers=headers) as client:
        while True:
            response = client.get(address, params=params)
            response.raise_for_status()
            page = orjson.loads(response.content)
            if not page["has_next_page"]:
                return
            params["after"] = page["end_cursor"]


if __name__ == "__main__":
    main()
