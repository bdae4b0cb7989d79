"""How long each SQL model takes to answer, over all sessions of a large organisation.

    python -m benchmarks.models --sessions 1000000

`devin-elt sync` loads them from prepared pages; then every model is asked for all its rows, in a
DuckDB of its own settings. `--snapshots 3` makes a history of three snapshots a session of the one
that a first load sees. Ends with 1 where a model takes longer than the bar.
"""

import argparse
import statistics
import sys
import tempfile
import time
from pathlib import Path

import duckdb

from pipelines.devin.models.catalogue import catalogue

from .loading import ended_well, environment, load_average, say, start
from .prepared import PreparedServer
from .stock import ORG_ID

BAR = 2.0  # seconds
_FILE = "devin_warehouse.duckdb"

# Earlier states of each session, a day apart, on an even way to what it has used.
_HISTORY = """
    INSERT INTO devin.session_snapshots BY NAME
    SELECT * EXCLUDE (back) REPLACE (
        updated_at - to_days(CAST(back AS INTEGER)) AS updated_at,
        acus_consumed * (? - back) / ? AS acus_consumed
    )
    FROM devin.session_snapshots, range(1, ?) AS earlier(back)
"""


def measure(sessions: int, snapshots: int, rounds: int) -> bool:
    """Load, ask, and print; whether each model met the bar."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        with PreparedServer(sessions) as server:
            told = environment(server, folder, org_ids=f'["{ORG_ID}"]', usage_every=0)
            if not ended_well(start(folder, told), folder):
                return False
        say(f"{sessions:,} sessions are loaded; seconds of {rounds} rounds, the bar is {BAR}:")
        with duckdb.connect(str(folder / _FILE)) as connection:
            connection.execute(_HISTORY, [snapshots] * 3)
            connection.execute("CHECKPOINT")
            asked = [_ask(connection, model.name, rounds) for model in catalogue()[0]]
    say(f"slowest: {max(asked):.2f} s (load average {load_average()})")
    return max(asked) <= BAR


def _ask(connection: duckdb.DuckDBPyConnection, model: str, rounds: int) -> float:
    """Ask for all rows of a model, which stay in the database; the median of the seconds."""
    seconds = []
    for _ in range(rounds):
        begun = time.perf_counter()
        connection.execute(
            f"CREATE OR REPLACE TEMP TABLE answer AS SELECT * FROM devin_analytics.{model}"
        )
        seconds.append(time.perf_counter() - begun)
    (rows,) = connection.execute("SELECT count(*) FROM answer").fetchone() or (0,)
    median = statistics.median(seconds)
    missed = "" if median <= BAR else "  MISSED"
    say(f"  {model:<22} {median:6.2f}   {rows:>11,} rows{missed}")
    return median


def main() -> None:
    """Read the arguments and measure."""
    parser = argparse.ArgumentParser(description="How long each SQL model takes to answer.")
    parser.add_argument("--sessions", type=int, default=1_000_000)
    parser.add_argument("--snapshots", type=int, default=1, help="a session")
    parser.add_argument("--rounds", type=int, default=3)
    told = parser.parse_args()
    sys.exit(0 if measure(told.sessions, told.snapshots, told.rounds) else 1)


if __name__ == "__main__":
    main()
