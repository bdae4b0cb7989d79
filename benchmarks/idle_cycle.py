"""How much of an idle cycle is more than importing dlt: whole processes, in alternation.

    python -m benchmarks.idle_cycle --pairs 9

Prints the median wall time of `python -c "import dlt"`, of `devin-elt sync` where nothing has
changed, and the ratio pair by pair.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from pipelines.devin.demo_api import DemoServer, World

BAR = 2.5


def wall(command: list[str], environment: dict[str, str], folder: str) -> float:
    """Seconds that a command takes from start to exit."""
    begun = time.monotonic()
    subprocess.run(command, env=environment, cwd=folder, check=True, capture_output=True)  # noqa: S603
    return time.monotonic() - begun


def measure(sessions: int, pairs: int) -> None:
    """Load an organisation once, then time both commands by turns."""
    root = str(Path(__file__).parent.parent)
    sync = [sys.executable, "-c", "from pipelines.devin.cli import main; main()", "sync"]
    imports = [sys.executable, "-c", "import dlt"]
    with DemoServer(World.build(sessions)) as server, tempfile.TemporaryDirectory() as folder:
        environment = os.environ | {
            "PYTHONPATH": root,
            "DLT_DATA_DIR": str(Path(folder) / "dlt"),
            "RUNTIME__DLTHUB_TELEMETRY": "false",
            "SOURCES__DEVIN__BASE_URL": server.base_url,
            "SOURCES__DEVIN__API_KEY": server.settings.token,
        }
        wall(sync, environment, folder)
        wall(sync, environment, folder)
        times = [
            (wall(imports, environment, folder), wall(sync, environment, folder))
            for _ in range(pairs)
        ]
    importing, idle = (statistics.median(column) for column in zip(*times, strict=True))
    ratio = statistics.median(cycle / plain for plain, cycle in times)
    sys.stdout.write(
        f"import dlt: {importing:.2f} s, idle cycle: {idle:.2f} s, "
        f"ratio: {ratio:.2f} (bar: at most {BAR})\n"
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sessions", type=int, default=1_000)
    parser.add_argument("--pairs", type=int, default=9)
    given = parser.parse_args()
    measure(given.sessions, given.pairs)
