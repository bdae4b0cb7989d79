"""What a command takes is that of all its processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks.measuring import Measured, measure

ROOT = Path(__file__).parents[2]
LARGE = 120  # MiB
HOLDING = f"import time; held = b'x' * ({LARGE} * 1024 * 1024); time.sleep(0.3)"
WORKING = "import time\nwhile time.process_time() < 0.4: pass"


def run(folder: Path, program: str) -> Measured:
    command = [sys.executable, "-c", program]
    return measure(command, dict(os.environ), folder, folder / "output.txt")


def in_a_child(program: str) -> str:
    return f"import subprocess, sys; subprocess.run([sys.executable, '-c', {program!r}])"


def test_the_time_is_that_of_the_whole_process(tmp_path: Path) -> None:
    measured = run(tmp_path, "import time; time.sleep(0.3)")

    assert 0.3 <= measured.wall < 5
    assert measured.processor < 0.3
    assert measured.status == 0


@pytest.mark.parametrize("program", [WORKING, in_a_child(WORKING)], ids=["own", "of a child"])
def test_processor_time_counts_children_too(tmp_path: Path, program: str) -> None:
    assert run(tmp_path, program).processor >= 0.4


def test_memory_counts_children_too(tmp_path: Path) -> None:
    alone, with_child = run(tmp_path, HOLDING), run(tmp_path, in_a_child(HOLDING))

    assert alone.own_peak > LARGE
    assert with_child.own_peak < LARGE < with_child.peak


def test_what_a_failed_command_said_is_kept_and_shown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    measured = run(tmp_path, "import sys; print('before'); sys.exit('no such thing')")

    assert measured.status == 1
    assert "no such thing" in capsys.readouterr().err
    assert "before" in (tmp_path / "output.txt").read_text()


def test_whoever_stops_measuring_ends_what_is_measured_and_its_children(tmp_path: Path) -> None:
    child = "import os, time; print(os.getpid(), flush=True); time.sleep(60)"
    parent = f"import os; print(os.getpid(), flush=True); {in_a_child(child)}"
    measuring = (
        "import os, sys\n"
        "from pathlib import Path\n"
        "from benchmarks.measuring import end_at_sigterm, measure\n"
        "end_at_sigterm()\n"
        f"command = [sys.executable, '-c', {parent!r}]\n"
        f"measure(command, dict(os.environ), Path({str(tmp_path)!r}), Path('output.txt'))\n"
    )
    output = tmp_path / "output.txt"
    environment = dict(os.environ) | {"PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        [sys.executable, "-c", measuring],
        cwd=tmp_path,
        env=environment,
        stderr=subprocess.DEVNULL,
    ) as process:
        assert until(lambda: len(pids(output)) == 2)
        process.send_signal(signal.SIGTERM)

    assert process.returncode != 0
    assert until(lambda: not any(map(alive, pids(output))))


def pids(output: Path) -> list[int]:
    """Those that have said theirs, in whole lines."""
    said = output.read_text() if output.exists() else ""
    return [int(line) for line in said.splitlines(keepends=True) if line.endswith("\n")]


def alive(pid: int) -> bool:
    """Whether it still computes: one that has ended and waits to be asked how is not."""
    try:
        return ") Z " not in Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return False


def until(it_is_so: Callable[[], bool]) -> bool:
    """Whether it is so within 20 seconds."""
    over = time.monotonic() + 20
    while not (so := it_is_so()) and time.monotonic() < over:
        time.sleep(0.02)
    return so
