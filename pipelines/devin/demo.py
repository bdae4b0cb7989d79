"""The demo: the real pipeline against a made-up organisation, over HTTP, on this machine."""

import shutil
from dataclasses import dataclass
from pathlib import Path

import dlt
import duckdb
from rich.console import Console
from rich.table import Table

from sources.devin.filters import Filters

from .amounts import count
from .demo_api import DemoServer, World
from .report.content import Asked
from .report.making import make_page
from .showing import showing
from .sync import SyncResult, sync
from .words import sync_in_words

DAYS = 2
DAY = 86_400
NAME = "devin_demo"
"""Of the DuckDB file and the working directory: not those of a real warehouse in that folder."""

FIRST_LOOK = {
    "Where the ACUs went: those who burned most": """
        SELECT coalesce(name, user_id, service_user_id) AS who,
               round(sum(acus), 1) AS acus,
               count(DISTINCT billing_day) AS days
        FROM devin_analytics.acu_by_user
        GROUP BY who
        ORDER BY acus DESC, who
        LIMIT 5
    """,
    "What they bought: repositories with the most merged pull requests": """
        SELECT repository,
               sum(created) AS pull_requests,
               sum(merged) AS merged,
               round(sum(acus) / nullif(sum(merged), 0), 1) AS acus_per_merged
        FROM devin_analytics.pull_request_outcomes
        GROUP BY repository
        ORDER BY merged DESC, repository
        LIMIT 5
    """,
    "How one session grew between the two syncs": """
        SELECT left(session_id, 8) AS session,
               strftime(updated_at, '%Y-%m-%d %H:%M') AS updated_at,
               status,
               acus_consumed
        FROM devin.session_snapshots AS snapshots
        WHERE session_id = (
            SELECT session_id FROM devin.session_snapshots
            GROUP BY session_id ORDER BY max(acus_consumed) - min(acus_consumed) DESC LIMIT 1
        )
        ORDER BY snapshots.updated_at
    """,
}


@dataclass(frozen=True)
class DemoResult:
    """What the two syncs of a demo did, the DuckDB file they loaded, and the report on it."""

    first: SyncResult
    second: SyncResult
    database: Path
    report: Path


def run_demo(folder: Path, sessions: int) -> DemoResult:
    """Load a made-up organisation, let two days pass, load again, and look at the ACUs.

    Args:
        folder: Where the warehouse goes. What an earlier demo left there is removed first.
        sessions: Sessions of the organisation.
    """
    console = Console(highlight=False, soft_wrap=True)
    folder = folder.absolute()
    database = folder / f"{NAME}.duckdb"
    folder.mkdir(parents=True, exist_ok=True)
    database.unlink(missing_ok=True)
    shutil.rmtree(folder / NAME, ignore_errors=True)
    console.print(f"[bold]1.[/] Making up an organisation of {count(sessions, 'session')}")
    world = World.build(sessions)
    with DemoServer(world) as server:
        console.print(f"   its API is at {server.base_url}")
        console.print(f"[bold]2.[/] First sync into {_shown(database)}")
        first = _sync(console, server, database)
        console.print(f"[bold]3.[/] {DAYS} days pass: sessions start and end, pull requests merge")
        world.advance(DAYS * DAY)
        console.print("[bold]4.[/] Second sync: only what changed")
        second = _sync(console, server, database)
    console.print("[bold]5.[/] A first look")
    _look(console, database)
    console.print("[bold]6.[/] The report of all this")
    report = folder / "report.html"
    make_page(_pipeline(database), Asked(), report)
    console.print(
        f"   {_shown(report)}: open it in a browser\n\n"
        f"The warehouse stays at {_shown(database)}: open it with any DuckDB client. "
        "For your own organisation: devin-elt check, then devin-elt sync."
    )
    return DemoResult(first, second, database, report)


def _pipeline(database: Path) -> dlt.Pipeline:
    return dlt.pipeline(
        NAME,
        pipelines_dir=str(database.parent),
        destination=dlt.destinations.duckdb(str(database)),
        dataset_name="devin",
    )


def _sync(console: Console, server: DemoServer, database: Path) -> SyncResult:
    """Sync as a user would, whose own settings are not looked at."""
    with showing():
        result = sync(
            _pipeline(database),
            base_url=server.base_url,
            api_key=server.settings.token,
            org_ids=list(server.world.org_ids),
            start_date="2024-01-01",
            rescan="0",  # two days on, it would read half of the world again
            usage_every="1s",  # of the seconds that the demo takes, while two days pass
            **dict.fromkeys(Filters.model_fields, ""),
        )
    console.print("   " + sync_in_words(result).replace("\n", "\n   "), markup=False)
    return result


def _look(console: Console, database: Path) -> None:
    with duckdb.connect(str(database), read_only=True) as connection:
        connection.execute("SET TimeZone = 'UTC'")
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
