"""The record of a cycle, and the journal of those that are not loaded yet."""

import json
import platform
import uuid
from dataclasses import replace
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sources.devin import runs as runs_module
from sources.devin.runs import JOURNAL_LENGTH, JOURNAL_NAME, Journal, Run, run_table, versions
from sources.devin.tables import RUNS
from tests.support.sessions import NOON


def full_run(**changes: Any) -> Run:
    run = Run(
        scope="v3/org-demo",
        started_at=NOON + 0.25,
        run_id="run-1",
        finished_at=NOON + 1.5,
        as_of=NOON - 5,
        spans_raised=[[0, NOON, None]],
        pages=2,
        requests=4,
        retries=2,
        seconds_throttled=7.5,
        bytes=1000,
        rows={"sessions": 3},
        unchanged=1,
        rejected=1,
        versions={"dlt": "1"},
        outcome="loaded",
        error=None,
    )
    return replace(run, **changes)


def test_a_record_is_a_row_with_all_its_columns() -> None:
    assert run_table([full_run()]).to_pylist() == [
        {
            "run_id": "run-1",
            "scope": "v3/org-demo",
            "started_at": datetime.fromtimestamp(NOON + 0.25, UTC),
            "finished_at": datetime.fromtimestamp(NOON + 1.5, UTC),
            "as_of": datetime.fromtimestamp(NOON - 5, UTC),
            "spans_raised": f"[[0, {NOON}, null]]",
            "pages": 2,
            "requests": 4,
            "retries": 2,
            "seconds_throttled": 7.5,
            "bytes": 1000,
            "rows": '{"sessions": 3}',
            "unchanged": 1,
            "rejected": 1,
            "versions": '{"dlt": "1"}',
            "outcome": "loaded",
            "error": None,
        }
    ]


def test_records_have_the_schema_of_the_contract_also_where_there_are_none() -> None:
    failed = full_run(as_of=None, outcome="failed", error="It broke.")

    assert RUNS.arrow_schema == run_table([]).schema == run_table([failed]).schema
    assert run_table([failed]).column("error").to_pylist() == ["It broke."]
    assert run_table([failed]).column("as_of").to_pylist() == [None]


def test_for_people_and_programs_times_are_iso_8601() -> None:
    told = full_run().as_json()

    assert told["started_at"] == "2026-01-01T12:00:00.250000+00:00"
    assert told["finished_at"] == "2026-01-01T12:00:01.500000+00:00"
    assert told["as_of"] == "2026-01-01T11:59:55+00:00"
    assert full_run(as_of=None).as_json()["as_of"] is None
    assert {column.name for column in RUNS.columns} == set(told)
    json.dumps(told)


def test_each_record_has_a_name_of_its_own() -> None:
    assert len({Run("scope", 0.0).run_id for _ in range(100)}) == 100


def test_rows_add_up() -> None:
    run = Run("scope", 0.0)

    run.count({"sessions": 2, "session_tags": 0})
    run.count({"sessions": 3})

    assert run.rows == {"sessions": 5, "session_tags": 0}


def test_a_record_names_the_versions_that_made_it() -> None:
    expected = {
        "devin_elt": version("devin-elt"),
        "dlt": version("dlt"),
        "python": platform.python_version(),
    }

    assert expected == versions() == Run("scope", 0.0).versions


def test_a_copy_that_is_not_installed_calls_itself_source(monkeypatch: pytest.MonkeyPatch) -> None:
    def not_installed(name: str) -> str:
        if name == "devin-elt":
            raise PackageNotFoundError(name)
        return version(name)

    monkeypatch.setattr(runs_module, "version", not_installed)

    assert versions()["devin_elt"] == "source"


def test_a_journal_that_was_never_written_is_empty(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "absent")

    assert journal.read() == []
    journal.forget_through("run-1")
    assert not (tmp_path / "absent").exists()


def test_records_come_back_from_the_journal_oldest_first(tmp_path: Path) -> None:
    runs = [full_run(run_id=f"run-{number}", error="é\u2028\n{}") for number in range(3)]

    Journal(tmp_path / "new").append(runs[:1])
    Journal(tmp_path / "new").append(runs[1:])

    assert runs == Journal(str(tmp_path / "new")).read()
    assert len((tmp_path / "new" / JOURNAL_NAME).read_text("utf-8").splitlines()) == 3


RUNS_GIVEN = st.builds(
    Run,
    scope=st.text(),
    started_at=st.floats(0, 1e10),
    finished_at=st.floats(0, 1e10),
    as_of=st.none() | st.integers(0, 10**10),
    spans_raised=st.lists(
        st.tuples(st.integers(), st.none() | st.integers()).map(list), max_size=2
    ),
    rows=st.dictionaries(st.text(max_size=3), st.integers(), max_size=2),
    error=st.none() | st.text(),
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
@given(runs=st.lists(RUNS_GIVEN, max_size=3))
def test_any_record_survives_the_journal(runs: list[Run], tmp_path: Path) -> None:
    journal = Journal(tmp_path / uuid.uuid4().hex)

    journal.append(runs)

    assert runs == journal.read()


@pytest.mark.parametrize(
    ("loaded", "expected"),
    [
        ("run-1", ["run-2", "run-3"]),
        ("run-3", []),
        ("unknown", ["run-1", "run-2", "run-3"]),
        (None, ["run-1", "run-2", "run-3"]),
    ],
)
def test_a_journal_forgets_what_is_loaded(
    loaded: str | None, expected: list[str], tmp_path: Path
) -> None:
    journal = Journal(tmp_path)
    journal.append([full_run(run_id=f"run-{number}") for number in (1, 2, 3)])

    journal.forget_through(loaded)

    assert [run.run_id for run in journal.read()] == expected


def test_a_journal_is_replaced_in_one_stroke(tmp_path: Path) -> None:
    Journal(tmp_path).append([full_run()])

    assert [path.name for path in tmp_path.iterdir()] == [JOURNAL_NAME]


def test_a_journal_keeps_the_newest_records_only(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.append(Run("s", float(n), versions={}) for n in range(JOURNAL_LENGTH))
    journal.append([Run("s", -1.0), Run("s", -2.0)])

    kept = journal.read()

    assert len(kept) == JOURNAL_LENGTH == 10_000
    assert [run.started_at for run in kept[:1] + kept[-2:]] == [2.0, -1.0, -2.0]


def test_a_line_torn_anywhere_costs_that_line_only(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    whole = full_run(run_id="whole")
    journal.append([whole, full_run(run_id="torn")])
    text = (tmp_path / JOURNAL_NAME).read_text("utf-8")
    first = text.index("\n") + 1

    for end in range(first, len(text) - 2):
        (tmp_path / JOURNAL_NAME).write_text(text[:end], "utf-8")
        assert [whole] == journal.read(), text[first:end]


def test_the_journal_goes_on_after_a_torn_line(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.append([full_run(run_id="run-1"), full_run(run_id="torn")])
    path = tmp_path / JOURNAL_NAME
    path.write_text(path.read_text("utf-8")[:-40], "utf-8")

    journal.append([full_run(run_id="run-2")])

    assert [run.run_id for run in journal.read()] == ["run-1", "run-2"]


@pytest.mark.parametrize(
    "line", ['{"scope": "s", "started_at": 1.0, "novel": 5}', '{"scope": "s"}', "[]", "5", "\x00"]
)
def test_a_line_of_another_version_costs_that_line_only(tmp_path: Path, line: str) -> None:
    (tmp_path / JOURNAL_NAME).write_text(f"{line}\n", "utf-8")
    journal = Journal(tmp_path)

    journal.append([full_run()])

    assert [full_run()] == journal.read()
