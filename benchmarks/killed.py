"""Kills a first load again and again, and looks whether anything is lost, doubled or done twice.

    python -m benchmarks.killed --sessions 200000 --kills 20

`devin-elt sync` is killed with SIGKILL at random moments of its work, and begun again in the same
folder until it ends by itself. Then every table must be what the server has, and what was asked for
again after a kill at most one load package. Ends with 1 where that is not so.
"""

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections import Counter
from functools import partial
from itertools import accumulate
from pathlib import Path
from random import Random
from typing import Any

import duckdb
import orjson

from pipelines.devin.demo_api import DemoServer, World
from pipelines.devin.demo_api.listing import Listing
from pipelines.devin.demo_api.query import Query, parse
from sources.devin.walkers import PORTIONS_A_WALKER
from tests.support import truth

from .loading import ended_well, environment, load_average, say, start
from .serving import ServerProcess, items, request_count

COMMIT_EVERY = 10_000
WALKERS = 8
_PAGE = 200
PACKAGE = COMMIT_EVERY // _PAGE + WALKERS * (1 + PORTIONS_A_WALKER)
"""Requests of one package: its pages, and what is under way or waits when it is complete. While it
is loaded the next one is read; a load that was killed is done by the next sync, with no request."""

_FILE = "devin_warehouse.duckdb"
_A_LOOK = 0.005
_SETTLING = 0.1  # seconds in which the server takes note of what was under way
_TABLES = {
    "sessions": truth.sessions,
    "session_pull_requests": truth.pull_requests,
    "session_tags": truth.tags,
    "session_links": truth.links,
    "session_snapshots": truth.snapshots,
}


def kill_and_resume(
    server: ServerProcess, folder: Path, sessions: int, kills: int, dice: Random
) -> list[int] | None:
    """Load with interruptions; requests of each run, the last of which ended; None if it failed."""
    told = environment(
        server, folder, commit_every=COMMIT_EVERY, concurrency=WALKERS, page_size=_PAGE
    )
    share = sessions // _PAGE // (kills + 1)  # a run repeats a package, so it needs more
    asked: list[int] = []
    for number in range(kills):
        before, process = server.ask(request_count), start(folder, told)
        # So much is asked for before the kill that the kills spread over the whole load; the rest
        # of the way is by time, so that it may hit normalizing and loading too.
        goal = before + dice.randint(1, 4 * share)
        while process.poll() is None and server.ask(request_count) < goal:
            time.sleep(_A_LOOK)
        time.sleep(dice.uniform(0, 1.5))
        over = process.poll() is not None
        process.kill()
        process.wait()
        time.sleep(_SETTLING)
        asked.append(server.ask(request_count) - before)
        say(f"  kill {number + 1}: after {asked[-1]} requests{', had ended' if over else ''}")
        if over:
            return None
    before, process = server.ask(request_count), start(folder, told)
    if not ended_well(process, folder):
        return None
    return [*asked, server.ask(request_count) - before]


def wrong_tables(server: ServerProcess, folder: Path) -> list[str]:
    """The tables that are not, row by row and column by column, what the server has."""
    told = server.ask(items)
    wrong = []
    with duckdb.connect(str(folder / _FILE), read_only=True) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        for table, rows_of in _TABLES.items():
            expected = rows_of(told)
            loaded = _rows(connection, table, list(expected[0]))
            counted = Counter(map(_comparable, expected)), Counter(map(_comparable, loaded))
            if counted[0] != counted[1]:
                wrong.append(table)
                say(
                    f"WRONG {table}: {(counted[0] - counted[1]).total()} rows missing, "
                    f"{(counted[1] - counted[0]).total()} too many"
                )
            else:
                say(f"  {table}: {len(loaded):,} rows, as the server has them")
    return wrong


def _rows(
    connection: duckdb.DuckDBPyConnection, table: str, columns: list[str]
) -> list[dict[str, Any]]:
    found = connection.execute(f"SELECT {', '.join(columns)} FROM devin.{table}")
    kinds = [str(column[1]) for column in found.description or []]
    return [
        {
            name: json.loads(value) if kind == "JSON" and value is not None else value
            for name, kind, value in zip(columns, kinds, row, strict=True)
        }
        for row in found.fetchall()
    ]


def _comparable(row: dict[str, Any]) -> str:
    return json.dumps(row, default=str, sort_keys=True)


def measure(sessions: int, kills: int, seed: int) -> bool:
    """Do it; whether all bars are met."""
    with (
        tempfile.TemporaryDirectory() as temporary,
        ServerProcess(partial(World.build, sessions)) as server,
    ):
        folder = Path(temporary)
        asked = kill_and_resume(server, folder, sessions, kills, Random(seed))  # noqa: S311
        if asked is None:
            say("a run failed, or the load was over before the last kill: use more sessions")
            return False
        wrong = wrong_tables(server, folder)
        repeated = repeated_after(asked, server.ask(sent_pages))
    say(
        f"{kills} kills, seed {seed}: requests made again after each: "
        f"least {min(repeated)}, median {statistics.median(repeated):.0f}, "
        f"most {max(repeated)} (bar: {PACKAGE}); all: {sorted(repeated)}"
    )
    say(f"tables that differ: {len(wrong)} (bar: 0) (load average {load_average()})")
    return not wrong and max(repeated) <= PACKAGE


def repeated_after(asked: list[int], pages: list[list[str]]) -> list[int]:
    """Pages' worth of sessions of each killed run that a later one had to ask for again."""
    ends = list(accumulate(asked))
    runs = [
        {session_id for page in pages[end - length : end] for session_id in page}
        for end, length in zip(ends, asked, strict=True)
    ]
    repeated, later = [], runs[-1]
    for sent in reversed(runs[:-1]):
        repeated.append(-(-len(sent & later) // _PAGE))
        later = later | sent
    return repeated[::-1]


def sent_pages(server: DemoServer) -> list[list[str]]:
    """The sessions that each request so far was answered with; nothing has changed since.

    But for those asked for by name: they have open pull requests, and are looked after again.
    """
    listing = Listing(server.world)
    return [
        [
            item["session_id"]
            for item in orjson.loads(
                listing.page(
                    request.path.split("/")[3], parse(request.query, Query), server.settings.paging
                )
            )["items"]
        ]
        if request.path.endswith("/sessions") and "session_ids" not in dict(request.query)
        else []
        for request in server.requests
    ]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sessions", type=int, default=200_000)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=7)
    given = parser.parse_args()
    sys.exit(not measure(given.sessions, given.kills, given.seed))
