"""A race is fair: everybody in turn, on the same sessions, and who loads something else is told."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks import outcome, race
from benchmarks.cases import CASES, Bar, Case, Entrant, Figure, Task
from benchmarks.contenders import CONTENDERS
from benchmarks.lap import Lap
from benchmarks.measuring import Measured
from benchmarks.outcome import judged
from benchmarks.prepared import Served

FLOOR = "hand-written"
SESSIONS = 300


def lap(entrant: str, number: int, wall: float, fault: str | None = None) -> Lap:
    measured = Measured(wall, 2 * wall, 100 * wall, 50 * wall, 0)
    return Lap(entrant, number, measured, Served(1, 1, 0.1), 0.5, fault)


def test_ratios_are_of_the_same_round_and_only_of_what_counts() -> None:
    laps = [lap("a", 1, 4.0), lap("b", 1, 2.0), lap("b", 2, 1.0), lap("a", 2, 6.0)]
    laps += [lap("a", 3, 100.0, "failed"), lap("b", 3, 1.0), lap("a", 4, 9.0), lap("b", 4, 3.0)]
    ratio = Bar("a", "b", Figure.WALL, 3, 4, at_least=True)
    peak = Bar("b", None, Figure.PEAK, 90, 80)
    absent = Bar("c", "b", Figure.WALL, 1, 1)

    found = judged([ratio, peak, absent], laps)

    assert [one.figures for one in found] == [[2, 6, 3], [200, 100, 100, 300]]
    assert [one.median for one in found] == [3, 150]
    assert [one.met for one in found] == [True, False]


def test_each_round_begins_with_somebody_else() -> None:
    entrants = [Entrant("a", 1), Entrant("b", 1, rounds=1), Entrant("c", 1)]

    orders = [[one.name for one in race.order(entrants, number)] for number in (1, 2, 3, 4)]

    assert orders == [["a", "b", "c"], ["c", "a"], ["c", "a"], ["a", "c"]]


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_cases_name_contenders_and_entrants_that_there_are(case: Case) -> None:
    names = [entrant.name for entrant in case.entrants]

    assert {entrant.contender for entrant in case.entrants} <= CONTENDERS.keys()
    assert len(set(names)) == len(names)
    assert {name for bar in case.bars for name in (bar.of, bar.to) if name} <= set(names)


def test_a_race_from_the_first_load_to_the_file_of_results(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(race, "_RUNS", tmp_path / "runs")
    monkeypatch.setattr(outcome, "RESULTS", tmp_path / "results")
    entrants = Entrant(FLOOR, SESSIONS, Task.AGAIN), Entrant(FLOOR, SESSIONS, label="anew")
    bar = Bar(FLOOR, "anew", Figure.WALL, 1000, 1)
    case = Case("small", "A small one", entrants, (bar,), changed=0.1)

    assert race.run(case, 2)

    written = json.loads((tmp_path / "results" / "small.json").read_text())
    assert [(one["round"], one["entrant"]) for one in written["laps"]] == [
        (1, FLOOR),
        (1, "anew"),
        (2, "anew"),
        (2, FLOOR),
    ]
    assert all(one["fault"] is None and one["wall"] > 0 for one in written["laps"])
    assert len(written["bars"][0]["found"]) == 2
    assert str(tmp_path) not in json.dumps(written)
    assert sys.prefix not in json.dumps(written)


@pytest.mark.parametrize(
    ("program", "fault"),
    [
        ("raise SystemExit(3)", "exit status 3: nothing was said"),
        ("raise SystemExit('well\\nno: do so')", "exit status 1: no: do so"),
        (
            "import duckdb; duckdb.connect('few.duckdb').execute('CREATE TABLE t AS SELECT 1')",
            "1 sessions loaded, and there are 300",
        ),
    ],
    ids=["fails", "fails, and says why", "loads too little"],
)
def test_who_did_not_load_everything_does_not_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: str, fault: str
) -> None:
    monkeypatch.setattr(race, "_RUNS", tmp_path)
    wrong = replace(
        CONTENDERS[FLOOR],
        name="wrong",
        arguments=("-c", program),
        database="few.duckdb",
        sessions_table="t",
    )

    (found,) = race.race(Case("c", "c", (Entrant("wrong", SESSIONS),)), {"wrong": wrong}, 1)

    assert found.fault == fault
