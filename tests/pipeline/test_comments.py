"""The descriptions of tables and columns, where the destination keeps comments."""

from collections.abc import Iterator

import pytest

from pipelines.devin.comments import write_comments
from pipelines.devin.demo_api import DemoServer, World
from pipelines.devin.sync import sync
from sources.devin.tables import TABLES
from tests.support.organisations import Synced
from tests.support.warehouse import Warehouse

COMMENTS = {
    "duckdb": """
        SELECT table_name, NULL, comment FROM duckdb_tables() WHERE schema_name = 'devin'
        UNION ALL
        SELECT table_name, column_name, comment FROM duckdb_columns() WHERE schema_name = 'devin'
    """,
    "postgres": """
        SELECT c.relname, a.attname, d.description
        FROM pg_description AS d
        JOIN pg_class AS c ON c.oid = d.objoid AND d.classoid = 'pg_class'::regclass
        JOIN pg_namespace AS n ON n.oid = c.relnamespace AND n.nspname = 'devin'
        LEFT JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum = d.objsubid AND a.attnum > 0
    """,
}


@pytest.fixture
def synced(warehouse: Warehouse) -> Iterator[Synced]:
    with DemoServer(World.build(20)) as server:
        yield Synced(server, warehouse)


def load(synced: Synced) -> None:
    options = {"base_url": synced.server.base_url, "api_key": "cog_demo"}
    sync(synced.pipeline(), **options)


def comments(synced: Synced) -> set[tuple[str, str | None, str]]:
    return {row for row in synced.warehouse.sql(COMMENTS[synced.warehouse.name]) if row[2]}


def test_every_table_and_column_has_its_description_as_a_comment(synced: Synced) -> None:
    load(synced)

    expected: set[tuple[str, str | None, str]] = {
        (table.name, None, table.description) for table in TABLES
    }
    expected |= {
        (table.name, column.name, column.description)
        for table in TABLES
        for column in table.columns
    }
    assert comments(synced) == expected


def test_comments_are_written_once(synced: Synced) -> None:
    load(synced)
    table = f"COMMENT ON TABLE devin.{TABLES[0].name} IS "
    synced.warehouse.sql(table + "'ours'")

    write_comments(synced.pipeline())

    assert (TABLES[0].name, None, "ours") in comments(synced)
