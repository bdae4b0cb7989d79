"""`devin-elt sync` as a process of its own, in a folder of its own."""

import os
import subprocess
import sys
from pathlib import Path

from .prepared import PreparedServer
from .serving import ServerProcess

COMMAND = [sys.executable, "-c", "from pipelines.devin.cli import main; main()", "sync"]
_ROOT = Path(__file__).parent.parent


def environment(
    server: ServerProcess | PreparedServer, folder: Path, **options: object
) -> dict[str, str]:
    """What a sync needs to know; options are those of the source."""
    given = {f"SOURCES__DEVIN__{name.upper()}": str(value) for name, value in options.items()}
    return {
        **os.environ,
        "PYTHONPATH": str(_ROOT),
        "DLT_DATA_DIR": str(folder / "dlt"),
        "RUNTIME__DLTHUB_TELEMETRY": "false",
        "SOURCES__DEVIN__BASE_URL": server.base_url,
        "SOURCES__DEVIN__API_KEY": server.token,
        **given,
    }


def start(folder: Path, told: dict[str, str]) -> subprocess.Popen[bytes]:
    """Begin a sync; what it says goes to a file beside its warehouse."""
    with (folder / "output.txt").open("ab") as output:
        return subprocess.Popen(  # noqa: S603 - our own program
            COMMAND, env=told, cwd=folder, stdin=subprocess.DEVNULL, stdout=output, stderr=output
        )


def ended_well(process: subprocess.Popen[bytes], folder: Path) -> bool:
    """Wait for a sync; say what it said where it failed."""
    if process.wait() == 0:
        return True
    sys.stderr.write((folder / "output.txt").read_text())
    return False


def load_average() -> str:
    """How busy the machine is, to be quoted beside a figure."""
    return " ".join(f"{value:.2f}" for value in os.getloadavg())


def say(text: str) -> None:
    """Print at once, as the next step may take a while."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()
