"""`devin-elt models`: which there are, their SQL for any warehouse, and views of them."""

from __future__ import annotations

import json

import pytest
import sqlglot

from pipelines.devin.models.catalogue import catalogue
from tests.pipeline.conftest import Verb
from tests.support.organisations import Synced

NAMES = [model.name for model in catalogue()[0]]


def test_a_sync_makes_a_view_of_every_model(verb: Verb, synced: Synced) -> None:
    first = json.loads(verb("sync", "--json").stdout)
    again = json.loads(verb("sync", "--json").stdout)

    assert first["models"] == {
        "dataset": "devin_analytics",
        "created": NAMES,
        "broken": [],
        "skipped": {},
    }
    assert again["models"] is None


def test_every_way_to_share_the_acus_out_sums_to_what_all_sessions_used(
    verb: Verb, synced: Synced
) -> None:
    verb("sync")
    synced.server.world.advance(2 * 86_400)
    verb("sync")
    [(used,)] = synced.warehouse.sql("SELECT sum(acus_consumed) FROM devin.sessions")

    sums = {
        name: synced.warehouse.sql(f"SELECT sum(acus) FROM devin_analytics.{name}")[0][0]
        for name in NAMES
        if name == "acu_daily" or name.startswith("acu_by_")
    }
    [(of_roots,)] = synced.warehouse.sql(
        "SELECT sum(tree_acus) FROM devin_analytics.session_tree WHERE session_id = root_session_id"
    )

    assert len(sums) == 7
    assert {**sums, "roots": of_roots} == pytest.approx(dict.fromkeys([*sums, "roots"], used))


def test_views_are_made_anew_when_asked_for(verb: Verb, synced: Synced) -> None:
    verb("sync")
    synced.warehouse.sql("DROP SCHEMA devin_analytics CASCADE")

    result = verb("models", "apply")

    assert (result.exit_code, result.stdout) == (
        0,
        f"Made {len(NAMES)} models in devin_analytics.\n",
    )
    assert synced.warehouse.sql("SELECT count(*) > 0 FROM devin_analytics.acu_daily") == [(True,)]


def test_without_anything_loaded_it_says_what_to_run(verb: Verb, synced: Synced) -> None:
    result = verb("models", "apply")

    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == (
        f"error: nothing is loaded yet: {synced.warehouse.credentials}. Run devin-elt sync first.\n"
    )


def test_a_wrong_price_is_named_after_everything_is_loaded(
    verb: Verb, synced: Synced, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MODELS__ACU_PRICES", '{"May": 2}')

    result = verb("sync")

    assert result.exit_code == 2
    assert result.stderr.splitlines()[-1] == (
        "error: acu_prices is wrong: 'May' is not a day such as 2026-01-01. Correct acu_prices "
        "under [models] in .dlt/config.toml, or MODELS__ACU_PRICES."
    )
    assert len(synced.loaded("sessions")) == 250


def test_the_models_are_listed_with_the_question_of_each(verb: Verb) -> None:
    lines = verb("models", "list").stdout.splitlines()
    listed = json.loads(verb("models", "list", "--json").stdout)

    assert [line.split()[0] for line in lines] == NAMES
    assert [model["name"] for model in listed] == NAMES
    assert all(line.endswith(model["question"]) for line, model in zip(lines, listed, strict=True))


@pytest.mark.parametrize("dialect", ["duckdb", "postgres", "snowflake", "bigquery"])
def test_a_model_is_shown_as_a_statement_that_its_dialect_understands(
    verb: Verb, dialect: str
) -> None:
    text = verb("models", "show", "acu_daily", "--dialect", dialect).stdout

    assert text.startswith("-- ")
    (statement,) = sqlglot.parse(text, read=dialect)
    assert isinstance(statement, sqlglot.exp.Create)
    assert "devin_analytics" in statement.this.sql(dialect).lower()


def test_what_there_is_not_is_answered_with_what_there_is(verb: Verb) -> None:
    model = verb("models", "show", "acu_dayly")
    dialect = verb("models", "show", "acu_daily", "--dialect", "klingon")

    assert (model.exit_code, dialect.exit_code) == (2, 2)
    assert model.stderr.startswith("error: there is no model 'acu_dayly'. Name one of ")
    assert dialect.stderr.startswith("error: there is no dialect 'klingon'. Name one of ")
