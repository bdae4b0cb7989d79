"""Contenders against each other: whole processes, by turns, on the same sessions.

    python -m benchmarks.race --case first-load-100k nothing-changed --pairs 5

In each round everybody runs once, in a fresh folder; who begins goes round. Figures are compared
within a round, and their median over all rounds is held against the bars. What everybody loaded is
counted afterwards. The results go to benchmarks/results/. Ends with 1 where a bar is missed, or
somebody failed or loaded something else than there is.
"""

import argparse
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from .cases import CASES, Case, Entrant, Task
from .contenders import CONTENDERS, Contender, prepare
from .lap import Lap, Track
from .loading import say
from .measuring import end_at_sigterm
from .outcome import judged, table, write
from .prepared import PreparedServer

_RUNS = Path(__file__).parent.parent / "build" / "bench" / "runs"


def race(case: Case, contenders: dict[str, Contender], rounds: int) -> list[Lap]:
    """Run all rounds of a case; every lap, those that do not count included."""
    with ExitStack() as running:
        servers = {
            size: running.enter_context(PreparedServer(size, case.latency))
            for size in sorted({entrant.sessions for entrant in case.entrants})
        }
        track = Track(case, contenders, servers, _RUNS / case.name)
        for entrant in case.entrants:
            if entrant.task is not Task.FIRST:
                say(f"  loading a folder for {entrant.name}")
                track.load(entrant)
        if case.changed:
            track.change()
        laps = []
        for number in range(1, rounds + 1):
            for entrant in order(case.entrants, number):
                laps.append(track.lap(entrant, number))
                say(_said(laps[-1]))
        return laps


def order(entrants: Sequence[Entrant], number: int) -> list[Entrant]:
    """Who runs in a round, in this order: each round begins with somebody else."""
    first = (number - 1) % len(entrants)
    turned = [*entrants[first:], *entrants[:first]]
    return [one for one in turned if one.rounds is None or number <= one.rounds]


def _said(lap: Lap) -> str:
    took = lap.measured
    return (
        f"  round {lap.round}, {lap.entrant}: {took.wall:.2f} s, {took.processor:.2f} s of "
        f"processor, {took.peak:.0f} MiB (server: {lap.served.requests} requests, "
        f"{lap.served.processor:.2f} s; load average {lap.load:.2f})"
        + (f" DOES NOT COUNT: {lap.fault}" if lap.fault else "")
    )


def run(case: Case, rounds: int | None) -> bool:
    """Run a case and write its results; whether everybody was right and all bars are met."""
    contenders = {entrant.contender: CONTENDERS[entrant.contender] for entrant in case.entrants}
    prepare(contenders)
    say(f"{case.title} ({case.name})")
    laps = race(case, contenders, rounds or case.pairs)
    found = judged(case.bars, laps)
    path = write(case, contenders, laps, found)
    say(f"\n{table(case, laps, found)}\n\nwritten: {path.parent.name}/{path.name}\n")
    return all(lap.fault is None for lap in laps) and all(one.met for one in found)


def main() -> int:
    """Run what the command line names."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--case", nargs="+", choices=CASES, default=list(CASES), metavar="NAME")
    parser.add_argument("--pairs", type=int, help="rounds of each case")
    parser.add_argument("--contenders", nargs="+", choices=CONTENDERS, metavar="NAME")
    parser.add_argument("--no-bars", action="store_true", help="only measure; end with 0")
    given = parser.parse_args()
    end_at_sigterm()
    good = True
    for name in given.case:
        case = CASES[name]
        if given.contenders:
            some = tuple(one for one in case.entrants if one.contender in given.contenders)
            case = replace(case, entrants=some)
        if case.entrants:
            good &= run(case, given.pairs)
    return 0 if good or given.no_bars else 1


if __name__ == "__main__":
    sys.exit(main())
