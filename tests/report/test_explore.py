"""The notebook: what it asks for, how it is served, and that it leaves the warehouse alone."""

from __future__ import annotations

import importlib.util
import os
import re
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from contextlib import suppress
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb
import pytest
import sqlglot
from dlt.destinations.exceptions import DatabaseException

from pipelines.devin.exploring import QuestionRefused, changes, keep_from_writing
from pipelines.devin.exploring import Warehouse as Explored
from tests.report.conftest import SMALL, Verb
from tests.report.stand_in import AS_OF, stand_in
from tests.support.warehouse import Warehouse

PERIOD = (date(2026, 1, 1), date(2026, 3, 31))


@pytest.fixture
def explored(file: Path) -> Explored:
    stand_in(file, SMALL)
    return Explored("duckdb", "devin")


def test_it_knows_organisations_and_as_of_when(explored: Explored) -> None:
    assert explored.organizations() == {"Platform": "org_a", "Payments": "org_b"}
    assert explored.as_of() == AS_OF


def test_members_and_days_are_those_of_the_models(explored: Explored) -> None:
    members = explored.members("user", *PERIOD, [])
    days = explored.by_day("user", *PERIOD, ["org_a"])

    assert members[0] == {"user": "Ada", "acus": 30.0, "share": 0.5, "before": 15.0, "cost": 60.0}
    assert days == [
        {"day": "2026-03-30", "user": "Ada", "acus": 10.0},
        {"day": "2026-03-31", "user": "bot (service user)", "acus": 10.0},
        {"day": "2026-03-31", "user": "grace@acme.example", "acus": 20.0},
    ]


def test_a_question_in_sql_names_models_and_tables_as_they_are_called(explored: Explored) -> None:
    asked = "SELECT org_id, SUM(acus) AS acus FROM acu_daily GROUP BY org_id ORDER BY org_id"

    assert explored.answer(asked) == [
        {"org_id": "org_a", "acus": 1070.0},
        {"org_id": "org_b", "acus": 20.0},
    ]
    assert len(explored.answer("SELECT * FROM sessions LIMIT 2")) == 2
    assert len(explored.answer("SELECT 1 AS n FROM range(5000)")) == 1000


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("DROP TABLE sessions", "only a SELECT can be asked here"),
        ("SELECT 1; DROP TABLE sessions", "only a SELECT can be asked here"),
        ("SELECT * INTO mine FROM sessions", "only a SELECT can be asked here"),
        ("COPY sessions TO 'out.csv'", "only a SELECT can be asked here"),
        ("SELECT FROM WHERE", "Expected"),
        ("SELECT * FROM nowhere", "nowhere"),
        ("", "parsed"),
    ],
)
def test_what_is_no_question_is_refused(explored: Explored, asked: str, said: str) -> None:
    with pytest.raises(QuestionRefused, match=said):
        explored.answer(asked)


CHANGES = [
    "DELETE FROM sessions RETURNING org_id",
    "INSERT INTO sessions (org_id) VALUES ('org_x') RETURNING org_id",
    "UPDATE sessions SET org_id = 'org_x' RETURNING org_id",
    "MERGE INTO sessions USING organizations AS o ON TRUE WHEN MATCHED THEN DELETE RETURNING 1",
]


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize(
    "asked",
    [
        "WITH changed AS ({}) SELECT * FROM changed",
        "SELECT * FROM (WITH changed AS ({}) SELECT * FROM changed) AS inner_one",
    ],
)
def test_a_change_is_refused_wherever_it_is_in_a_query(
    explored: Explored, asked: str, change: str
) -> None:
    with pytest.raises(QuestionRefused, match="only a SELECT can be asked here"):
        explored.answer(asked.format(change))


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_that_postgres_would_take_is_found(change: str) -> None:
    asked = f"WITH changed AS ({change}) SELECT * FROM changed"

    for dialect in ("duckdb", "postgres"):
        assert changes(sqlglot.parse_one(asked, read=dialect))
    assert not changes(sqlglot.parse_one("WITH a AS (SELECT 1) SELECT * FROM a UNION SELECT 2"))


@pytest.mark.parametrize("change", ["DELETE FROM devin.sessions", "CREATE TABLE devin.t (n INT)"])
def test_a_connection_for_questions_cannot_write(
    warehouse: Warehouse, tmp_path: Path, change: str
) -> None:
    pipeline = warehouse.pipeline(pipelines_dir=tmp_path)
    with pipeline.sql_client() as client:
        client.execute_sql("CREATE SCHEMA devin")
        client.execute_sql("CREATE TABLE devin.sessions AS SELECT 1 AS n")
        keep_from_writing(client)
        with pytest.raises(DatabaseException, match=r"(?i)read-only"):
            client.execute_sql(change)
    with pipeline.sql_client() as client:
        assert list(client.execute_sql("SELECT n FROM devin.sessions") or ()) == [(1,)]


def test_the_file_is_left_alone_between_questions(explored: Explored, file: Path) -> None:
    explored.members("tag", *PERIOD, [])

    program = f"import duckdb; duckdb.connect({str(file)!r}).execute('CREATE TABLE mine (n INT)')"
    subprocess.run([sys.executable, "-c", program], check=True)


def test_without_the_extra_it_says_what_to_install(
    verb: Verb, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand_in(file, SMALL)
    found = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "marimo" else found(name)
    )

    ended = verb("explore")

    assert ended.exit_code == 2
    assert ended.stderr == (
        "error: the notebook needs marimo, which is not installed. "
        "Install it into the same environment: pip install 'devin-elt[explore]'\n"
    )


def test_without_a_warehouse_nothing_is_served(verb: Verb, file: Path) -> None:
    ended = verb("explore", "--headless")

    assert (ended.exit_code, "Run: devin-elt sync" in ended.stderr) == (2, True)


def test_its_cells_run(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in(file, SMALL)
    from pipelines.devin.explore_notebook import app  # noqa: PLC0415 - it takes marimo

    _, defined = app.run()

    assert [row["day"] for row in defined["by_day"]] == ["2026-03-31"] * 2
    assert defined["members"][0]["repository"] == "no repository"


def test_today_is_the_billing_day_and_can_be_picked_alone(file: Path) -> None:
    rows = {**SMALL, "as_of": [{"as_of": datetime(2026, 3, 31, 7, 59, tzinfo=UTC)}]}
    stand_in(file, rows)
    from pipelines.devin.explore_notebook import app  # noqa: PLC0415 - it takes marimo

    _, defined = app.run()
    today = defined["period"].stop

    assert today == defined["period"].value[1] == date(2026, 3, 30)
    assert Explored("duckdb", "devin").members("user", today, today, [])[0]["acus"] == 10.0
    assert len(Explored("duckdb", "devin").by_day("user", today, today, [])) == 1


def test_today_goes_by_the_offset_that_is_configured(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MODELS__BILLING_DAY_OFFSET", "-13h")
    stand_in(file, SMALL)

    assert Explored("duckdb", "devin").today() == date(2026, 4, 1)


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_it_is_served_on_this_machine_to_whoever_has_the_token(
    file: Path, stop: signal.Signals
) -> None:
    stand_in(file, SMALL)
    program = str(Path(sys.executable).with_name("devin-elt"))
    with subprocess.Popen(
        [program, "explore", "--headless"],
        cwd=file.parent,
        env={**os.environ, "PYTHONUNBUFFERED": "1", "HOME": str(file.parent)},
        stdout=subprocess.PIPE,
        text=True,
    ) as serving:
        assert serving.stdout is not None
        address = next(
            found[0] for line in serving.stdout if (found := re.search(r"http://\S+", line))
        )
        opener, stranger = (
            urllib.request.build_opener(
                urllib.request.ProxyHandler({}), urllib.request.HTTPCookieProcessor()
            )
            for _ in range(2)
        )
        page = ""
        while not page:  # the address is said before it answers
            with suppress(urllib.error.URLError):
                page = opener.open(address, timeout=20).read().decode()
        refused = stranger.open(address.partition("?")[0], timeout=20)
        with duckdb.connect(str(file)) as connection:
            held = connection.execute("SELECT COUNT(*) FROM devin.sessions").fetchone()
        serving.send_signal(stop)
        serving.communicate(timeout=20)

    assert serving.returncode == 0
    assert "access_token=" in address
    assert "localhost" in address
    assert "Where the ACUs went" in page
    assert "login" in refused.url
    assert held == (6,)
