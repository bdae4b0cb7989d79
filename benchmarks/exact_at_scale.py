"""Loads a large made-up organisation over HTTP and compares every table with the server's truth.

    python -m benchmarks.exact_at_scale --sessions 100000

Then it runs again, which must change nothing, and takes the last tag and the last pull request of
a session away, which must leave it none. Ends with 1 where anything differs.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pipelines.devin.demo_api import DemoServer, World
from tests.support.organisations import Synced
from tests.support.warehouse import DuckdbWarehouse

EVERY_TABLE = (
    "sessions",
    "session_pull_requests",
    "session_tags",
    "session_links",
    "session_snapshots",
    "rejected_items",
    "sync_runs",
)


def say(text: str) -> None:
    """Print at once, as the next step may take a while."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def timed(step: str, work: Callable[[], Any]) -> Any:
    """Do a step and say how long it took."""
    begun = time.monotonic()
    result = work()
    say(f"{step}: {time.monotonic() - begun:.1f} s")
    return result


def compared(synced: Synced) -> list[str]:
    """The tables that are not what the server has."""
    differences = synced.differences()
    for table, (expected, loaded) in differences.items():
        say(f"DIFFERS {table}: {len(expected)} rows expected, {len(loaded)} loaded")
    return list(differences)


def exact(sessions: int, folder: Path) -> bool:
    """Run all the steps; whether everything was as it must be."""
    world = timed(f"made up {sessions:,} sessions", lambda: World.build(sessions))
    with DemoServer(world) as server:
        synced = Synced(server, DuckdbWarehouse(folder), str(folder / "pipelines"))
        timed("first load", synced.sync)
        wrong = timed("compared every column of every table", lambda: compared(synced))
        before = {table: synced.warehouse.rows(table) for table in EVERY_TABLE}
        say(", ".join(f"{len(rows):,} {table}" for table, rows in before.items()))

        again = timed("second load", synced.sync)
        after = {table: synced.warehouse.rows(table) for table in EVERY_TABLE}
        wrong += [table for table in EVERY_TABLE if before[table] != after[table]]
        say(f"load packages of the second load: {len(again.loads_ids)}")

        victim = next(item for item in synced.items if item["tags"] and item["pull_requests"])
        world.clock.advance(60)
        world.touch(victim["session_id"], tags=[], pull_requests=[])
        timed("load after its last tag and pull request went", synced.sync)
        wrong += compared(synced)
    say("EXACT" if not wrong else f"NOT EXACT: {', '.join(wrong)}")
    return not wrong


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sessions", type=int, default=100_000)
    with tempfile.TemporaryDirectory() as temporary:
        sys.exit(not exact(parser.parse_args().sessions, Path(temporary)))
