"""What the destination holds is read just as it is, and nothing is made by asking."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dlt
import pyarrow as pa
import pytest

from sources.devin import held, merging
from sources.devin.deletions import marked
from sources.devin.held import Held, Ownership
from sources.devin.rereads import DAY, Look, OpenSession
from sources.devin.rows import with_load_id
from sources.devin.tables import SESSIONS, TABLES, Table
from tests.support.sessions import NOON, session_item, session_tables, sessions_of
from tests.support.truth import moment
from tests.support.warehouse import DuckdbWarehouse, Warehouse

ANY = Ownership()
EVER = [(0, 2 * NOON)]
EVERY = Look(0, NOON + 61)
AWKWARD = 'it\'s "a\\b" %s % sessions \U0001f600\n'

AS_TEXT = """
    SELECT session_id, CAST(structured_output AS VARCHAR), CAST(extra AS VARCHAR)
    FROM devin.sessions ORDER BY session_id
"""


def item(session_id: str, **fields: Any) -> dict[str, Any]:
    own = {"session_id": session_id, "org_id": "org-a", "acus_consumed": 0.1}
    return session_item(**(own | fields))


def with_pull_requests(session_id: str, *states: str | None, **fields: Any) -> dict[str, Any]:
    """A session with a pull request in each of these states: `a/0`, `a/1`, ..."""
    listed = [
        {"pr_url": f"{session_id}/{place}", "pr_state": state} for place, state in enumerate(states)
    ]
    return item(session_id, pull_requests=listed, **fields)


def loading(table: Table, rows: pa.Table) -> Any:
    @dlt.resource(write_disposition="merge", **table.hints())
    def resource() -> Iterator[Any]:
        hints = merging.load_hints([table])[table.name]
        yield dlt.mark.with_hints(with_load_id(rows, "made-up"), hints)

    return resource


def load(warehouse: Warehouse, tables: dict[str, pa.Table]) -> None:
    """Load rows through dlt, merged as the source merges them."""

    @dlt.source(name="devin", max_table_nesting=0)
    def source() -> Any:
        return [loading(table, tables[table.name]) for table in TABLES if table.name in tables]

    warehouse.pipeline().run(source())


def tables_of(*items: dict[str, Any], marked: bool = True) -> dict[str, pa.Table]:
    return session_tables(sessions_of(*items), NOON + 3600, marked=marked)


def holding(warehouse: Warehouse, *items: dict[str, Any]) -> Held:
    """What is held once these items are loaded."""
    held = Held(warehouse.pipeline())
    load(warehouse, tables_of(*items, marked=held.wants_markers))
    return held


def delete(warehouse: Warehouse, *session_ids: str) -> None:
    rows = Held(warehouse.pipeline()).rows(session_ids)
    load(warehouse, {"sessions": marked(rows, NOON + 7200)})


def nobody(session_id: str) -> bool:
    return False


def open_ids(held: Held, ownership: Ownership = ANY, look: Look = EVERY) -> list[str]:
    return [session.session_id for session in held.open_pull_requests(look, ownership, nobody)]


def test_a_session_counts_as_open_while_one_pull_request_is_neither_merged_nor_closed(
    warehouse: Warehouse,
) -> None:
    held = holding(
        warehouse,
        with_pull_requests("open", "OPEN", "merged"),
        with_pull_requests("unknown", "closed", None),
        with_pull_requests("draft", "draft"),
        with_pull_requests("done", "Merged", "CLOSED"),
        with_pull_requests("none"),
    )

    assert held.open_pull_requests(EVERY, ANY, nobody) == [
        OpenSession("draft", NOON + 60, {"draft/0": "draft"}),
        OpenSession("open", NOON + 60, {"open/0": "open", "open/1": "merged"}),
        OpenSession("unknown", NOON + 60, {"unknown/0": "closed", "unknown/1": None}),
    ]


def test_a_session_that_came_by_itself_is_left_out_and_each_is_asked_about_once(
    warehouse: Warehouse,
) -> None:
    held = holding(
        warehouse,
        with_pull_requests("came", "open", "merged"),
        with_pull_requests("kept", "open", "draft"),
    )
    asked = []

    def came(session_id: str) -> bool:
        asked.append(session_id)
        return session_id == "came"

    assert held.open_pull_requests(EVERY, ANY, came) == [
        OpenSession("kept", NOON + 60, {"kept/0": "open", "kept/1": "draft"})
    ]
    assert sorted(asked) == ["came", "kept"]


def test_a_look_finds_the_sessions_that_are_due_for_it_and_no_other(warehouse: Warehouse) -> None:
    quiet = {f"s{place}": NOON - place * DAY // 7 for place in range(100)}
    held = holding(
        warehouse,
        *(with_pull_requests(name, "open", updated_at=since) for name, since in quiet.items()),
    )
    look = Look(NOON - 3 * 3600, NOON)

    assert open_ids(held, look=look) == sorted(
        name for name, since in quiet.items() if look.reads(name, since)
    )


def test_a_span_holds_its_begin_and_not_its_end(warehouse: Warehouse) -> None:
    held = holding(warehouse, *(item(str(second), created_at=NOON + second) for second in range(6)))

    assert held.session_ids(ANY, [(NOON + 1, NOON + 3)]) == {"1", "2"}
    assert held.session_ids(ANY, [(NOON, NOON + 1), (NOON + 4, NOON + 9)]) == {"0", "4", "5"}
    assert held.session_ids(ANY, [(NOON + 2, NOON + 2)]) == set()
    assert held.session_ids(ANY, []) == set()


def test_there_may_be_hundreds_of_spans(warehouse: Warehouse) -> None:
    held = holding(
        warehouse, *(item(str(second), created_at=NOON + second) for second in range(500))
    )

    spans = [(NOON + second, NOON + second + 1) for second in range(0, 500, 2)]

    assert held.session_ids(ANY, spans) == {str(second) for second in range(0, 500, 2)}


def test_what_is_marked_as_deleted_is_neither_open_nor_in_a_span(warehouse: Warehouse) -> None:
    held = holding(warehouse, *(with_pull_requests(name, "open") for name in "abc"))

    delete(warehouse, "b")

    assert open_ids(held) == ["a", "c"]
    assert held.session_ids(ANY, EVER) == {"a", "c"}


def test_a_session_that_comes_back_is_not_deleted_any_more(warehouse: Warehouse) -> None:
    session = item("a")
    holding(warehouse, session)
    delete(warehouse, "a")

    held = holding(warehouse, session)

    assert held.session_ids(ANY, EVER) == {"a"}


@pytest.mark.parametrize(
    ("ownership", "expected"),
    [
        (Ownership(None, None), ["a2", "a3", "b2", "c3"]),
        (Ownership(("org-a",), None), ["a2", "a3"]),
        (Ownership(("org-a", "org-c"), None), ["a2", "a3", "c3"]),
        (Ownership(None, "v2"), ["a2", "b2"]),
        (Ownership(("org-a",), "v2"), ["a2"]),
        (Ownership(("org-'%s'",), None), []),
    ],
)
def test_a_scope_sees_its_own_organisations_and_version(
    warehouse: Warehouse, ownership: Ownership, expected: list[str]
) -> None:
    held = holding(
        warehouse,
        *(
            with_pull_requests(name, "open", org_id=f"org-{name[0]}")
            for name in ("a2", "a3", "b2", "c3")
        ),
    )
    warehouse.sql("UPDATE devin.sessions SET api_version = 'v' || substr(session_id, 2)")

    assert open_ids(held, ownership) == expected
    assert sorted(held.session_ids(ownership, EVER)) == expected


FULL = item(
    "full",
    title=AWKWARD,
    status_detail="",
    is_archived=True,
    acus_consumed=0.1 + 0.2,
    user_id="user-1",
    structured_output={"z": [{"é": None}, 1.0, 1e-7, 2**70], "a": {AWKWARD: ""}, "": []},
    novelty={"n": [1, {"deep": AWKWARD}]},
    pull_requests=[{"pr_url": "https://github.com/a/b/pull/1", "pr_state": "open"}],
    tags=["a"],
)


def test_a_row_that_is_taken_out_and_loaded_again_is_the_same_in_every_column(
    warehouse: Warehouse,
) -> None:
    held = holding(warehouse, FULL, item("empty", structured_output={}, title=""), item("other"))
    before = warehouse.rows("sessions")
    texts = warehouse.sql(AS_TEXT)

    load(warehouse, {"sessions": held.rows(["full", "empty"])})

    assert warehouse.rows("sessions") == before
    assert warehouse.sql(AS_TEXT) == texts


def test_marking_a_row_changes_when_it_was_deleted_and_nothing_else(warehouse: Warehouse) -> None:
    holding(warehouse, FULL, item("other"))
    full, other = warehouse.rows("sessions")
    tags = warehouse.rows("session_tags")

    delete(warehouse, "full")

    assert warehouse.rows("sessions") == [full | {"deleted_at": moment(NOON + 7200)}, other]
    assert warehouse.rows("session_tags") == tags


def test_rows_are_as_they_were_loaded(warehouse: Warehouse) -> None:
    expected = tables_of(FULL)["sessions"].drop_columns(["structured_output", "extra"])

    rows = holding(warehouse, FULL).rows(["full"])

    assert rows.schema == SESSIONS.arrow_schema
    assert rows.drop_columns(["structured_output", "extra"]) == expected


def test_json_comes_as_the_text_that_duckdb_keeps(duckdb_warehouse: DuckdbWarehouse) -> None:
    assert holding(duckdb_warehouse, FULL).rows(["full"]) == tables_of(FULL)["sessions"]


def test_any_number_of_rows_can_be_asked_for(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(held, "IDS_A_QUERY", 2)
    names = ["a", "b", "c", "d", AWKWARD]
    sessions = holding(warehouse, *map(item, names))

    found = sessions.rows([*names, "a", "nobody", "kept_sessions"])

    assert sorted(found["session_id"].to_pylist()) == sorted(names)
    assert sessions.rows([]) == SESSIONS.arrow_schema.empty_table()


def test_where_nothing_was_loaded_nothing_is_held_and_nothing_is_made(
    warehouse: Warehouse,
) -> None:
    assert_nothing(Held(warehouse.pipeline()))

    assert not Path(warehouse.credentials).exists()
    assert warehouse.columns("sessions") == []


def test_a_dataset_without_the_tables_holds_nothing(warehouse: Warehouse) -> None:
    warehouse.pipeline().run([{"n": 1}], table_name="numbers")

    assert_nothing(Held(warehouse.pipeline()))
    assert_nothing(Held(warehouse.pipeline(dataset_name="another")))


def test_a_warehouse_from_before_deletions_were_marked_is_read_as_well(
    warehouse: Warehouse,
) -> None:
    held = holding(warehouse, with_pull_requests("a", "open"))
    warehouse.sql("ALTER TABLE devin.sessions DROP COLUMN deleted_at")

    assert open_ids(held) == ["a"]
    assert held.session_ids(ANY, EVER) == {"a"}
    assert held.rows(["a"])["deleted_at"].to_pylist() == [None]


def test_the_destination_can_be_asked_in_the_middle_of_a_run(warehouse: Warehouse) -> None:
    holding(warehouse, item("a"))

    @dlt.resource(name="found")
    def asking() -> Iterator[Any]:
        held = Held(dlt.current.pipeline())
        yield [{"session_id": session_id} for session_id in held.session_ids(ANY, EVER)]

    warehouse.pipeline().run(asking())

    assert warehouse.rows("found") == [{"session_id": "a"}]


def assert_nothing(held: Held) -> None:
    assert held.open_pull_requests(EVERY, ANY, nobody) == []
    assert held.session_ids(ANY, EVER) == set()
    assert held.rows(["a"]) == SESSIONS.arrow_schema.empty_table()
