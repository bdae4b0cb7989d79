"""The demo: the real pipeline against a made-up organisation, over HTTP, on this machine."""

import os
import shutil
from pathlib import Path

import duckdb
from rich.console import Console
from rich.table import Table

from .demo_api import DemoServer, Settings, World, serve_forever
from .display import showing
from .sync import SyncResult, sync
from .warehouse import open_pipeline
from .words import sync_in_words

DAY = 86_400
DATABASE = "devin_warehouse.duckdb"

FIRST_LOOK = {
    "Where the ACUs went, month by month": """
        SELECT strftime(created_at, '%Y-%m') AS month,
               count(*) AS sessions,
               round(sum(acus_consumed), 1) AS acus,
               round(avg(acus_consumed), 2) AS acus_per_session
        FROM devin.sessions
        GROUP BY month
        ORDER BY month
    """,
    "What they bought: repositories with the most merged pull requests": """
        SELECT repository,
               count(DISTINCT pr_url) AS pull_requests,
               count(DISTINCT pr_url) FILTER (pr_state = 'merged') AS merged
        FROM devin.session_pull_requests
        GROUP BY repository
        ORDER BY merged DESC, repository
        LIMIT 5
    """,
    "How one session grew between the two syncs": """
        SELECT session_id, updated_at, status, acus_consumed
        FROM devin.session_snapshots
        WHERE session_id = (
            SELECT session_id FROM devin.session_snapshots
            GROUP BY session_id ORDER BY max(acus_consumed) - min(acus_consumed) DESC LIMIT 1
        )
        ORDER BY updated_at
    """,
}


def run_demo(folder: Path, sessions: int) -> None:
    """Load a made-up organisation, let two days pass, load again, and look at the ACUs.

    Args:
        folder: Where the warehouse goes. What an earlier demo left there is removed first.
        sessions: Sessions of the organisation.
    """
    console = Console(highlight=False)
    folder = folder.absolute()
    _empty(folder)
    console.print(f"[bold]1.[/] Making up an organisation of {sessions:,} sessions")
    world = World.build(sessions)
    with DemoServer(world) as server, _configured(folder, server):
        console.print(f"   its API is at {server.base_url}")
        console.print(f"[bold]2.[/] First sync into {_shown(folder / DATABASE)}")
        first = _sync_once(console)
        console.print("[bold]3.[/] Two days pass: sessions start, work, end; pull requests merge")
        world.advance(2 * DAY)
        console.print("[bold]4.[/] Second sync: only what changed")
        second = _sync_once(console)
        _compare(console, first, second)
    console.print("[bold]5.[/] A first look")
    _look(console, folder / DATABASE)
    console.print(
        f"\nThe warehouse stays at {_shown(folder / DATABASE)}: open it with any DuckDB client. "
        "For your own organisation: devin-elt check, then devin-elt sync.",
        soft_wrap=True,
    )


def serve_demo_api(port: int, sessions: int, seed: int) -> None:
    """Serve the made-up organisation until stopped, and say how to point a sync at it.

    Args:
        port: Port on loopback.
        sessions: Sessions of the organisation.
        seed: Another seed, another organisation.
    """
    settings = Settings()
    console = Console(highlight=False)
    address = f"http://127.0.0.1:{port}"
    console.print(
        f"The demo API serves {sessions:,} sessions at {address} until Ctrl-C. "
        "In another terminal:\n\n"
        f"  export SOURCES__DEVIN__BASE_URL={address}\n"
        f"  export SOURCES__DEVIN__API_KEY={settings.token}\n"
        "  devin-elt sync\n\n"
        "Its clock stands still until you move it, here by a day:\n\n"
        f"  curl -X POST {address}/demo/advance -d '{{\"seconds\": {DAY}}}'",
        soft_wrap=True,
    )
    serve_forever(World.build(sessions, seed=seed), settings, "127.0.0.1", port)


def _empty(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / DATABASE).unlink(missing_ok=True)
    shutil.rmtree(folder / "dlt", ignore_errors=True)


class _configured:  # noqa: N801  # a context manager, used as one
    """Point dlt's configuration at the demo by its environment, as a user would, and back."""

    def __init__(self, folder: Path, server: DemoServer) -> None:
        self._wanted = {
            "DLT_DATA_DIR": str(folder / "dlt"),
            "DESTINATION__DUCKDB__CREDENTIALS": str(folder / DATABASE),
            "SOURCES__DEVIN__BASE_URL": server.base_url,
            "SOURCES__DEVIN__API_KEY": server.settings.token,
            "SOURCES__DEVIN__ORG_IDS": "[]",
        }
        self._before: dict[str, str] = {}

    def __enter__(self) -> None:
        self._before = dict(os.environ)
        os.environ.update(self._wanted)

    def __exit__(self, *_: object) -> None:
        os.environ.clear()
        os.environ.update(self._before)


def _sync_once(console: Console) -> SyncResult:
    with showing():
        result = sync(open_pipeline())
    console.print("   " + sync_in_words(result).replace("\n", "\n   "), soft_wrap=True)
    return result


def _compare(console: Console, first: SyncResult, second: SyncResult) -> None:
    before, after = first.runs[0]["rows"]["sessions"], second.runs[0]["rows"]["sessions"]
    console.print(
        f"   {after:,} sessions were new or changed; the other {before:,} less those were not "
        "even asked for."
    )


def _look(console: Console, database: Path) -> None:
    with duckdb.connect(str(database), read_only=True) as connection:
        for title, sql in FIRST_LOOK.items():
            cursor = connection.execute(sql)
            table = Table(*[column[0] for column in cursor.description or ()], title=title)
            for row in cursor.fetchall():
                table.add_row(*[str(cell) for cell in row])
            console.print(table)


def _shown(path: Path) -> str:
    """A path as short as it can be said from here."""
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)
