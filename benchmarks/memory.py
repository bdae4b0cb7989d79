"""How much memory a first load takes, and whether it depends on how much there is to load.

    python -m benchmarks.memory --sessions 100000 1000000

Prints the peak of resident memory of `devin-elt sync` into DuckDB, children included, while the
API runs in another process. Ends with 1 where it misses a bar.
"""

import argparse
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

from pipelines.devin.demo_api import World

from .loading import ended_well, environment, load_average, say, start
from .serving import ServerProcess

LARGEST = 450  # MiB, for the largest load
GROWTH = 1.25  # the largest load against the smallest
_A_LOOK = 0.02  # seconds between two looks
_KIB_A_MIB = 1024


def peak(sessions: int) -> tuple[float, float]:
    """Load an organisation for the first time; the peak in MiB, and how long it took."""
    with (
        tempfile.TemporaryDirectory() as temporary,
        ServerProcess(partial(World.build, sessions)) as server,
    ):
        folder = Path(temporary)
        begun = time.monotonic()
        process = start(folder, environment(server, folder))
        highest = 0
        while process.poll() is None:
            highest = max(highest, *_tree(process.pid))
            time.sleep(_A_LOOK)
        if not ended_well(process, folder):
            sys.exit("the load failed")
        return highest / _KIB_A_MIB, time.monotonic() - begun


def _tree(pid: int) -> tuple[int, int]:
    """The peak of a process so far, and what it has now with all its descendants, in KiB."""
    status = _status(pid)
    return status.get("VmHWM", 0), status.get("VmRSS", 0) + sum(
        _tree(child)[1] for child in _children(pid)
    )


def _children(pid: int) -> list[int]:
    try:
        listed = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    except OSError:
        return []  # it has just ended
    return [int(child) for child in listed.split()]


def _status(pid: int) -> dict[str, int]:
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return {}
    return {line.split(":")[0]: int(line.split()[1]) for line in lines if line.startswith("Vm")}


def measure(sizes: list[int]) -> bool:
    """Load each size; whether both bars are met."""
    peaks = {}
    for sessions in sizes:
        peaks[sessions], seconds = peak(sessions)
        say(
            f"{sessions:,} sessions: peak {peaks[sessions]:.0f} MiB, {seconds:.0f} s "
            f"(load average {load_average()})"
        )
    largest, ratio = peaks[max(sizes)], peaks[max(sizes)] / peaks[min(sizes)]
    say(f"largest: {largest:.0f} MiB (bar: below {LARGEST})")
    say(f"largest to smallest: {ratio:.2f} (bar: at most {GROWTH})")
    return largest < LARGEST and ratio <= GROWTH


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sessions", type=int, nargs="+", default=[100_000, 1_000_000])
    sys.exit(not measure(parser.parse_args().sessions))
