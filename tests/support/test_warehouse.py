"""The harness itself: both warehouses answer alike, and nothing gets out."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import dlt
import httpx
import pyarrow as pa
import pytest
from dlt.common.configuration.container import Container
from dlt.common.pipeline import PipelineContext
from hypothesis import given
from hypothesis import strategies as st

from tests.support.isolation import OutsideConnectionError
from tests.support.warehouse import DuckdbWarehouse, Warehouse

NOON = datetime(2024, 3, 1, 12, tzinfo=UTC)
ROWS = [
    {"id": "a", "created_at": NOON, "acus": 1.5, "open": True, "extra": {"k": [1]}, "parent": None},
    {"id": "b", "created_at": NOON, "acus": None, "open": False, "extra": None, "parent": "a"},
]
TYPES = {
    "id": "text",
    "created_at": "timestamp",
    "acus": "double",
    "open": "bool",
    "extra": "json",
    "parent": "text",
}
COLUMNS: Any = {name: {"data_type": data_type} for name, data_type in TYPES.items()}


def test_rows_come_back_as_they_were_sent(warehouse: Warehouse) -> None:
    pipeline = warehouse.pipeline()

    pipeline.run(reversed(ROWS), table_name="sessions", columns=COLUMNS)

    assert warehouse.rows("sessions") == ROWS
    assert warehouse.columns("sessions") == [*ROWS[0], "_dlt_load_id", "_dlt_id"]
    assert warehouse.sql("SELECT max(created_at), count(*) FROM devin.sessions") == [(NOON, 2)]


def test_arrow_rows_come_back_as_they_were_sent(warehouse: Warehouse) -> None:
    table = pa.Table.from_pylist(
        [{"id": "a", "created_at": NOON, "acus": 1.5, "extra": '{"k": [1]}'}],
        schema=pa.schema(
            [
                ("id", pa.string()),
                ("created_at", pa.timestamp("us", "UTC")),
                ("acus", pa.float64()),
                ("extra", pa.string()),
            ]
        ),
    )

    @dlt.resource(name="sessions", columns={"extra": {"data_type": "json"}})
    def sessions() -> Iterator[pa.Table]:
        yield table

    warehouse.pipeline().run(sessions(), loader_file_format="parquet")

    assert warehouse.rows("sessions") == [
        {"id": "a", "created_at": NOON, "acus": 1.5, "extra": {"k": [1]}}
    ]
    assert warehouse.columns("sessions") == ["id", "created_at", "acus", "extra"]


def test_a_statement_without_rows(warehouse: Warehouse) -> None:
    warehouse.sql("CREATE SCHEMA devin")
    warehouse.sql("CREATE TABLE devin.t (n integer)")
    warehouse.sql("INSERT INTO devin.t VALUES (1)")

    assert warehouse.rows("t") == [{"n": 1}]
    assert warehouse.columns("absent") == []


def test_a_pipeline_works_in_the_folder_of_the_test(warehouse: Warehouse, tmp_path: Path) -> None:
    assert Path(warehouse.pipeline().working_dir).is_relative_to(tmp_path)
    assert Path(dlt.pipeline("another").working_dir).is_relative_to(tmp_path)


@pytest.mark.parametrize("time", ["first", "second"])
def test_no_pipeline_is_active_from_the_test_before(
    time: str, duckdb_warehouse: DuckdbWarehouse
) -> None:
    context = Container()[PipelineContext]

    assert not context.is_active()
    duckdb_warehouse.pipeline().activate()
    assert context.is_active()


def test_nothing_of_the_user_or_the_checkout_is_configured(tmp_path: Path) -> None:
    assert Path.cwd() == tmp_path
    assert dlt.config.get("normalize.parquet_normalizer.add_dlt_load_id") is None
    assert dlt.config.get("runtime.dlthub_telemetry", bool) is False
    told = {name for name in os.environ if name.startswith(("SOURCES__", "DESTINATION__"))}
    assert told == {"SOURCES__DEVIN__USAGE_EVERY"}  # what a test of sessions need not wait for


def test_a_config_file_in_the_folder_of_the_test_counts(tmp_path: Path) -> None:
    (tmp_path / ".dlt").mkdir()
    (tmp_path / ".dlt" / "config.toml").write_text("[sources.devin]\napi_version = 'v2'\n")
    dlt.current.run_context().reload()

    assert dlt.config["sources.devin.api_version"] == "v2"


@pytest.mark.parametrize("url", ["http://example.com", "http://192.0.2.1", "http://[2001:db8::1]"])
def test_no_request_gets_out(url: str) -> None:
    with pytest.raises(OutsideConnectionError, match="tried to reach"):
        httpx.get(url)


def test_no_datagram_gets_out() -> None:
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams,
        pytest.raises(OutsideConnectionError),
    ):
        datagrams.sendto(b"x", ("192.0.2.1", 53))


def test_a_loopback_connection_is_allowed() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.create_connection(("localhost", server.getsockname()[1])) as client,
    ):
        assert client.getpeername() == server.getsockname()


@given(st.integers())
def test_hypothesis_works_with_the_isolation(number: int) -> None:
    assert isinstance(number, int)
