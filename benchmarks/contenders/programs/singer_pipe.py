"""The tap piped into target-duckdb; the state that the target gave back is kept for the next run.

tap --config tap.json --state state.json | target-duckdb --config target.json > states
tail -1 states > state.json
"""

import json
import os
import subprocess
import sys
from pathlib import Path

_TAP = Path(__file__).with_name("tap_devin.py")
_TARGET = Path(sys.executable).with_name("target-duckdb")
_STATE = Path("state.json")


def main() -> None:
    """Load what is new into `devin_warehouse.duckdb` here; both have to end well."""
    options = {
        name: os.environ[f"DEVIN_{name.upper()}"] for name in ("base_url", "org_id", "api_key")
    }
    Path("tap.json").write_text(json.dumps(options))
    Path("target.json").write_text(
        json.dumps({"path": "devin_warehouse.duckdb", "default_target_schema": "devin"})
    )
    since = ["--state", str(_STATE)] if _STATE.exists() else []
    tap = subprocess.Popen(  # noqa: S603 - our own program
        [sys.executable, str(_TAP), "--config", "tap.json", *since], stdout=subprocess.PIPE
    )
    target = subprocess.run(  # noqa: S603 - as above
        [str(_TARGET), "--config", "target.json"],
        stdin=tap.stdout,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    if tap.wait():
        sys.exit(tap.returncode)
    states = target.stdout.splitlines()
    if states:
        _STATE.write_text(states[-1])


if __name__ == "__main__":
    main()
