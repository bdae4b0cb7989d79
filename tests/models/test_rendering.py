"""What becomes of a model's SQL on its way to a destination."""

from collections.abc import Collection, Mapping
from datetime import date

import pytest
import sqlglot
from sqlglot import exp

from pipelines.devin.models.catalogue import ModelBroken
from pipelines.devin.models.config import ModelSettings, Price
from pipelines.devin.models.rendering import render
from tests.models.harness import Models, known_models
from tests.models.rows import TABLE_OF, at, day, session, snapshot

ALL_COLUMNS = {
    name: frozenset(column.name for column in table.columns) for name, table in TABLE_OF.items()
}
UNSEEN = ("bigquery", "snowflake", "databricks", "tsql", "redshift")
"""Dialects that nothing here can run: what is written for them must parse there at least."""

PRICES = (Price(date(2026, 1, 1), date(2026, 2, 1), 2.25), Price(date(2026, 2, 1), None, 2.0))


def _rendered(
    sql: str,
    dialect: str = "duckdb",
    prices: tuple[Price, ...] = (),
    offset: int = 28_800,
    columns: Mapping[str, Collection[str]] = ALL_COLUMNS,
) -> str:
    def name(relation: str) -> str:
        return exp.table_(relation, db="wh", quoted=True).sql(dialect)

    settings = ModelSettings(offset, prices)
    written = render(sql, dialect, settings, name=name, columns=columns)
    return " ".join(written.split()).replace("( ", "(").replace(" )", ")")


def test_tables_and_models_get_the_names_of_the_destination() -> None:
    sql = (
        "WITH used AS (SELECT org_id FROM session_days)"
        " SELECT used.org_id, sessions.url FROM used CROSS JOIN sessions"
    )

    assert _rendered(sql, "postgres") == (
        'WITH "used" AS (SELECT "org_id" FROM "wh"."session_days" AS "session_days")'
        ' SELECT "used"."org_id", "sessions"."url"'
        ' FROM "used" CROSS JOIN "wh"."sessions" AS "sessions"'
    )


def test_names_are_folded_as_the_destination_folds_them() -> None:
    assert _rendered("SELECT s.org_id AS tag FROM sessions AS s", "snowflake") == (
        'SELECT "S"."ORG_ID" AS "TAG" FROM "wh"."sessions" AS "S"'
    )


def test_a_table_that_is_missing_reads_as_empty() -> None:
    assert _rendered("SELECT u.name FROM billing_cycles AS u", columns={}) == (
        'SELECT "u"."name" FROM (SELECT'
        ' CAST(NULL AS TIMESTAMPTZ) AS "starts_at",'
        ' CAST(NULL AS TIMESTAMPTZ) AS "ends_at",'
        ' CAST(NULL AS TIMESTAMPTZ) AS "extracted_at"'
        ' LIMIT 0) AS "u"'
    )


def test_a_column_that_is_missing_reads_as_null() -> None:
    columns = {"session_tags": {"SESSION_ID"}}

    assert _rendered("SELECT session_tags.tag FROM session_tags", columns=columns) == (
        'SELECT "session_tags"."tag" FROM (SELECT "found".*, CAST(NULL AS TEXT) AS "tag"'
        ' FROM "wh"."session_tags" AS "found") AS "session_tags"'
    )


def test_the_billing_day_offset_is_filled_in() -> None:
    sql = "SELECT s.updated_at - INTERVAL (:billing_day_offset_seconds) SECOND AS x FROM sessions s"

    assert "- INTERVAL 28800 SECOND" in _rendered(sql)
    assert "+ INTERVAL '3600 SECOND'" in _rendered(sql, "postgres", offset=-3600)
    assert "DATEADD(SECOND, -28800, [s].[updated_at])" in _rendered(sql, "tsql")
    assert "DATEADD(SECOND, 3600, [s].[updated_at])" in _rendered(sql, "tsql", offset=-3600)


def test_a_query_about_a_price_is_asked_of_each() -> None:
    sql = "SELECT CAST(:effective_from AS DATE) AS a, CAST(:effective_until AS DATE) AS b, :price"

    assert _rendered(sql, prices=PRICES) == (
        "SELECT CAST('2026-01-01' AS DATE) AS \"a\", CAST('2026-02-01' AS DATE) AS \"b\", 2.25"
        " UNION ALL"
        ' SELECT CAST(\'2026-02-01\' AS DATE) AS "a", CAST(NULL AS DATE) AS "b", 2.0'
    )
    assert _rendered(sql, prices=PRICES[1:]) == (
        'SELECT CAST(\'2026-02-01\' AS DATE) AS "a", CAST(NULL AS DATE) AS "b", 2.0'
    )
    assert _rendered(sql) == (
        'SELECT CAST(NULL AS DATE) AS "a", CAST(NULL AS DATE) AS "b", NULL LIMIT 0'
    )


def test_an_unknown_placeholder_is_an_error() -> None:
    with pytest.raises(ModelBroken, match=":currency"):
        _rendered("SELECT CAST(:currency AS VARCHAR) AS currency")


def test_what_is_no_query_is_an_error() -> None:
    with pytest.raises(ModelBroken, match="not one SELECT"):
        _rendered("DROP TABLE sessions")


@pytest.mark.parametrize(
    ("dialect", "expected"),
    [
        ("postgres", '"s"."x" AT TIME ZONE \'UTC\''),
        ("bigquery", "DATETIME(`s`.`x`, 'UTC')"),
        ("snowflake", 'CAST(CONVERT_TIMEZONE(\'UTC\', "S"."X") AS TIMESTAMPNTZ)'),
        (
            "databricks",
            "CONVERT_TIMEZONE(CURRENT_TIMEZONE(), 'UTC', CAST(`s`.`x` AS TIMESTAMP_NTZ))",
        ),
        ("tsql", "CAST([s].[x] AT TIME ZONE 'UTC' AS DATETIME2)"),
    ],
)
def test_a_moment_in_utc_has_no_zone_in_any_dialect(dialect: str, expected: str) -> None:
    assert expected in _rendered("SELECT s.x AT TIME ZONE 'UTC' AS y FROM sessions AS s", dialect)


def test_clickhouse_is_told_to_keep_to_the_standard() -> None:
    settings = (
        "SETTINGS join_use_nulls = 1, aggregate_functions_null_for_empty = 1,"
        " prefer_column_name_to_alias = 1"
    )

    one = _rendered("SELECT s.url FROM sessions AS s", "clickhouse")
    both = _rendered("SELECT 1 AS a UNION ALL SELECT 2 AS a", "clickhouse")

    assert one == f'SELECT "s"."url" AS "url" FROM "wh"."sessions" AS "s" {settings}'
    assert both == (
        f'SELECT * FROM (SELECT 1 AS "a" UNION ALL SELECT 2 AS "a") AS "rows" {settings}'
    )


def test_redshift_is_told_the_columns_of_what_recurses() -> None:
    sql = (
        "WITH RECURSIVE one AS (SELECT 1 AS n), up AS (SELECT one.n FROM one UNION ALL"
        " SELECT up.n + 1 AS n FROM up WHERE up.n < 3) SELECT up.n FROM up"
    )

    assert _rendered(sql, "redshift").startswith(
        'WITH RECURSIVE "one" AS (SELECT 1 AS "n"), "up"("n") AS (SELECT "one"."n"'
    )


def test_sql_server_has_neither_booleans_nor_dates_to_truncate() -> None:
    sql = "SELECT TRUE AS a, DATE_TRUNC('month', CAST(s.created_at AS DATE)) AS b FROM sessions s"

    assert _rendered(sql, "tsql") == (
        "SELECT CAST(1 AS BIT) AS [a], DATETRUNC(MONTH, CAST([s].[created_at] AS DATE)) AS [b]"
        " FROM [wh].[sessions] AS [s]"
    )


@pytest.mark.parametrize("dialect", UNSEEN)
@pytest.mark.parametrize("name", known_models())
def test_every_model_parses_in_each_dialect(name: str, dialect: str) -> None:
    model = known_models()[name]
    for columns, prices in ((ALL_COLUMNS, PRICES), ({}, ())):
        written = _rendered(model.sql, dialect, prices, columns=columns)
        parsed = sqlglot.parse_one(written, read=dialect)

        assert isinstance(parsed, exp.Query)
        assert list(map(str.lower, parsed.named_selects)) == list(model.columns)


def test_models_answer_where_only_sessions_are_loaded(models: Models) -> None:
    """As a warehouse of a version before the usage tables is, and where they may not be read."""
    core = {"sessions", "session_snapshots", "sync_runs"}
    models.load(
        without=TABLE_OF.keys() - core,
        lacking={"session_snapshots": ["closed_pull_request_count"], "sessions": ["category"]},
        sync_runs=[{"run_id": "1", "as_of": at("2026-03-11 08:00")}],
        sessions=[session("a", user_id="ann", acus_consumed=1.0)],
        session_snapshots=[snapshot("a", "2026-03-01 09:00", 1.0)],
    )
    first = day("2026-03-01")

    answers = {name: models.rows(name) for name in known_models()}

    assert answers["acu_by_user"] == [(first, "org", "ann", None, None, None, 1, 1.0, None)]
    assert answers["acu_by_category"] == [(first, "org", None, None, 1, 1.0, None)]
    assert answers["metering_check"] == [
        ("org", first, 1.0, None, None, None, None, "no consumption data")
    ]
    assert answers["pull_requests"] == []


def test_every_model_answers_an_empty_warehouse(models: Models) -> None:
    models.load(without=TABLE_OF.keys())

    answers = {name: models.rows(name) for name in known_models()}

    filled = {name for name, rows in answers.items() if rows}
    assert filled == {"as_of", "data_quality"}
    assert answers["as_of"] == [(None,)]
