"""The files of the models are read as they are meant, and what is wrong with one is named."""

from pathlib import Path

import pytest

from pipelines.devin.models import FOLDER
from pipelines.devin.models.catalogue import (
    Model,
    catalogue,
    named,
    read,
    without,
)
from sources.devin.errors import ConfigurationError

HEAD = """\
-- Question: Who burned
--   what?
-- Grain: one row per day.
-- Cannot know: what was before: nothing.
--
-- Columns:
-- day: The day.
-- acus: ACUs
--   of the day.
"""


def model_file(folder: Path, name: str, sql: str = "SELECT 1 AS day, 2 AS acus") -> Path:
    path = folder / f"{name}.sql"
    path.write_text(HEAD + sql + "\n")
    return path


def test_a_file_says_what_is_answered_and_what_each_column_holds(tmp_path: Path) -> None:
    path = model_file(tmp_path, "daily", "SELECT day, acus FROM other")

    assert read(path) == Model(
        "daily",
        "Who burned what?",
        "one row per day.",
        "what was before: nothing.",
        {"day": "The day.", "acus": "ACUs of the day."},
        "\n" * 9 + "SELECT day, acus FROM other",
        path,
    )


def test_what_a_model_reads_is_read_from_its_sql(tmp_path: Path) -> None:
    sql = "WITH own AS (SELECT 1 AS a FROM x) SELECT * FROM own, y WHERE a = (SELECT b FROM z)"

    assert read(model_file(tmp_path, "m", sql)).relations == {"x", "y", "z"}


def test_models_come_after_those_they_read(tmp_path: Path) -> None:
    model_file(tmp_path, "a", "SELECT * FROM c")
    model_file(tmp_path, "b", "SELECT * FROM sessions")
    model_file(tmp_path, "c", "SELECT * FROM b")

    models, broken = catalogue(tmp_path)

    assert [model.name for model in models] == ["b", "c", "a"]
    assert broken == ()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (HEAD.replace("-- Grain: one row per day.\n", "") + "SELECT 1", "m.sql: its comment"),
        (HEAD + "SELECT 1 +\nFROM (", "m.sql, line 11: "),
        (HEAD + "DROP TABLE sessions", "m.sql: it is not one SELECT"),
        (HEAD + "SELECT 1; SELECT 2", "m.sql: it is not one SELECT"),
        (HEAD, "m.sql: it is not one SELECT"),
    ],
    ids=["no grain", "syntax", "no query", "two", "empty"],
)
def test_a_broken_file_is_named_and_the_others_are_there(
    tmp_path: Path, text: str, message: str
) -> None:
    model_file(tmp_path, "good")
    (tmp_path / "m.sql").write_text(text)

    models, broken = catalogue(tmp_path)

    assert [model.name for model in models] == ["good"]
    assert len(broken) == 1
    assert broken[0].message.startswith(message)


def test_models_that_read_each_other_are_refused(tmp_path: Path) -> None:
    model_file(tmp_path, "a", "SELECT * FROM b")
    model_file(tmp_path, "b", "SELECT * FROM a")

    models, broken = catalogue(tmp_path)

    assert models == ()
    assert "circle" in broken[0].message


def test_what_reads_a_missing_model_is_missing_too(tmp_path: Path) -> None:
    model_file(tmp_path, "a", "SELECT * FROM sessions")
    model_file(tmp_path, "b", "SELECT * FROM a")
    model_file(tmp_path, "c", "SELECT * FROM b")
    model_file(tmp_path, "d", "SELECT * FROM sessions")
    models, _ = catalogue(tmp_path)

    assert [model.name for model in without(models, {"a"})] == ["d"]


def test_a_name_that_no_model_has_is_answered_with_those_there_are(tmp_path: Path) -> None:
    model_file(tmp_path, "a")
    model_file(tmp_path, "b")

    with pytest.raises(ConfigurationError, match=r"no model 'c'\. Name one of a, b\."):
        named("c", tmp_path)


def test_all_files_of_the_project_are_models() -> None:
    models, broken = catalogue()

    assert broken == ()
    assert {model.name for model in models} == {path.stem for path in FOLDER.glob("*.sql")}
