"""The exported contracts are current, and are what really happens."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from pipelines.devin import export_schemas
from pipelines.devin.demo_api import DemoServer, World
from sources.devin import devin
from sources.devin.models import decode_page
from sources.devin.tables import TABLES
from sources.devin.usage_tables import USAGE_TABLES
from tests.support.warehouse import Warehouse

FOLDER = Path(__file__).parents[2] / "schemas"


@pytest.fixture(scope="module")
def warehouse_schema() -> Any:
    return yaml.safe_load((FOLDER / export_schemas.WAREHOUSE).read_text())


@pytest.fixture(scope="module")
def session_schema() -> Any:
    return json.loads((FOLDER / export_schemas.SESSION).read_text())


@pytest.fixture(scope="module")
def items() -> list[dict[str, Any]]:
    return World.build(300).items("org-demo")


def test_make_schemas_would_change_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["export_schemas", str(tmp_path)])

    export_schemas.main()

    written = {path.name: path.read_text() for path in tmp_path.glob("*.*")}
    committed = {path.name: path.read_text() for path in FOLDER.glob("*.*")}
    assert written == committed, "run: make schemas"


def test_every_table_and_column_is_described(warehouse_schema: Any) -> None:
    described = {
        name: (table["description"], [c.get("description") for c in table["columns"].values()])
        for name, table in warehouse_schema["tables"].items()
    }

    assert described == {
        table.name: (table.description, [column.description for column in table.columns] + [None])
        for table in (*TABLES, *USAGE_TABLES)
    }


def test_a_load_makes_what_is_exported(warehouse: Warehouse, warehouse_schema: Any) -> None:
    with DemoServer(World.build(60)) as server:
        pipeline = warehouse.pipeline()
        options: dict[str, Any] = {"api_key": server.settings.token, "base_url": server.base_url}
        pipeline.run(devin(**options, usage_every="6h"))
    loaded = pipeline.default_schema.to_dict(remove_defaults=True)["tables"]

    for name, table in warehouse_schema["tables"].items():
        assert columns(loaded[name]) == columns(table)
        assert loaded[name].get("references") == table.get("references")
        assert loaded[name]["write_disposition"] == table["write_disposition"]
        assert set(warehouse.columns(name)) == set(table["columns"])


def test_what_the_demo_shows_keeps_the_contract(
    session_schema: Any, items: list[dict[str, Any]]
) -> None:
    jsonschema.Draft202012Validator.check_schema(session_schema)
    validator = jsonschema.Draft202012Validator(session_schema)

    assert [error.message for item in items for error in validator.iter_errors(item)] == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"created_at": 1_700_000_000_000},
        {"updated_at": None},
        {"session_id": ""},
        {"tags": None},
        {"acus_consumed": "much"},
        {"pull_requests": [{"pr_state": "open"}]},
        {"structured_output": "text"},
    ],
    ids=lambda wrong: next(iter(wrong)),
)
def test_the_exported_contract_rejects_what_the_source_rejects(
    session_schema: Any, items: list[dict[str, Any]], wrong: dict[str, Any]
) -> None:
    item = items[0] | wrong
    page = decode_page(json.dumps({"items": [item]}).encode())

    assert len(page.rejected) == 1
    assert not jsonschema.Draft202012Validator(session_schema).is_valid(item)


def columns(table: Any) -> dict[str, dict[str, Any]]:
    """The columns as both sides write them: by name, without what dlt repeats."""
    return {
        name: {key: value for key, value in column.items() if key != "name"}
        for name, column in table["columns"].items()
    }
