"""What `dlt init` copies works on its own, in a folder that knows nothing of this checkout."""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import duckdb
import pytest
from packaging.requirements import Requirement

from pipelines.devin.demo_api import DemoServer, World

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "sources" / "devin"


def test_what_init_copies_loads_every_session(tmp_path: Path) -> None:
    project, _ = initialised(tmp_path, "duckdb")

    with DemoServer(World.build(300)) as server:
        api = {
            "SOURCES__DEVIN__BASE_URL": server.base_url,
            "SOURCES__DEVIN__API_KEY": server.settings.token,
        }
        first = run(project, sys.executable, "devin_pipeline.py", **api)
        run(project, sys.executable, "devin_pipeline.py", **api)
        expected = len(server.world.items("org-demo"))

    assert "1 load package(s) were loaded" in first
    with duckdb.connect(str(project / "devin_warehouse.duckdb"), read_only=True) as warehouse:
        assert warehouse.sql("SELECT count(*) FROM devin.sessions").fetchall() == [(expected,)]
        assert warehouse.sql("SELECT count(*) FROM devin._dlt_loads").fetchall() == [(1,)]


def test_init_copies_the_source_and_asks_for_what_it_needs(tmp_path: Path) -> None:
    project, said = initialised(tmp_path, "postgres")

    assert first_line_of_the_source() in said
    assert {path.name for path in (project / "devin").iterdir()} >= {
        path.name for path in SOURCE.glob("*.py")
    }
    assert "destination='postgres'" in (project / "devin_pipeline.py").read_text()
    asked = tomllib.loads((project / ".dlt" / "secrets.toml").read_text())
    assert asked["sources"] == {"devin": {"api_key": "<configure me>"}}
    wanted = {Requirement(line).name for line in requirements()}
    assert {Requirement(line).name for line in lines(project / "requirements.txt")} == wanted


def test_the_requirements_are_those_of_the_project() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    ranges = {Requirement(line).name: Requirement(line) for line in project["dependencies"]}

    assert [Requirement(line) for line in requirements()] == [
        ranges[Requirement(line).name] for line in requirements()
    ]


@pytest.mark.parametrize("module", sorted(path.name for path in SOURCE.glob("*.py")))
def test_the_source_needs_nothing_else(module: str) -> None:
    provided = {Requirement(line).name for line in requirements()}
    brought_along = {"typing_extensions"}  # by dlt and by pydantic
    known = {
        name
        for name, distributions in packages_distributions().items()
        if provided.intersection(distributions)
    }

    outside = imported(SOURCE / module) - sys.stdlib_module_names

    assert outside <= known | brought_along


def initialised(folder: Path, destination: str) -> tuple[Path, str]:
    """A project that `dlt init` made, and what it said."""
    project = folder / "project"
    project.mkdir()
    init = ("dlt", "--non-interactive", "init", "devin", destination)
    return project, run(project, *init, "--location", clone(folder))


def clone(folder: Path) -> str:
    """A repository of the sources as they are in the working tree, committed or not."""
    repository = folder / "repository"
    shutil.copytree(
        ROOT / "sources", repository / "sources", ignore=shutil.ignore_patterns("__pycache__")
    )
    who = ("-c", "user.name=test", "-c", "user.email=test@localhost")
    run(repository, "git", "init", "--quiet")
    run(repository, "git", "add", "--all")
    run(repository, "git", *who, "commit", "--quiet", "--message", "sources")
    return str(repository)


def run(folder: Path, *command: str, **settings: str) -> str:
    """Run a program of this environment in a folder, in the words of what it prints."""
    environment = os.environ | {
        "HOME": str(folder),
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "DLT_DATA_DIR": str(folder / "dlt"),
    }
    done = subprocess.run(
        command,
        cwd=folder,
        env=environment | settings,
        check=False,
        capture_output=True,
        stdin=subprocess.DEVNULL,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def imported(module: Path) -> set[str]:
    """The packages that a module imports by an absolute name."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(module.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            found.add(str(node.module).partition(".")[0])
    return found


def first_line_of_the_source() -> str:
    docstring = ast.get_docstring(ast.parse((SOURCE / "__init__.py").read_text()))
    return str(docstring).splitlines()[0]


def requirements() -> list[str]:
    return lines(SOURCE / "requirements.txt")


def lines(file: Path) -> list[str]:
    return [line for line in file.read_text().splitlines() if line]
