"""Every command that the documents show does what it is shown for.

Blocks run as they are written, in an empty folder, against the demo. Programs that would install
something, or run these tests again, are stood in for: what they are asked for is looked at instead.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from pipelines.devin.demo_api import DemoServer
from tests.docs.reading import ROOT, Block, blocks

BIN = Path(sys.executable).parent
STOOD_IN_FOR = ("make", "uv", "pip", "python3", "dlt", ".venv/bin/pip")
WRITTEN_DATABASE = "postgresql://loader:password@localhost:5432/warehouse"

SHELL = blocks("sh")
REPEATING = [block for block in SHELL if "--every" in block.text]
POSTGRES = [block for block in SHELL if "postgresql://" in block.text]
LOADING = [
    block for block in SHELL if "devin-elt" in block.text and block not in [*REPEATING, *POSTGRES]
]
(LOOKING,) = (block for block in SHELL if "import duckdb" in block.text)
OTHERS = [block for block in SHELL if block not in [*REPEATING, *POSTGRES, *LOADING, LOOKING]]

pytestmark = pytest.mark.usefixtures("demo_settings")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder where the commands of the documents are found."""
    for name in STOOD_IN_FOR:
        path = tmp_path / (name if "/" in name else f"bin/{name}")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f'#!/bin/sh\necho {name.rpartition("/")[2]} "$@" >> "{tmp_path}/asked"\n')
        path.chmod(0o755)
    (tmp_path / ".venv" / "bin" / "activate").touch()
    monkeypatch.setenv("PATH", os.pathsep.join([f"{tmp_path}/bin", str(BIN), os.environ["PATH"]]))
    monkeypatch.setenv("COLUMNS", "200")
    return tmp_path


@pytest.mark.parametrize("block", LOADING, ids=str)
def test_a_command_runs(block: Block, folder: Path) -> None:
    said = shell(block.text, folder)

    check_what_was_asked(folder)
    if "devin-elt sync" in block.text:
        assert "120 sessions" in said
        assert (folder / "devin_warehouse.duckdb").exists()
        assert "count_star()" in shell(LOOKING.text, folder)


@pytest.mark.parametrize("block", OTHERS, ids=str)
def test_what_is_not_ours_is_asked_for_rightly(block: Block, folder: Path) -> None:
    shell(block.text, folder)

    check_what_was_asked(folder)


@pytest.mark.parametrize("block", POSTGRES, ids=str)
def test_another_destination_is_loaded(block: Block, folder: Path, postgres_uri: str) -> None:
    assert WRITTEN_DATABASE in block.text

    said = shell(block.text.replace(WRITTEN_DATABASE, postgres_uri), folder)

    assert "120 sessions" in said
    assert list(folder.glob("*.duckdb")) == []


@pytest.mark.parametrize("block", REPEATING, ids=str)
@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_a_schedule_goes_on_until_it_is_stopped(
    block: Block, folder: Path, stop: signal.Signals
) -> None:
    command = shlex.split(block.text)
    with subprocess.Popen(
        command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as running:
        assert running.stderr is not None
        for line in running.stderr:
            if "next cycle in" in line:
                break
        running.send_signal(stop)
        said, _ = running.communicate(timeout=20)

    assert running.returncode == 0
    assert "120 sessions" in said


@pytest.mark.parametrize("block", blocks("python"), ids=str)
def test_a_script_runs(
    block: Block,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.syspath_prepend(ROOT / "sources")

    exec(compile(block.text, block.document, "exec"), {})  # noqa: S102 - that is the point

    assert (tmp_path / "devin_warehouse.duckdb").exists()


@pytest.mark.parametrize("block", blocks("yaml"), ids=str)
def test_a_workflow_is_one(block: Block) -> None:
    workflow = yaml.safe_load(block.text)

    steps = workflow["jobs"]["sync"]["steps"]
    assert [step["run"] for step in steps if "run" in step] == [
        "pip install '.[postgres]'",
        "devin-elt sync --destination postgres",
    ]


def shell(text: str, folder: Path) -> str:
    """Run a block as it is written, in the words of what it prints."""
    done = subprocess.run(
        ["sh", "-eu", "-c", text],
        cwd=folder,
        check=False,
        capture_output=True,
        stdin=subprocess.DEVNULL,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def check_what_was_asked(folder: Path) -> None:
    """Look at what the stand-ins were asked for."""
    record = folder / "asked"
    for line in record.read_text().splitlines() if record.exists() else []:
        program, *arguments = shlex.split(line)
        if program == "make":
            assert arguments[0] in targets(), line
        elif program == "uv":
            check_uv(arguments)
        elif program == "pip":
            assert arguments[0] == "install", line
        elif program == "python3":
            assert arguments == ["-m", "venv", ".venv"]
        else:
            # `tests/init` runs this one.
            assert arguments[:4] == ["init", "devin", "duckdb", "--location"], line


def targets() -> set[str]:
    return set(re.findall(r"(?m)^([a-z]+):.*## ", (ROOT / "Makefile").read_text()))


def check_uv(arguments: list[str]) -> None:
    """Every option is one of uv's, as far as there is a uv to ask; every file is there."""
    ends = arguments.index("--no-sync") + 1 if arguments[0] == "run" else len(arguments)
    said, program = arguments[:ends], arguments[ends:]
    if program:
        assert (BIN / program[0]).exists(), program
    assert [word for word in said if word.endswith(".lock") and not (ROOT / word).exists()] == []
    if uv := shutil.which("uv", path=f"{ROOT}/build/lock/bin:{os.defpath}"):
        verb = said[:2] if said[0] == "pip" else said[:1]
        known = subprocess.run(
            [uv, *verb, "--help"], check=True, capture_output=True, text=True
        ).stdout
        assert [word for word in said if word.startswith("--") and word not in known] == []


def test_the_demo_is_the_one_that_is_written(demo: DemoServer) -> None:
    assert len(demo.world.items("org-demo")) == 120
