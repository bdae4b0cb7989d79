"""How much faster walkers are side by side where each request takes its time.

    python -m benchmarks.side_by_side --rounds 3

Reads the same organisation with 1, 8 and 16 walkers by turns, at 100 ms a request and a page size
that leaves the processor idle, so that the network is what is measured. Beside it stand the same at
the usual page size, and whole runs of `devin-elt sync`, where the processor of this machine sets
the pace. Then it reads an organisation with nine tenths of its sessions in a fiftieth of the time,
and one of the same size that is spread evenly. Ends with 1 where it misses a bar.
"""

import argparse
import statistics
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from random import Random

from pipelines.devin.demo_api import Settings, World

from .loading import ended_well, environment, load_average, say, start
from .reading import read_all
from .serving import ServerProcess

LATENCY = 0.1
WALKERS = (1, 8, 16)
FASTER = {8: 7.0, 16: 13.0}
SKEWED = 1.25
SMALL_PAGE = 20

_YEAR = 365 * 86_400
_NOW = 1_782_820_800
_DENSE = 0.02  # of the time
_CROWD = 0.9  # of the sessions


def spread(sessions: int, *, skewed: bool) -> World:
    """An organisation whose sessions are spread evenly over a year, or nearly all in a week."""
    dice = Random(7)  # noqa: S311 - made-up data
    world = World.build(0, start=_NOW - 1, now=_NOW)
    dense_from = _NOW - _YEAR // 2
    for number in range(sessions):
        crowded = skewed and dice.random() < _CROWD
        length = int(_YEAR * _DENSE) if crowded else _YEAR
        created_at = (dense_from if crowded else _NOW - _YEAR) + dice.randrange(length)
        # Updates in an order of their own, or no page could prove that it is by creation.
        updated_at = min(_NOW, created_at + dice.randrange(86_400))
        world.add(
            "org-demo", title=f"session {number}", created_at=created_at, updated_at=updated_at
        )
    return world


def alternated(server: ServerProcess, page_size: int, rounds: int) -> dict[int, list[float]]:
    """Seconds that each number of walkers takes, by turns."""
    times: dict[int, list[float]] = {walkers: [] for walkers in WALKERS}
    for number in range(rounds):
        for walkers in WALKERS:
            reading = read_all(server, walkers, page_size)
            times[walkers].append(reading.seconds)
            say(
                f"  round {number + 1}, {walkers:2} walkers: {reading.seconds:.1f} s, "
                f"{reading.requests} requests, {reading.processor:.1f} s of processor "
                f"(load average {load_average()})"
            )
    return times


def ratios(times: dict[int, list[float]]) -> dict[int, float]:
    """How many times faster than one walker, the median over the rounds."""
    return {
        walkers: statistics.median(
            alone / together for alone, together in zip(times[1], times[walkers], strict=True)
        )
        for walkers in FASTER
    }


def synced(server: ServerProcess, walkers: int) -> float:
    """Seconds of a whole first load through the command line."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        begun = time.monotonic()
        process = start(folder, environment(server, folder, concurrency=walkers))
        if not ended_well(process, folder):
            sys.exit("the load failed")
        return time.monotonic() - begun


def speed(sessions: int, rounds: int) -> bool:
    """Measure an organisation; whether both bars are met."""
    settings = Settings(page_latency=LATENCY)
    with ServerProcess(partial(World.build, sessions), settings) as server:
        say(f"{sessions:,} sessions, {SMALL_PAGE} a page, {LATENCY * 1000:.0f} ms a request:")
        found = ratios(alternated(server, SMALL_PAGE, rounds))
    with ServerProcess(partial(World.build, 3 * sessions), settings) as server:
        say(f"{3 * sessions:,} sessions, 200 a page (the processor sets the pace):")
        usual = ratios(alternated(server, 200, 1))
        whole = {walkers: [synced(server, walkers)] for walkers in WALKERS}
    loads = ratios(whole)
    for walkers, bar in FASTER.items():
        say(
            f"{walkers} walkers: {found[walkers]:.1f} times as fast as one (bar: {bar:.0f}); "
            f"at 200 a page {usual[walkers]:.1f}, as a whole sync {loads[walkers]:.1f}"
        )
    return all(found[walkers] >= bar for walkers, bar in FASTER.items())


def skew(sessions: int, rounds: int) -> bool:
    """Compare a crowded year with an even one; whether the bar is met."""
    settings = Settings(page_latency=LATENCY)
    met = True
    with (
        ServerProcess(partial(spread, sessions, skewed=False), settings) as even,
        ServerProcess(partial(spread, sessions, skewed=True), settings) as crowded,
    ):
        for walkers in FASTER:
            pairs = [
                tuple(read_all(server, walkers, SMALL_PAGE).seconds for server in (even, crowded))
                for _ in range(rounds)
            ]
            ratio = statistics.median(hard / easy for easy, hard in pairs)
            met &= ratio <= SKEWED
            say(
                f"{walkers} walkers, nine tenths of the sessions in a fiftieth of the time: "
                f"{ratio:.2f} times as long as evenly spread (bar: at most {SKEWED}) "
                f"(load average {load_average()})"
            )
    return met


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sessions", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    results = [speed(given.sessions, given.rounds), skew(given.sessions, given.rounds)]
    sys.exit(not all(results))
