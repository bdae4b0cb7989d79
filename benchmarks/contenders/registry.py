"""What a user would otherwise pick to load the v3 listing into DuckDB, each as one process.

A contender is run in a folder of its own and writes nowhere else; run there again, it loads what
changed since. Each is written the way its own documentation shows, and what its title does not
name is left as it comes. Every one asks for 200 sessions a page, the most that the API gives.

`airbyte` saves where it got to, but PyAirbyte 0.71.3 does not give that back to a source that is a
manifest (its pull request 1164 is to change that), so each of its runs reads everything.
`singer` loses something: target-duckdb 0.8.0 writes an empty title as null.

`download` and `import-dlt` load nothing: they say how long the pages alone take to come, and how
long a process takes before dlt can begin.
"""

import json
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from .venvs import install, python_of

_ROOT = Path(__file__).parent.parent.parent
_PROGRAMS = Path(__file__).parent / "programs"


@dataclass(frozen=True)
class Contender:
    """One way of loading.

    Attributes:
        name: What it is called on the command line.
        title: What it is called on a page.
        arguments: What its Python is told: a program of ours, `-m` or `-c`.
        group: The environment it needs, as in `requirements`; None for ours.
        database: The DuckDB file that it writes; empty where it writes none.
        sessions_table: The table of its sessions, with the schema; empty as above.
        updated_column: SQL for `updated_at` in epoch seconds there; None as above.
        incremental: Whether it asks only for what changed where it has run before.
    """

    name: str
    title: str
    arguments: tuple[str, ...]
    group: str | None = None
    database: str = "devin_warehouse.duckdb"
    sessions_table: str = "devin.sessions"
    updated_column: str | None = "updated_at"
    incremental: bool = True

    @property
    def command(self) -> list[str]:
        """The process, to be started in its folder."""
        return [python_of(self.group), *self.arguments]

    def environment(self, base_url: str, token: str, org_id: str, folder: Path) -> dict[str, str]:
        """All its environment variables; makes the folders that they name.

        Args:
            base_url: Where the API is.
            token: What it accepts.
            org_id: The organisation to load.
            folder: The only place that it may write to.
        """
        home, temporary = folder / "home", folder / "tmp"
        for needed in (home, temporary):
            needed.mkdir(parents=True, exist_ok=True)
        found = {"PYTHONPATH": str(_ROOT)} if self.group is None else {}
        return {
            **found,
            "PATH": os.environ.get("PATH", os.defpath),
            "LANG": "C.UTF-8",
            "NO_PROXY": "127.0.0.1,localhost",
            "HOME": str(home),
            "XDG_CACHE_HOME": str(home / ".cache"),
            "XDG_CONFIG_HOME": str(home / ".config"),
            "XDG_DATA_HOME": str(home / ".local" / "share"),
            "TMPDIR": str(temporary),
            # What devin-elt reads, and what the programs here do.
            "SOURCES__DEVIN__BASE_URL": base_url,
            "SOURCES__DEVIN__API_KEY": token,
            "SOURCES__DEVIN__ORG_IDS": json.dumps([org_id]),
            "SOURCES__DEVIN__USAGE_EVERY": "0",  # the others load the listing alone
            "DEVIN_BASE_URL": base_url,
            "DEVIN_API_KEY": token,
            "DEVIN_ORG_ID": org_id,
            # Nobody is told, and nothing is asked of another machine.
            "DLT_DATA_DIR": str(folder / "dlt"),
            "RUNTIME__DLTHUB_TELEMETRY": "false",
            "DO_NOT_TRACK": "1",
            "AIRBYTE_OFFLINE_MODE": "1",
            "AIRBYTE_LOGGING_ROOT": str(folder / "logs"),
        }


def _program(name: str, *arguments: str) -> tuple[str, ...]:
    return (str(_PROGRAMS / name), *arguments)


_ALL = (
    Contender(
        name="devin-elt",
        title="devin-elt sync",
        arguments=("-c", "from pipelines.devin.cli import main; main()", "sync"),
        updated_column="epoch(updated_at)::BIGINT",
    ),
    Contender(
        name="rest-api",
        title="dlt's rest_api source",
        arguments=_program("rest_api_pipeline.py"),
    ),
    Contender(
        name="rest-api-parquet",
        title="dlt's rest_api source, parquet load files",
        arguments=_program("rest_api_pipeline.py", "parquet"),
    ),
    Contender(
        name="dicts",
        title="a dlt resource that yields dicts",
        arguments=_program("dicts_pipeline.py"),
    ),
    Contender(
        name="dicts-parquet",
        title="a dlt resource that yields dicts, parquet load files",
        arguments=_program("dicts_pipeline.py", "parquet"),
    ),
    Contender(
        name="singer",
        title="a Singer tap (singer-sdk) into target-duckdb",
        arguments=_program("singer_pipe.py"),
        group="singer",
    ),
    Contender(
        name="airbyte",
        title="an Airbyte low-code manifest in PyAirbyte",
        arguments=_program("airbyte_pipeline.py"),
        group="airbyte",
        incremental=False,  # it keeps its state, and does not hand it to a source of a manifest
    ),
    Contender(
        name="hand-written",
        title="a script by hand: httpx and DuckDB",
        arguments=_program("hand_written.py"),
        sessions_table="main.sessions",
        updated_column="epoch(updated_at)::BIGINT",
    ),
    Contender(
        name="download",
        title="the pages alone, thrown away",
        arguments=_program("download.py"),
        database="",
        sessions_table="",
        updated_column=None,
        incremental=False,
    ),
    Contender(
        name="import-dlt",
        title="import dlt",
        arguments=("-c", "import dlt"),
        database="",
        sessions_table="",
        updated_column=None,
        incremental=False,
    ),
)

CONTENDERS: dict[str, Contender] = {contender.name: contender for contender in _ALL}
"""All of them, by name."""


def prepare(names: Iterable[str]) -> None:
    """Install what some contenders need and is not installed yet.

    Args:
        names: The contenders.

    Raises:
        subprocess.CalledProcessError: pip could not install it; it said why.
    """
    for group in sorted({CONTENDERS[name].group or "" for name in names} - {""}):
        install(group)
