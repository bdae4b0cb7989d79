"""What goes into a spool comes out of it, to the last cell, and nothing is left of it."""

import tempfile
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sources.devin.rows import arrow_table
from sources.devin.spool import Spool, Spooled
from sources.devin.tables import TABLES, TAGS, Column, Kind, Table

Batch = dict[str, pa.Table]
VALUES: dict[Kind, st.SearchStrategy[Any]] = {
    "text": st.text(max_size=3),
    "json": st.sampled_from(["{}", '{"é": [1, null]}', ""]),
    "double": st.floats(allow_nan=False),
    "bigint": st.integers(-(2**63), 2**63 - 1),
    "bool": st.booleans(),
    "timestamp": st.integers(0, 10**17),
}


def values(column: Column) -> st.SearchStrategy[Any]:
    return VALUES[column.kind] if column.required else st.none() | VALUES[column.kind]


def some_rows(table: Table) -> st.SearchStrategy[pa.Table]:
    rows = st.lists(st.tuples(*map(values, table.columns)), max_size=3)
    return rows.map(lambda found: arrow_table(table, found))


BATCH: st.SearchStrategy[Batch] = st.fixed_dictionaries(
    {}, optional={table.name: some_rows(table) for table in TABLES}
)


def tags(*names: str) -> Batch:
    return {"session_tags": arrow_table(TAGS, [("s", name) for name in names])}


def together(batches: list[Batch]) -> Batch:
    """All rows by table name, of the tables that are in any of the batches."""
    names = {name for batch in batches for name in batch}
    return {
        name: pa.concat_tables([batch[name] for batch in batches if name in batch])
        for name in names
    }


def kept(spool: Spool, *batches: Batch) -> dict[str, Spooled]:
    for batch in batches:
        spool.add(batch)
    return spool.close()


def read(spooled: dict[str, Spooled]) -> Batch:
    return {name: rows.read() for name, rows in spooled.items()}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder that is not there yet, nor is the one that it is in."""
    return tmp_path / "pipeline" / "ahead"


@given(st.lists(BATCH, max_size=4))
def test_what_goes_in_comes_out_with_its_types_and_its_number_of_rows(batches: list[Batch]) -> None:
    expected = together(batches)
    with tempfile.TemporaryDirectory() as folder:
        spooled = kept(Spool(Path(folder) / "ahead"), *batches)

        assert read(spooled) == expected
        for name, rows in spooled.items():
            assert rows.read().schema == expected[name].schema
            assert rows.rows == expected[name].num_rows


def test_a_table_without_rows_comes_out_as_one(folder: Path) -> None:
    spooled = kept(Spool(folder), tags())

    assert (spooled["session_tags"].rows, read(spooled)) == (0, tags())


def test_a_table_may_be_in_some_of_the_batches_only(folder: Path) -> None:
    other = {"sync_runs": tags("x")["session_tags"]}

    spooled = kept(Spool(folder), tags("a"), other, tags() | other, tags("b", "c"))

    assert read(spooled) == tags("a", "b", "c") | {"sync_runs": tags("x", "x")["session_tags"]}


def test_rows_of_several_chunks_come_out_in_order(folder: Path) -> None:
    parts = [tags(name)["session_tags"] for name in "abc"]

    spooled = kept(Spool(folder), {"session_tags": pa.concat_tables(parts)})

    assert read(spooled) == tags("a", "b", "c")


def test_each_table_is_a_parquet_file_of_the_folder(folder: Path) -> None:
    spooled = kept(Spool(folder), tags("a"))

    assert spooled == {"session_tags": Spooled(folder / "session_tags.parquet", 1)}
    assert list(folder.iterdir()) == [folder / "session_tags.parquet"]


@pytest.mark.parametrize("batches", [[], [{}]], ids=len)
def test_where_nothing_went_in_nothing_comes_out_nor_is_made(
    folder: Path, batches: list[Batch]
) -> None:
    assert kept(Spool(folder), *batches) == {}
    assert not folder.exists()


def test_clearing_leaves_nothing_also_of_an_earlier_run(folder: Path) -> None:
    kept(Spool(folder), tags("a"))
    (folder / "of another version").mkdir()
    (folder / "of another version" / "rows").write_text("not these")

    Spool(folder).clear()

    assert not folder.exists()
    assert folder.parent.exists()


def test_there_may_be_nothing_to_clear(folder: Path) -> None:
    Spool(folder).clear()

    assert not folder.exists()


@pytest.mark.parametrize("clear", [True, False], ids=["cleared", "closed"])
def test_it_may_be_used_again(folder: Path, clear: bool) -> None:
    spool = Spool(folder)
    kept(spool, tags("a", "b"), {"sync_runs": tags("x")["session_tags"]})
    if clear:
        spool.clear()

    assert read(kept(spool, tags("c"))) == tags("c")


def test_what_an_earlier_run_left_is_no_part_of_what_comes_out(folder: Path) -> None:
    kept(Spool(folder), tags("a", "b"), {"sync_runs": tags("x")["session_tags"]})

    assert read(kept(Spool(folder), tags("c"))) == tags("c")


def test_what_was_read_stays_as_it_was_when_the_files_are_cleared(folder: Path) -> None:
    spool = Spool(folder)
    rows = read(kept(spool, tags("a")))
    spool.clear()
    kept(spool, tags("b"))

    assert rows == tags("a")
