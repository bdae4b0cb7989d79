"""What is shipped, what is locked, and what `make` says about itself."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent
SHIPPED = ("sources/devin", "pipelines/devin", "schemas")


@pytest.fixture(scope="module")
def project() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text())


@pytest.fixture(scope="module")
def locked() -> dict[str, tuple[str, int]]:
    """The version of each locked distribution, and how many hashes it has."""
    found = {}
    for block in re.split(r"\n(?=\S)", (ROOT / "requirements.lock").read_text().strip()):
        pin = re.match(r"([\w.-]+)==([^\s;]+)", block)
        assert pin is not None, block
        found[pin[1]] = (pin[2], len(re.findall(r"--hash=sha256:[0-9a-f]{64}", block)))
    return found


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    (built,) = folder.glob("devin_elt-*-py3-none-any.whl")
    return zipfile.ZipFile(built)


def test_the_wheel_has_every_module_and_nothing_else(wheel: zipfile.ZipFile) -> None:
    modules = {
        path.relative_to(ROOT).as_posix()
        for folder in SHIPPED
        for path in (ROOT / folder).rglob("*.py")
    }
    packed = {name for name in wheel.namelist() if ".dist-info/" not in name}

    assert modules <= packed
    assert {name for name in packed if name.endswith(".py")} == modules
    assert all(name.startswith(tuple(f"{folder}/" for folder in SHIPPED)) for name in packed)


def test_the_wheel_has_the_contracts_and_the_readme(wheel: zipfile.ZipFile) -> None:
    files = (path for path in (ROOT / "schemas").rglob("*") if path.is_file())
    contracts = {path.relative_to(ROOT).as_posix() for path in files}
    (metadata,) = (name for name in wheel.namelist() if name.endswith(".dist-info/METADATA"))

    assert contracts <= set(wheel.namelist())
    assert (ROOT / "README.md").read_text() in wheel.read(metadata).decode()


def test_the_wheel_leaves_the_namespaces_open(wheel: zipfile.ZipFile) -> None:
    assert not {"sources/__init__.py", "pipelines/__init__.py"} & set(wheel.namelist())


def test_the_wheel_installs_the_command(wheel: zipfile.ZipFile) -> None:
    (entry_points,) = (name for name in wheel.namelist() if name.endswith("entry_points.txt"))

    assert "devin-elt = pipelines.devin.cli:main" in wheel.read(entry_points).decode()


def test_the_lock_pins_everything_the_project_asks_for(
    project: dict[str, Any], locked: dict[str, tuple[str, int]]
) -> None:
    asked = [
        *project["build-system"]["requires"],
        *project["project"]["dependencies"],
        *(line for extra in project["project"]["optional-dependencies"].values() for line in extra),
        *project["dependency-groups"]["dev"],
    ]
    for line in asked:
        requirement = Requirement(line)
        version, _ = locked[canonicalize_name(requirement.name)]
        assert requirement.specifier.contains(version), f"{line} is locked at {version}: make lock"


def test_every_locked_distribution_has_its_hashes(locked: dict[str, tuple[str, int]]) -> None:
    assert [name for name, (_, hashes) in locked.items() if hashes == 0] == []


def test_the_lock_names_no_address_and_no_option() -> None:
    text = (ROOT / "requirements.lock").read_text()

    assert "://" not in text
    assert re.findall(r"(?m)^\s*--(?!hash=sha256:).*", text) == []


def test_make_says_what_it_can_do() -> None:
    printed = make(ROOT)

    assert printed.returncode == 0
    described = re.findall(r"(?m)^  make (\w+) +\S", printed.stdout)
    assert described == [
        "help",
        "demo",
        "test",
        "check",
        "format",
        "schemas",
        "bench",
        "lock",
        "clean",
    ]


def test_make_refuses_an_old_python(tmp_path: Path) -> None:
    for name in ("Makefile", "pyproject.toml", "requirements.lock"):
        shutil.copy(ROOT / name, tmp_path)
    old = tmp_path / "python3.9"
    old.write_text('#!/bin/sh\n[ "$1" = -V ] && echo Python 3.9.2 || exit 1\n')
    old.chmod(0o755)

    refused = make(tmp_path, "demo", f"PYTHON={old}")

    assert refused.returncode != 0
    assert "Python 3.9.2, and devin-elt needs Python 3.11 or newer" in refused.stderr


def test_make_asks_for_a_python_where_there_is_none(tmp_path: Path) -> None:
    for name in ("Makefile", "pyproject.toml", "requirements.lock"):
        shutil.copy(ROOT / name, tmp_path)

    refused = make(tmp_path, "demo", "PYTHON=no-such-python")

    assert refused.returncode != 0
    assert "no no-such-python here; name one with: make PYTHON=" in refused.stderr


def make(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run make as if no other make had started these tests."""
    environment = {name: os.environ[name] for name in os.environ if not name.startswith("MAKE")}
    return subprocess.run(
        ["make", "--no-print-directory", *arguments],
        cwd=folder,
        check=False,
        capture_output=True,
        text=True,
        env=environment,
    )
