"""The models become views in the destination, and what is wrong with one harms nothing else."""

import threading
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import pytest

from pipelines.devin.models import changed
from pipelines.devin.models.applying import Applied, apply
from pipelines.devin.models.catalogue import catalogue, parsed
from pipelines.devin.models.changed import READER, apply_changed, prepare
from sources.devin.errors import ConfigurationError
from tests.models.test_catalogue import model_file
from tests.support.sessions import NOON, session_item, session_tables, sessions_of
from tests.support.warehouse import DuckdbWarehouse, PostgresWarehouse, Warehouse

VIEWS = "SELECT table_name FROM information_schema.views WHERE table_schema = 'devin_analytics'"


@pytest.fixture
def loaded(warehouse: Warehouse) -> Warehouse:
    """A warehouse that holds one session."""
    session = session_item(session_id="a", acus_consumed=1.5)
    rows = session_tables(sessions_of(session), NOON + 3600)["sessions"]
    warehouse.pipeline().run(rows, table_name="sessions")
    return warehouse


def views(warehouse: Warehouse) -> set[str]:
    return {name for (name,) in warehouse.sql(VIEWS)}


def test_every_model_becomes_a_view_that_answers(loaded: Warehouse) -> None:
    models, _ = catalogue()
    names = [model.name for model in models]

    applied = apply(loaded.pipeline())

    assert applied == Applied("devin_analytics", tuple(names), (), {})
    assert views(loaded) == set(names)
    assert [len(loaded.sql(f"SELECT * FROM devin_analytics.{name} LIMIT 1")) for name in names]


def test_views_and_their_columns_are_described(
    duckdb_warehouse: DuckdbWarehouse, tmp_path: Path
) -> None:
    rows = session_tables(sessions_of(session_item()), NOON)["sessions"]
    duckdb_warehouse.pipeline().run(rows, table_name="sessions")
    model_file(tmp_path, "m", "SELECT 1 AS day, acus_consumed AS acus FROM sessions")

    apply(duckdb_warehouse.pipeline(), tmp_path)

    assert duckdb_warehouse.sql("SELECT comment FROM duckdb_views() WHERE view_name = 'm'") == [
        ("Who burned what? one row per day. Cannot know: what was before: nothing.",)
    ]
    assert duckdb_warehouse.sql(
        "SELECT column_name, comment FROM duckdb_columns() WHERE table_name = 'm' ORDER BY ALL"
    ) == [("acus", "ACUs of the day."), ("day", "The day.")]


def test_what_duckdb_keeps_of_a_view_can_be_run_again(duckdb_warehouse: DuckdbWarehouse) -> None:
    rows = session_tables(sessions_of(session_item()), NOON)["sessions"]
    duckdb_warehouse.pipeline().run(rows, table_name="sessions")
    made = apply(duckdb_warehouse.pipeline()).created

    kept = "SELECT sql FROM duckdb_views() WHERE schema_name = 'devin_analytics'"
    texts = [
        text.replace("CREATE VIEW", "CREATE OR REPLACE VIEW")
        for (text,) in duckdb_warehouse.sql(kept)
    ]

    assert len(texts) == len(made)
    assert [duckdb_warehouse.sql(text) for text in texts]


def test_a_broken_file_is_named_with_its_line_and_the_others_are_made(
    loaded: Warehouse, tmp_path: Path
) -> None:
    model_file(tmp_path, "good")
    model_file(tmp_path, "bad", "SELECT 1\nFROM WHERE")
    before = loaded.rows("sessions")

    applied = apply(loaded.pipeline(), tmp_path)

    assert applied.created == ("good",)
    assert [problem.message.split(":")[0] for problem in applied.broken] == ["bad.sql, line 11"]
    assert applied.failure is not None
    assert loaded.rows("sessions") == before


def test_a_model_that_the_destination_refuses_is_skipped_with_those_that_read_it(
    loaded: Warehouse, tmp_path: Path
) -> None:
    model_file(tmp_path, "good")
    model_file(tmp_path, "bad", "SELECT no_such_column AS day, 1 AS acus FROM sessions")
    model_file(tmp_path, "reads_bad", "SELECT day, acus FROM bad")

    applied = apply(loaded.pipeline(), tmp_path)

    assert applied.created == ("good",)
    assert "no_such_column" in applied.skipped["bad"]
    assert applied.skipped["reads_bad"] == "it reads bad"
    assert views(loaded) == {"good"}


def test_a_model_may_change_its_columns_while_others_read_it(
    loaded: Warehouse, tmp_path: Path
) -> None:
    model_file(tmp_path, "base", "SELECT 1 AS day, 2 AS acus, 3 AS more")
    model_file(tmp_path, "reader", "SELECT day, acus FROM base")
    apply(loaded.pipeline(), tmp_path)
    model_file(tmp_path, "base", "SELECT 'x' AS day, 7 AS acus")

    applied = apply(loaded.pipeline(), tmp_path)

    assert applied.created == ("base", "reader")
    assert loaded.sql("SELECT day, acus FROM devin_analytics.reader") == [("x", 7)]


def test_a_view_that_somebody_else_reads_stays_with_those_that_read_it(
    postgres_uri: str, tmp_path: Path
) -> None:
    loaded = PostgresWarehouse(tmp_path, postgres_uri)
    rows = session_tables(sessions_of(session_item()), NOON)["sessions"]
    loaded.pipeline().run(rows, table_name="sessions")
    model_file(tmp_path, "base", "SELECT 1 AS day, 2 AS acus, 3 AS more")
    model_file(tmp_path, "reader", "SELECT day, acus FROM base")
    apply(loaded.pipeline(), tmp_path)
    loaded.sql("CREATE VIEW devin.mine AS SELECT more FROM devin_analytics.base")
    model_file(tmp_path, "base", "SELECT 1 AS day, 2 AS acus")

    applied = apply_changed(loaded.pipeline(), tmp_path)

    assert applied is not None
    assert applied.created == ("reader",)
    assert list(applied.skipped) == ["base"]
    assert loaded.sql("SELECT day, acus FROM devin_analytics.reader") == [(1, 2)]
    assert apply_changed(loaded.pipeline(), tmp_path) == applied, "it is tried again"


def test_where_nothing_is_loaded_it_says_what_to_run(warehouse: Warehouse) -> None:
    with pytest.raises(ConfigurationError, match=r"nothing is loaded yet.*Run devin-elt sync"):
        apply(warehouse.pipeline())


def test_views_are_made_again_only_where_something_changed(
    loaded: Warehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model_file(tmp_path, "m")
    pipeline = loaded.pipeline()

    first, second = apply_changed(pipeline, tmp_path), apply_changed(pipeline, tmp_path)
    model_file(tmp_path, "m", "SELECT 3 AS day, 4 AS acus")
    edited = apply_changed(pipeline, tmp_path)
    monkeypatch.setenv("MODELS__ACU_PRICES", '{"2026-01-01": 2}')
    priced, last = apply_changed(pipeline, tmp_path), apply_changed(pipeline, tmp_path)

    made = Applied("devin_analytics", ("m",), (), {})
    assert [first, second, edited, priced, last] == [made, None, made, made, None]


def test_a_broken_file_is_complained_of_each_time(loaded: Warehouse, tmp_path: Path) -> None:
    model_file(tmp_path, "bad", "SELECT 1 FROM WHERE")
    pipeline = loaded.pipeline()

    assert apply_changed(pipeline, tmp_path) is not None
    assert apply_changed(pipeline, tmp_path) is not None


def test_where_no_dataset_may_be_made_every_model_is_skipped_and_named(
    postgres_uri: str, tmp_path: Path
) -> None:
    owner = PostgresWarehouse(tmp_path, postgres_uri)
    rows = session_tables(sessions_of(session_item()), NOON)["sessions"]
    owner.pipeline().run(rows, table_name="sessions")
    name = f"reader_{uuid4().hex}"
    owner.sql(f"CREATE ROLE {name} LOGIN PASSWORD 'x'")
    owner.sql(f"GRANT USAGE ON SCHEMA devin TO {name}")
    owner.sql(f"GRANT SELECT ON ALL TABLES IN SCHEMA devin TO {name}")
    address = urlsplit(postgres_uri)
    as_reader = address._replace(netloc=f"{name}:x@{address.hostname}:{address.port}").geturl()
    model_file(tmp_path, "m")

    applied = apply(PostgresWarehouse(tmp_path, as_reader).pipeline(), tmp_path)

    assert applied.created == ()
    assert list(applied.skipped) == ["m"]
    assert "permission denied" in applied.skipped["m"]
    owner.sql(f"DROP OWNED BY {name}; DROP ROLE {name}")


def readers() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == READER]


def test_what_is_read_before_is_not_read_again(loaded: Warehouse, tmp_path: Path) -> None:
    model_file(tmp_path, "m", f"SELECT 1 AS day, acus_consumed AS acus, '{uuid4()}' FROM sessions")
    before = parsed.cache_info().misses

    prepare(loaded.pipeline(), tmp_path)
    for reader in readers():
        reader.join()
    prepared = parsed.cache_info().misses
    apply_changed(loaded.pipeline(), tmp_path)

    assert (prepared - before, parsed.cache_info().misses - prepared) == (1, 0)


def test_nothing_is_read_before_where_the_views_were_made(
    loaded: Warehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model_file(tmp_path, "m", "SELECT 1 AS day, acus_consumed AS acus FROM sessions")
    apply_changed(loaded.pipeline(), tmp_path)
    monkeypatch.setattr(changed, "_read", lambda folder: pytest.fail(f"{folder} was read"))
    prepare(loaded.pipeline(), tmp_path)

    assert readers() == []


def test_folders_that_nobody_can_read_are_for_whoever_applies_them(
    loaded: Warehouse, tmp_path: Path
) -> None:
    (tmp_path / "m.sql").write_bytes(b"\xff")

    prepare(loaded.pipeline(), tmp_path)
    for reader in readers():
        reader.join()

    with pytest.raises(UnicodeDecodeError):
        apply_changed(loaded.pipeline(), tmp_path)
