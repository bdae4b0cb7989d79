"""`devin-elt check`: each thing that a sync needs, looked at once, and nothing loaded."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipelines.devin.demo_api import DemoServer
from tests.pipeline.conftest import Verb, into
from tests.support.organisations import Synced
from tests.support.warehouse import Warehouse


@pytest.fixture
def server(unchanging_server: DemoServer) -> DemoServer:
    return unchanging_server


def test_all_is_well_on_every_destination(
    verb: Verb, warehouse: Warehouse, server: DemoServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    into(warehouse, server, monkeypatch)

    result = verb("check", "--destination", warehouse.name)

    assert (result.exit_code, result.stderr) == (0, "")
    where = f" ({warehouse.credentials})" if warehouse.name == "duckdb" else ""
    assert result.stdout == (
        "ok    configuration\n"
        "ok    token\n"
        "ok    organisation org-demo\n"
        f"ok    {warehouse.name} can hold the tables\n"
        f"ok    {warehouse.name} answers{where}\n"
    )


def test_it_loads_nothing_and_makes_no_file(verb: Verb, synced: Synced) -> None:
    verb("check")

    assert not Path(synced.warehouse.credentials).exists()
    assert [dict(request.query) for request in synced.server.requests if request.query] == [
        {"first": "200"}
    ]


def test_without_a_token_the_destination_is_still_looked_at(
    verb: Verb, server: DemoServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("SOURCES__DEVIN__API_KEY")

    result = verb("check")

    assert result.exit_code == 2
    assert result.stdout == (
        "FAIL  configuration: no token is configured: api_key is missing. Put a valid service user "
        "key (it begins with cog_) into SOURCES__DEVIN__API_KEY, or into api_key under "
        "[sources.devin] in .dlt/secrets.toml.\n"
        "ok    duckdb can hold the tables\n"
        f"ok    duckdb answers ({tmp_path / 'devin_warehouse.duckdb'})\n"
    )


def test_a_wrong_token_is_told_once(
    verb: Verb, server: DemoServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCES__DEVIN__API_KEY", "cog_wrong")

    result = verb("check")

    assert result.exit_code == 2
    assert [line[:20] for line in result.stdout.splitlines()] == [
        "ok    configuration",
        "FAIL  token: the API",
        "ok    duckdb can hol",
        "ok    duckdb answers",
    ]


def test_each_organisation_is_looked_at(
    verb: Verb, server: DemoServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCES__DEVIN__ORG_IDS", '["org-nope", "org-demo"]')

    result = verb("check")

    assert result.exit_code == 2
    assert [line.split(":")[0].split(" (")[0] for line in result.stdout.splitlines()] == [
        "ok    configuration",
        "ok    token",
        "FAIL  organisation org-nope",
        "ok    organisation org-demo",
        "ok    duckdb can hold the tables",
        "ok    duckdb answers",
    ]


def test_a_missing_permission_is_named(
    verb: Verb, server: DemoServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCES__DEVIN__ORG_IDS", '["org-demo"]')
    server.settings.readable_orgs = frozenset()

    result = verb("check")

    assert result.exit_code == 1
    assert "FAIL  organisation org-demo: the token is valid, but may not list" in result.stdout
    assert "it needs ViewOrgSessions there" in result.stdout


@pytest.mark.parametrize(
    ("file", "finding", "code"),
    [
        ("devin.duckdb", "FAIL  duckdb can hold the tables: the DuckDB file devin.duckdb has", 2),
        ("no/such/x.duckdb", "FAIL  duckdb answers (HERE/no/such/x.duckdb): the folder of", 1),
    ],
)
def test_a_file_that_will_not_do_is_found_before_anything_is_read(
    verb: Verb,
    server: DemoServer,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    file: str,
    finding: str,
    code: int,
) -> None:
    monkeypatch.setenv("DESTINATION__DUCKDB__CREDENTIALS", file)

    result = verb("check")

    assert result.exit_code == code
    said = result.stdout.replace(str(tmp_path), "HERE")
    assert said.splitlines()[-1].startswith(finding)


def test_a_destination_that_is_down_is_found(
    verb: Verb, server: DemoServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = "postgresql://loader:hidden@127.0.0.1:9/db"
    monkeypatch.setenv("DESTINATION__POSTGRES__CREDENTIALS", address)

    result = verb("check", "--destination", "postgres")

    assert (result.exit_code, "hidden" in result.stdout) == (1, False)
    assert result.stdout.splitlines()[-1].startswith(
        'FAIL  postgres answers: the destination failed: connection to server at "127.0.0.1", '
    )


OTHERS = {
    "sessions": "CREATE TABLE devin.sessions (session_id TEXT, acus DOUBLE PRECISION)",
    "users": "CREATE TABLE devin.users (id TEXT)",
}


@pytest.mark.parametrize("table", OTHERS)
@pytest.mark.parametrize("looking", ["check", "sync"])
def test_a_table_of_somebody_else_is_neither_changed_nor_loaded_into(
    verb: Verb,
    warehouse: Warehouse,
    server: DemoServer,
    monkeypatch: pytest.MonkeyPatch,
    table: str,
    looking: str,
) -> None:
    into(warehouse, server, monkeypatch)
    warehouse.sql(f"CREATE SCHEMA devin; {OTHERS[table]}")
    before = warehouse.columns(table)

    result = verb(looking, "--destination", warehouse.name)

    assert result.exit_code == 2
    assert (
        f"has tables that devin-elt did not make, and whose names it needs: {table}. "
        "Choose another --dataset, or rename them."
    ) in result.output
    assert warehouse.columns(table) == before


def test_tables_of_other_names_are_nobodys_trouble(
    verb: Verb, warehouse: Warehouse, server: DemoServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced = into(warehouse, server, monkeypatch)
    warehouse.sql("CREATE SCHEMA devin; CREATE TABLE devin.budget (session_id TEXT)")

    assert verb("check", "--destination", warehouse.name).exit_code == 0
    assert verb("sync", "--destination", warehouse.name).exit_code == 0
    assert synced.differences() == {}


def test_an_option_that_is_misspelt_is_told_with_the_one_that_is_meant(
    verb: Verb, server: DemoServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / ".dlt").mkdir()
    (tmp_path / ".dlt" / "config.toml").write_text(
        "[sources.devin]\norg_id = ['org-demo']\npage_size = 100\nmax_table_nesting = 1\n"
    )
    monkeypatch.setenv("SOURCES__DEVIN__STRAT_DATE", "2026-01-01")
    monkeypatch.setenv("SOURCES__DEVIN__SESSIONS__PAGE_SIZES", "1")

    result = verb("check")

    assert result.exit_code == 0
    assert [line for line in result.stdout.splitlines() if "no such option" in line] == [
        "note  org_id: there is no such option; is org_ids meant?",
        "note  SOURCES__DEVIN__STRAT_DATE: there is no such option; is start_date meant?",
    ]
