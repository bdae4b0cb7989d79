"""What the command line says of the tables beside the sessions."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest
from typer.testing import CliRunner, Result

from pipelines.devin.cli_verbs import app
from pipelines.devin.demo_api import DemoServer, Fault, World
from sources.devin.usage_tables import USAGE_TABLES
from tests.support.isolation import reset_dlt

Verb = Callable[..., Result]
MISSING = frozenset({"ManageOrganizations", "ViewAccountMembership"})


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    with DemoServer(World.build(40)) as server:
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        monkeypatch.setenv("SOURCES__DEVIN__BASE_URL", server.base_url)
        monkeypatch.setenv("SOURCES__DEVIN__API_KEY", server.settings.token)
        monkeypatch.setenv("SOURCES__DEVIN__RETRY_ATTEMPTS", "1")
        monkeypatch.setenv("SOURCES__DEVIN__RESCAN", "0")
        monkeypatch.delenv("SOURCES__DEVIN__USAGE_EVERY")
        yield server


@pytest.fixture
def verb(server: DemoServer) -> Verb:
    def verb(*arguments: str) -> Result:
        reset_dlt()
        return CliRunner().invoke(app, arguments)

    return verb


def test_the_demo_fills_every_table_but_the_insights(verb: Verb, tmp_path: Path) -> None:
    result = verb("sync")

    assert result.exit_code == 0
    with duckdb.connect(str(tmp_path / "devin_warehouse.duckdb")) as connection:
        counts = {
            table.name: connection.sql(f"SELECT count(*) FROM devin.{table.name}").fetchall()[0][0]
            for table in USAGE_TABLES
        }
        comments = connection.sql(
            "SELECT table_name FROM duckdb_tables() WHERE comment IS NOT NULL"
        ).fetchall()
        schemas = connection.sql("SELECT DISTINCT schema_name FROM duckdb_tables()").fetchall()
    assert [name for name, rows in counts.items() if not rows] == ["session_insights"]
    assert set(counts) <= {name for (name,) in comments}
    assert ("devin_staging",) not in schemas
    filled = sum(counts.values()) - counts["endpoint_reads"]
    assert f"Beside the sessions: loaded {filled:,} rows of 9 tables.\n" in result.stdout


def test_a_sync_says_which_permissions_to_ask_for(verb: Verb, server: DemoServer) -> None:
    server.settings.missing_permissions = frozenset(
        {"ManageOrganizations", "ViewAccountMembership"}
    )

    result = verb("sync")

    assert result.exit_code == 0
    assert (
        "To read more, ask for ManageOrganizations (organizations); "
        "ViewAccountMembership (service_users).\n"
    ) in result.stdout
    assert "WARNING not read: organizations: needs ManageOrganizations\n" in result.stderr


def test_so_does_the_result_in_json(verb: Verb, server: DemoServer) -> None:
    server.settings.missing_permissions = frozenset({"ManageOrganizations"})

    told = json.loads(verb("sync", "--json").stdout)["usage"]

    assert told["rows"]["users"] > 0
    assert [
        {key: value for key, value in each.items() if key != "message"} for each in told["denied"]
    ] == [{"table": "organizations", "org_id": "", "permission": "ManageOrganizations"}]


def test_the_next_sync_says_nothing_of_them(verb: Verb) -> None:
    verb("sync")

    result = verb("sync", "--json")

    assert json.loads(result.stdout)["usage"] is None


def test_what_fails_ends_a_sync_with_1_after_all_else_is_loaded(
    verb: Verb, server: DemoServer
) -> None:
    # Whose the token is, the sessions, whose the token is once more, and organisations.
    server.faults.push(*[None] * 3, Fault(status=500))

    result = verb("sync")

    assert result.exit_code == 1
    assert "Beside the sessions: loaded" in result.stdout
    assert "error: the sessions are loaded, but not organizations: GET" in result.stderr


def test_check_says_what_may_be_read_and_ends_well_without(
    verb: Verb, server: DemoServer, tmp_path: Path
) -> None:
    server.settings.missing_permissions = frozenset(
        {"ManageOrganizations", "ViewAccountMembership"}
    )

    result = verb("check")

    assert result.exit_code == 0
    assert result.stdout == (
        "ok    configuration\n"
        "ok    token\n"
        "ok    organisation org-demo\n"
        "note  organizations: it needs ManageOrganizations\n"
        "ok    users of org-demo\n"
        "note  service_users: it needs ViewAccountMembership\n"
        "ok    playbooks of org-demo\n"
        "ok    consumption_daily\n"
        "ok    consumption_daily of org-demo\n"
        "ok    billing_cycles\n"
        "ok    acu_limits\n"
        "ok    metrics_usage of org-demo\n"
        "ok    metrics_pull_requests of org-demo\n"
        "ok    duckdb can hold the tables\n"
        f"ok    duckdb answers ({tmp_path / 'devin_warehouse.duckdb'})\n"
    )
    assert not Path("devin_warehouse.duckdb").exists()
