"""How much of an idle cycle is more than importing dlt: whole processes, in alternation.

    python -m benchmarks.idle_cycle --pairs 9

Prints the median wall time of `python -c "import dlt"`, of `devin-elt sync` where nothing has
changed, and the ratio pair by pair; then the same of CPU time, which other work on the machine
disturbs less.
"""

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from pipelines.devin.demo_api import DemoServer, World

BAR = 1.9


class Took(NamedTuple):
    """What a command took from start to exit, in seconds."""

    wall: float
    cpu: float


def took(command: list[str], environment: dict[str, str], folder: str) -> Took:
    """Run a command to its end."""
    begun, used = time.monotonic(), _cpu()
    subprocess.run(command, env=environment, cwd=folder, check=True, capture_output=True)  # noqa: S603
    return Took(time.monotonic() - begun, _cpu() - used)


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


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
        # What is installed is compiled once, and so is this from the first run on.
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        took(sync, environment, folder)
        took(sync, environment, folder)
        times = [
            (took(imports, environment, folder), took(sync, environment, folder))
            for _ in range(pairs)
        ]
    for kind, bar in (("wall", f" (bar: at most {BAR})"), ("cpu", "")):
        couples = [(getattr(plain, kind), getattr(idle, kind)) for plain, idle in times]
        importing, idle = (statistics.median(column) for column in zip(*couples, strict=True))
        ratio = statistics.median(cycle / plain for plain, cycle in couples)
        sys.stdout.write(
            f"{kind}: import dlt {importing:.2f} s, idle cycle {idle:.2f} s, "
            f"ratio {ratio:.2f}{bar}\n"
        )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sessions", type=int, default=1_000)
    parser.add_argument("--pairs", type=int, default=9)
    given = parser.parse_args()
    measure(given.sessions, given.pairs)
