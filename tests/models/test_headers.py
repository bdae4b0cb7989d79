"""What each file says of its model: all of it, and nothing else."""

import pytest
import sqlglot
from sqlglot import exp

from pipelines.devin.models import FOLDER
from pipelines.devin.models.catalogue import catalogue
from tests.models.engines import ANALYTICS
from tests.models.harness import Models, known_models
from tests.models.rows import TABLE_OF

NAMES = sorted(path.stem for path in FOLDER.glob("*.sql"))
TYPES = {
    "VARCHAR",
    "BOOLEAN",
    "INTEGER",
    "BIGINT",
    "DOUBLE",
    "DATE",
    "TIMESTAMP",
    "TIMESTAMP WITH TIME ZONE",
}
_UNPORTABLE = (exp.Filter, exp.Median, exp.Quantile, exp.Array, exp.GroupConcat, exp.Qualify)
_OF_THE_MOMENT = (
    exp.CurrentDate,
    exp.CurrentTimestamp,
    exp.CurrentTime,
    exp.CurrentDatetime,
    exp.Rand,
)


def test_every_file_is_a_model() -> None:
    found, broken = catalogue()

    assert broken == ()
    assert sorted(model.name for model in found) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_a_model_says_what_it_answers_and_what_it_cannot_know(name: str) -> None:
    model = known_models()[name]

    assert model.question.endswith("?")
    assert model.grain.startswith("one row ")
    assert model.grain.endswith(".")
    assert model.cannot_know.endswith(".")


@pytest.mark.parametrize("name", NAMES)
def test_every_column_is_described_and_none_else(models_on_duckdb: Models, name: str) -> None:
    models_on_duckdb.load()
    assert models_on_duckdb.rows(name) is not None

    described = known_models()[name].columns
    found = models_on_duckdb.engine.query(f"DESCRIBE {ANALYTICS}.{name}")

    assert list(described) == [column for column, *_ in found]
    assert [column for column, text in described.items() if not text.endswith(".")] == []
    assert {kind for _, kind, *_ in found} <= TYPES


@pytest.mark.parametrize("name", NAMES)
def test_acus_have_a_cost_beside_them(name: str) -> None:
    columns = list(known_models()[name].columns)
    followers = dict(zip(columns, [*columns[1:], ""], strict=True))

    beside = {
        column: followers[column]
        for column in columns
        if column.endswith("acus") and not column.startswith("max_")
    }

    assert beside == {column: column.replace("acus", "cost") for column in beside}


@pytest.mark.parametrize("name", NAMES)
def test_a_model_keeps_to_what_every_engine_has(name: str) -> None:
    query = sqlglot.parse_one(known_models()[name].sql, read="duckdb")

    assert [str(part) for part in query.find_all(*_UNPORTABLE)] == []
    assert [str(part) for part in query.find_all(*_OF_THE_MOMENT)] == []
    assert [join.sql() for join in query.find_all(exp.Join) if join.args.get("using")] == []
    assert [group.sql() for group in query.find_all(exp.Group) if group.args.get("all")] == []


@pytest.mark.parametrize("name", NAMES)
def test_nothing_in_a_model_hides_a_table_or_a_model(name: str) -> None:
    query = sqlglot.parse_one(known_models()[name].sql, read="duckdb")
    known = TABLE_OF.keys() | known_models().keys()

    assert {cte.alias for cte in query.find_all(exp.CTE)} & known == set()
    assert known_models()[name].relations - known == set()


@pytest.mark.parametrize("name", NAMES)
def test_lines_are_no_longer_than_those_of_the_code(name: str) -> None:
    lines = (FOLDER / f"{name}.sql").read_text(encoding="utf-8").splitlines()

    assert [line for line in lines if len(line) > 100] == []
    assert [line for line in lines if line != line.rstrip() or "\t" in line] == []
