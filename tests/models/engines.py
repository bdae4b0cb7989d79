"""The engines that the models are run on: the tables as dlt makes them there, and answers alike."""

import json
from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable
from datetime import UTC, date, datetime
from functools import cache
from typing import Any

import dlt
import duckdb
from dlt.common.schema.typing import TColumnSchema
from dlt.destinations.impl.clickhouse.factory import clickhouse

from sources.devin.tables import Column, Table
from tests.models.rows import Row, completed

DATASET = "devin"
ANALYTICS = "devin_analytics"
# No answer may depend on the zone of whoever asks.
_ELSEWHERE = "SET TimeZone = 'America/Los_Angeles'"


class Engine(ABC):
    """A database that holds the tables and the views of one test.

    Attributes:
        dialect: Its name among sqlglot's dialects.
        destination: The dlt destination whose types its tables have.
    """

    dialect: str
    destination: Any

    @abstractmethod
    def execute(self, statement: str) -> None:
        """Run a statement."""

    @abstractmethod
    def query(self, statement: str) -> list[tuple[Any, ...]]:
        """Ask for rows: numbers, text, dates, and moments in UTC."""

    def make_datasets(self) -> None:
        """Make the two empty datasets."""
        for dataset in (DATASET, ANALYTICS):
            self.execute(f"CREATE {self._dataset} {dataset}")

    def make_table(self, table: Table, present: Collection[str], rows: Iterable[Row]) -> None:
        """Make a table with those of its columns that are present, and fill it."""
        kept = [at for at, column in enumerate(table.columns) if column.name in present]
        columns = [table.columns[at] for at in kept]
        declared = ", ".join(f'"{each.name}" {self._declared(each)}' for each in columns)
        self.execute(f"CREATE TABLE {DATASET}.{table.name} ({declared}){self._storage}")
        values = [completed(table, row) for row in rows]
        tuples = [f"({', '.join(self._literal(row[at]) for at in kept)})" for row in values]
        if tuples:
            self.execute(f"INSERT INTO {DATASET}.{table.name} VALUES {', '.join(tuples)}")

    _dataset = "SCHEMA"
    _storage = ""

    def _type(self, column: Column) -> str:
        schema: TColumnSchema = {"name": column.name, "data_type": column.kind, "nullable": True}
        named: str = _type_mapper(self.destination).to_destination_type(
            schema, {"name": "t", "columns": {}}
        )
        return named

    def _declared(self, column: Column) -> str:
        return f"{self._type(column)} {'NOT NULL' if column.required else ''}"

    def _literal(self, value: Any) -> str:
        match value:
            case None:
                return "NULL"
            case bool() | int() | float():
                return str(value)
            case datetime():
                return f"'{value.astimezone(UTC):%Y-%m-%d %H:%M:%S.%f}+00'"
        return "'" + str(value).replace("'", "''") + "'"


class DuckdbEngine(Engine):
    """A database in memory."""

    dialect = "duckdb"
    destination = dlt.destinations.duckdb()

    def __init__(self) -> None:
        self._connection = duckdb.connect()
        self.execute(_ELSEWHERE)

    def execute(self, statement: str) -> None:
        self._connection.execute(statement)

    def query(self, statement: str) -> list[tuple[Any, ...]]:
        return [tuple(map(_utc, row)) for row in self._connection.execute(statement).fetchall()]

    def close(self) -> None:
        self._connection.close()


class PostgresEngine(Engine):
    """The database behind a connection that commits by itself."""

    dialect = "postgres"
    destination = dlt.destinations.postgres()

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self.execute(_ELSEWHERE)

    def execute(self, statement: str) -> None:
        with self._connection.cursor() as cursor:
            cursor.execute(statement)

    def query(self, statement: str) -> list[tuple[Any, ...]]:
        with self._connection.cursor() as cursor:
            cursor.execute(statement)
            return [tuple(map(_utc, row)) for row in cursor.fetchall()]


class ClickhouseEngine(Engine):
    """The one session that chdb allows in a process."""

    dialect = "clickhouse"
    destination = clickhouse()
    _dataset = "DATABASE"
    _storage = " ENGINE = Memory"

    def __init__(self, session: Any) -> None:
        self._session = session

    def execute(self, statement: str) -> None:
        self._session.query(statement)

    def query(self, statement: str) -> list[tuple[Any, ...]]:
        answer = json.loads(self._session.query(statement, "JSONCompact").data())
        types = [column["type"] for column in answer["meta"]]
        return [tuple(map(_typed, types, row)) for row in answer["data"]]

    def _declared(self, column: Column) -> str:
        return self._type(column) if column.required else f"Nullable({self._type(column)})"

    def _literal(self, value: Any) -> str:
        # It reads \ as an escape, and no zone in a moment that has one by its type.
        return super()._literal(value).replace("\\", "\\\\").replace("+00'", "'")


@cache
def _type_mapper(destination: Any) -> Any:
    """Its types; to ask it for them takes longer than to make a table."""
    return destination.capabilities().get_type_mapper()


def _utc(value: Any) -> Any:
    return value.astimezone(UTC) if isinstance(value, datetime) and value.tzinfo else value


def _typed(type_name: str, value: Any) -> Any:
    if value is None or not isinstance(value, str):
        return value
    if "DateTime" in type_name:
        return datetime.fromisoformat(value).replace(tzinfo=UTC)
    return date.fromisoformat(value) if "Date" in type_name else value
