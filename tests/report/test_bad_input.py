"""What cannot be reported is said in one error, with what to do about it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from tests.report.conftest import SMALL, Verb
from tests.report.stand_in import MODELS, TABLES, stand_in

pytestmark = pytest.mark.usefixtures("_quiet")


@pytest.fixture
def _quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "100")


@pytest.mark.parametrize("form", [["-o", "r.html"], ["--text"]])
def test_without_a_warehouse_it_says_to_sync_and_makes_none(
    verb: Verb, file: Path, form: list[str]
) -> None:
    ended = verb("report", *form)

    assert (ended.exit_code, ended.stdout) == (2, "")
    assert ended.stderr == f"error: no session is loaded into {file}. Run: devin-elt sync\n"
    assert not file.exists()


@pytest.mark.parametrize("without", [[], list(TABLES)])
def test_an_empty_warehouse_is_no_other(verb: Verb, file: Path, without: list[str]) -> None:
    stand_in(file, {}, without=without)

    ended = verb("report")

    assert (ended.exit_code, "Run: devin-elt sync" in ended.stderr) == (2, True)


def test_without_models_it_says_to_apply_them(verb: Verb, file: Path) -> None:
    stand_in(file, {"sessions": SMALL["sessions"]}, without=list(MODELS))

    ended = verb("report")

    assert ended.exit_code == 2
    assert ended.stderr == f"error: {file} has no models yet. Run: devin-elt models apply\n"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--from", "2026-03-02", "--to", "2026-03-01"], "no day is both from 2026-03-02 on"),
        (["--from", "2026-03-01", "--to", "2026-03-01"], "no day is both from 2026-03-01 on"),
        (["--from", "yesterday"], "'yesterday' is not a date"),
        (["--to", "2026-02-30"], "'2026-02-30' is not a date"),
        (["--from", "2026-04-01"], "2026-04-01 has not come yet: the warehouse is loaded as of"),
    ],
)
def test_a_period_that_cannot_be_is_refused(
    verb: Verb, file: Path, options: list[str], said: str
) -> None:
    stand_in(file, SMALL)

    ended = verb("report", *options)

    assert ended.exit_code == 2
    assert ended.stderr.startswith(f"error: {said}")
    assert "--from 2026-03-01 --to 2026-04-01" in ended.stderr


def test_an_unknown_organisation_is_told_which_there_are(verb: Verb, file: Path) -> None:
    stand_in(file, SMALL)

    ended = verb("report", "--org", "org_a", "--org", "Plattform")

    assert ended.exit_code == 2
    assert ended.stderr == (
        "error: no session of organisation 'Plattform' is loaded. "
        "There are: org_a (Platform), org_b (Payments).\n"
    )


@pytest.mark.parametrize(
    ("place", "said"), [("no/r.html", "no folder no"), ("there", "is a folder")]
)
def test_a_page_goes_into_a_folder_that_exists(
    verb: Verb, file: Path, place: str, said: str
) -> None:
    stand_in(file, SMALL)
    (file.parent / "there").mkdir()

    ended = verb("report", "-o", place)

    assert (ended.exit_code, said in ended.stderr) == (2, True)


def test_a_page_is_written_whole_or_not_at_all(verb: Verb, file: Path) -> None:
    stand_in(file, SMALL)
    place = file.with_name("report.html")

    assert verb("report").exit_code == 0
    before = place.read_text()
    assert verb("report", "--from", "never").exit_code == 2

    assert place.read_text() == before
    assert sorted(path.name for path in place.parent.glob("*report*")) == ["report.html"]


def test_a_file_that_another_process_holds_is_said_to_be_busy(verb: Verb, file: Path) -> None:
    stand_in(file, SMALL)
    program = (
        f"import duckdb; c = duckdb.connect({str(file)!r}); print('held', flush=True); input()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        ended = verb("report", "--text")
        holder.communicate("\n")

    assert (ended.exit_code, ended.stdout) == (1, "")
    assert f"is open in process {holder.pid}" in ended.stderr


def test_a_page_that_cannot_be_written_is_named(verb: Verb, file: Path) -> None:
    stand_in(file, SMALL)

    ended = verb("report", "-o", "x" * 300)

    assert (ended.exit_code, ended.stdout) == (2, "")
    assert "cannot be written: File name too long" in ended.stderr


def test_a_model_that_fails_says_why_and_the_rest_stands(verb: Verb, file: Path) -> None:
    stand_in(file, SMALL, without=["adoption"])
    with duckdb.connect(str(file)) as connection:
        connection.execute("CREATE VIEW devin_analytics.adoption AS SELECT 1 AS other")

    assert verb("report").exit_code == 0

    page = file.with_name("report.html").read_text()
    assert "Not available here. The destination says:" in page
    assert "Largest: " in page
