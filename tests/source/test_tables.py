"""The warehouse contract: the tables as they are promised to whoever queries them."""

from typing import Any

import pyarrow as pa
import pytest

from sources.devin.tables import CHILDREN, LOAD_ID, TABLES, Table

PROMISED: dict[str, tuple[str, str]] = {
    "sessions": (
        "session_id",
        "org_id, url, title, status, status_detail, origin, category, subcategory, is_archived,"
        " created_at, updated_at, deleted_at, acus_consumed, user_id, service_user_id, playbook_id,"
        " automation_id, devin_mode, parent_session_id, structured_output, extra, api_version,"
        " extracted_at",
    ),
    "session_pull_requests": (
        "session_id, pr_url",
        "pr_state, host, repository, number, position",
    ),
    "session_tags": ("session_id, tag", ""),
    "session_links": ("parent_session_id, child_session_id, declared_by", "session_id"),
    "session_snapshots": (
        "session_id, updated_at",
        "org_id, status, status_detail, acus_consumed, pull_request_count,"
        " merged_pull_request_count, closed_pull_request_count, extracted_at",
    ),
    "rejected_items": (
        "item_hash",
        "scope, reason, error, raw, request, first_seen_at, last_seen_at, replayed_at",
    ),
    "sync_runs": (
        "run_id",
        "scope, started_at, finished_at, as_of, spans_raised, pages, requests, retries,"
        " seconds_throttled, bytes, rows, unchanged, rejected, versions, outcome, error",
    ),
}
KINDS = {
    "timestamp": "created_at, updated_at, deleted_at, extracted_at, first_seen_at, last_seen_at,"
    " replayed_at, started_at, finished_at, as_of",
    "json": "structured_output, extra, spans_raised, rows, versions",
    "double": "acus_consumed, seconds_throttled",
    "bool": "is_archived",
    "bigint": "number, position, pull_request_count, merged_pull_request_count,"
    " closed_pull_request_count, pages, requests, retries, bytes, unchanged, rejected",
}
OPTIONAL = {
    "sessions": "title, status_detail, origin, category, subcategory, is_archived, deleted_at,"
    " user_id, service_user_id, playbook_id, automation_id, devin_mode, parent_session_id,"
    " structured_output, extra",
    "session_pull_requests": "pr_state, host, repository, number, position",
    "session_tags": "",
    "session_links": "",
    "session_snapshots": "status_detail, closed_pull_request_count",
    "rejected_items": "replayed_at",
    "sync_runs": "as_of, error",
}
ARROW = {
    "timestamp": pa.timestamp("us", "UTC"),
    "json": pa.string(),
    "double": pa.float64(),
    "bool": pa.bool_(),
    "bigint": pa.int64(),
    "text": pa.string(),
}

each_table = pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)


def words(text: str) -> list[str]:
    return [word.strip() for word in text.split(",") if word.strip()]


def of_the_contract(table: Table) -> dict[str, Any]:
    """The hints of the columns that are not dlt's own."""
    return {name: hint for name, hint in table.hints()["columns"].items() if name != LOAD_ID}


def kind_of(table: Table, column: str) -> str:
    if (table.name, column) == ("rejected_items", "error"):
        return "json"
    return next((kind for kind, names in KINDS.items() if column in words(names)), "text")


def test_the_tables_are_those_that_are_promised() -> None:
    assert list(PROMISED) == [table.name for table in TABLES]


@each_table
def test_a_table_has_the_key_and_columns_that_are_promised(table: Table) -> None:
    key, others = PROMISED[table.name]

    assert words(key) == list(table.key)
    assert words(key) + words(others) == [column.name for column in table.columns]


@each_table
def test_each_column_has_the_type_that_is_promised(table: Table) -> None:
    assert [kind_of(table, column.name) for column in table.columns] == [
        column.kind for column in table.columns
    ]


@each_table
def test_only_what_the_api_may_leave_out_may_be_null(table: Table) -> None:
    assert words(OPTIONAL[table.name]) == [
        column.name for column in table.columns if not column.required
    ]


@each_table
def test_a_key_is_never_null(table: Table) -> None:
    required = {column.name for column in table.columns if column.required}

    assert set(table.key) - required == set()


@each_table
def test_every_table_and_column_is_described(table: Table) -> None:
    for text in (table.description, *(column.description for column in table.columns)):
        assert len(text) > 5
        assert text.endswith(".")


@each_table
def test_dlt_is_told_of_its_own_column_that_each_row_has(table: Table) -> None:
    columns = table.hints()["columns"]

    assert [*(column.name for column in table.columns), LOAD_ID] == list(columns)
    assert columns[LOAD_ID] == {"data_type": "text", "nullable": False}


@each_table
def test_arrow_and_dlt_are_told_the_same(table: Table) -> None:
    columns = of_the_contract(table)

    assert [(name, kind_of(table, name)) for name in columns] == [
        (name, hint["data_type"]) for name, hint in columns.items()
    ]
    assert table.arrow_schema == pa.schema(
        [
            pa.field(name, ARROW[hint["data_type"]], nullable=hint["nullable"])
            for name, hint in columns.items()
        ]
    )


@each_table
def test_hints_carry_key_and_descriptions(table: Table) -> None:
    hints = table.hints()

    assert hints["name"] == table.name
    assert hints["primary_key"] == table.key
    assert [column.description for column in table.columns] == [
        hint["description"] for hint in of_the_contract(table).values()
    ]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("sessions", ["updated_at"]),
        ("session_pull_requests", []),
        ("session_tags", []),
        ("session_links", []),
        ("session_snapshots", ["extracted_at"]),
        ("rejected_items", ["last_seen_at"]),
        ("sync_runs", ["finished_at"]),
    ],
)
def test_where_a_key_can_come_twice_the_newest_row_stays(name: str, expected: list[str]) -> None:
    (table,) = (table for table in TABLES if table.name == name)
    columns = table.hints()["columns"]

    assert expected == [name for name, hint in columns.items() if "dedup_sort" in hint]
    assert {"desc"} >= {hint.get("dedup_sort", "desc") for hint in columns.values()}


def mutable_parts(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return [value, *(part for inner in value.values() for part in mutable_parts(inner))]
    if isinstance(value, list):
        return [value, *(part for inner in value for part in mutable_parts(inner))]
    return []


@each_table
def test_hints_are_made_fresh_since_dlt_changes_them(table: Table) -> None:
    parts = [*mutable_parts(table.hints()), *mutable_parts(table.hints())]

    assert len({id(part) for part in parts}) == len(parts)
    assert table.hints() == table.hints()


@each_table
def test_what_belongs_to_a_session_refers_to_it(table: Table) -> None:
    belongs = table.name.startswith("session_")
    reference = {
        "referenced_table": "sessions",
        "columns": ["session_id"],
        "referenced_columns": ["session_id"],
    }

    assert table.hints()["references"] == ([reference] if belongs else [])


def test_children_are_what_arrives_whole_with_a_session() -> None:
    expected = ["session_pull_requests", "session_tags", "session_links"]

    assert expected == [table.name for table in CHILDREN]


def test_a_table_comes_after_those_it_refers_to() -> None:
    names = [table.name for table in TABLES]

    for table in TABLES:
        assert [
            name for name in table.references if names.index(name) > names.index(table.name)
        ] == []
