"""The same test against every warehouse: load through dlt, look with a plain connection."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import dlt
import duckdb
import psycopg2
from dlt.common.destination import Destination

from sources.devin.direct import DirectDuckdb


def _names(columns: list[str]) -> str:
    return ", ".join(f'"{name}"' for name in columns)


def _value(type_name: str, value: Any) -> Any:
    # DuckDB gives JSON as text; psycopg2 has parsed it, and names types by number.
    if type_name == "JSON" and value is not None:
        return json.loads(value)
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value.astimezone(UTC)
    return value


class Warehouse(ABC):
    """A destination of the product, and what a test may ask of it.

    Attributes:
        name: `duckdb` or `postgres`.
        credentials: What dlt and the command line take for it: a file name or a URI.
        destination: The dlt destination.
    """

    name: str

    def __init__(self, folder: Path, credentials: str) -> None:
        self.credentials = credentials
        self.destination = self._destination()
        self._folder = folder

    def pipeline(
        self,
        name: str = "devin",
        dataset_name: str = "devin",
        pipelines_dir: str | Path | None = None,
    ) -> dlt.Pipeline:
        """Make a pipeline into this warehouse, whose working folder the test throws away."""
        return dlt.pipeline(
            name,
            pipelines_dir=str(pipelines_dir or self._folder / "pipelines"),
            destination=self.destination,
            dataset_name=dataset_name,
        )

    def rows(self, table: str, dataset: str = "devin") -> list[dict[str, Any]]:
        """Read a table without dlt's own columns, in the order of its columns from the left."""
        types = self._types(table, dataset)
        columns = [name for name in types if not name.startswith("_dlt_")]
        # Postgres has no order for its json, and one of its own for jsonb.
        sortable = [name for name in columns if types[name].lower() not in {"json", "jsonb"}]
        found = self.sql(
            f'SELECT {_names(columns)} FROM "{dataset}"."{table}" ORDER BY {_names(sortable)}'
        )
        return [dict(zip(columns, row, strict=True)) for row in found]

    def columns(self, table: str, dataset: str = "devin") -> list[str]:
        """Name the columns of a table, dlt's own among them; none where there is no such table."""
        return list(self._types(table, dataset))

    def sql(self, query: str) -> list[tuple[Any, ...]]:
        """Run a statement and give its rows.

        JSON comes parsed and a timestamp with a time zone in UTC. One without comes as it is: the
        product promises there is none.
        """
        types, rows = self._fetch(query)
        return [tuple(map(_value, types, row)) for row in rows]

    def _types(self, table: str, dataset: str) -> dict[str, str]:
        found = self.sql(
            "SELECT column_name, data_type FROM information_schema.columns"
            f" WHERE table_schema = '{dataset}' AND table_name = '{table}'"
            " ORDER BY ordinal_position"
        )
        return dict(found)

    @abstractmethod
    def _destination(self) -> Destination[Any, Any]: ...

    @abstractmethod
    def _fetch(self, query: str) -> tuple[list[str], list[tuple[Any, ...]]]: ...


class DuckdbWarehouse(Warehouse):
    """A file of its own for every test."""

    name = "duckdb"

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, str(folder / "warehouse.duckdb"))

    def _destination(self) -> Destination[Any, Any]:
        return dlt.destinations.duckdb(self.credentials)

    def _fetch(self, query: str) -> tuple[list[str], list[tuple[Any, ...]]]:
        with duckdb.connect(self.credentials) as connection:
            connection.execute("SET TimeZone = 'UTC'")
            result = connection.execute(query)
            return [str(column[1]) for column in result.description or []], result.fetchall()


class DirectWarehouse(DuckdbWarehouse):
    """The same, merged as the command line does it."""

    def _destination(self) -> Destination[Any, Any]:
        return DirectDuckdb(self.credentials)


class PostgresWarehouse(Warehouse):
    """A database of its own for every test, on the server of the test process."""

    name = "postgres"

    def _destination(self) -> Destination[Any, Any]:
        return dlt.destinations.postgres(self.credentials)

    def _fetch(self, query: str) -> tuple[list[str], list[tuple[Any, ...]]]:
        with closing(psycopg2.connect(self.credentials)) as connection:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(query)
                if cursor.description is None:
                    return [], []
                return [str(column.type_code) for column in cursor.description], cursor.fetchall()
