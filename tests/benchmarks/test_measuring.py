"""What a command takes is that of all its processes."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from benchmarks.measuring import Measured, measure

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
