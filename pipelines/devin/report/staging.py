"""Models that many others read, worked out once for all questions of a report.

A view is worked out again for every question, and nearly all models read the few that go through
all snapshots. On DuckDB these become temporary tables of the connection, and the others temporary
views that read them. Elsewhere nothing is done: a server has other ways to be fast.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Set
from contextlib import suppress
from typing import Any

from dlt.destinations.exceptions import DatabaseException

from ..models import analytics_dataset
from ..models.catalogue import catalogue
from ..models.config import ModelSettings
from ..models.rendering import render

KEPT = frozenset({"session_days", "acu_daily", "pull_requests", "wasted_acus"})
"""The models that become tables."""

_DIALECT = "duckdb"


def staged(client: Any, settings: ModelSettings) -> Mapping[str, str]:
    """Work out what many models read, for as long as the connection is open.

    Args:
        client: dlt's SQL client, opened.
        settings: What the models are told.

    Returns:
        Where models are to be read instead, by their names; what is not in here is where it was.
    """
    if client.capabilities.sqlglot_dialect != _DIALECT:
        return {}
    views, columns = _views(client), _columns(client)
    if not views >= KEPT:
        return {}
    places: dict[str, str] = {}

    def name(relation: str) -> str:
        dataset = client.dataset_name
        dataset = dataset if relation in columns else analytics_dataset(dataset)
        path = client.make_qualified_table_name_path(relation, dataset_name=dataset)
        return places.get(relation, ".".join(path))

    for model in catalogue()[0]:
        if model.name in views:
            kind = "TABLE" if model.name in KEPT else "VIEW"
            # One that fails stays where it was, and says so when it is asked.
            with suppress(DatabaseException):
                query = render(model.sql, _DIALECT, settings, name=name, columns=columns)
                client.execute_sql(f"CREATE OR REPLACE TEMP {kind} {model.name} AS {query}")
                places[model.name] = f"temp.main.{model.name}"
    return places


def _views(client: Any) -> Set[str]:
    """The models that are views: only those that were applied are read."""
    dataset = analytics_dataset(client.dataset_name)
    found = client.execute_sql(
        "SELECT view_name FROM duckdb_views() WHERE schema_name = %s", dataset
    )
    return {row[0] for row in found or ()}


def _columns(client: Any) -> Mapping[str, Collection[str]]:
    """The columns of each table of the warehouse."""
    columns: dict[str, list[str]] = defaultdict(list)
    for table, column in client.execute_sql(
        "SELECT table_name, column_name FROM duckdb_columns() WHERE schema_name = %s",
        client.dataset_name,
    ):
        columns[table].append(column)
    return columns
