"""Memory: DuckDB is kept small, and gets more where rows are wide."""

import dlt
import pytest

from pipelines.devin.demo_api import DemoServer, World
from pipelines.devin.file import MEMORY, give_memory
from pipelines.devin.sync import sync
from pipelines.devin.warehouse import open_pipeline

NOW = 1_780_000_000


def setting(pipeline: dlt.Pipeline, name: str) -> str:
    with pipeline.sql_client() as client:
        [(value,)] = client.execute_sql(f"SELECT current_setting('{name}')") or []
    return str(value)


def test_duckdb_is_kept_small() -> None:
    assert setting(open_pipeline(), "memory_limit").replace(".0 ", "") == MEMORY
    assert setting(open_pipeline(), "threads") == "1"


def test_who_gave_duckdb_memory_is_right(monkeypatch: pytest.MonkeyPatch) -> None:
    variable = "DESTINATION__DUCKDB__CREDENTIALS__GLOBAL_CONFIG"
    monkeypatch.setenv(variable, '{"memory_limit": "300MiB"}')

    assert setting(open_pipeline(), "memory_limit") == "300.0 MiB"
    assert not give_memory()


def test_where_rows_are_too_wide_for_that_it_gets_more() -> None:
    world = World.build(0, start=NOW - 1, now=NOW)
    for number in range(2_500):
        output = {"report": f"{number:06}" * 4_000}
        world.add("org-demo", created_at=NOW - 100 - number, structured_output=output)
    world.clock.advance(10)
    with DemoServer(world) as server:
        pipeline = open_pipeline()
        result = sync(pipeline, base_url=server.base_url, api_key="cog_demo")

    assert result.failure is None
    with pipeline.sql_client() as client:
        assert client.execute_sql("SELECT count(*) FROM sessions") == [(2_500,)]
    assert setting(open_pipeline(), "memory_limit") == "4.0 GiB"
