"""A DuckDB destination that merges straight from the files of a load package.

dlt copies each file into a staging table, and merges from there. Here the rows are read where they
lie, in one transaction a table. Which sessions arrive is read from the package's own files of
`sessions`, so children need no marker rows. In everything but the load step it is dlt's `duckdb`:
its configuration, its state and what is in the file are the same, so one can follow the other.
"""

from pathlib import Path
from typing import Any

from dlt.common.destination import DestinationCapabilitiesContext
from dlt.common.destination.client import LoadJob, RunnableLoadJob
from dlt.common.destination.typing import PreparedTableSchema
from dlt.common.storages.load_package import PackageStorage
from dlt.destinations import duckdb
from dlt.destinations.impl.duckdb.duck import DuckDbClient

from .merging import DIRECT, STALE
from .tables import CHILDREN, REJECTED, RUNS, SESSIONS, SNAPSHOTS, TABLES, Table

_BY_NAME = {table.name: table for table in TABLES}

# A job's file is in another one of these folders before, while and after it runs.
_FOLDERS = (
    PackageStorage.NEW_JOBS_FOLDER,
    PackageStorage.STARTED_JOBS_FOLDER,
    PackageStorage.COMPLETED_JOBS_FOLDER,
)

_REPLACED_SESSIONS = f"""
    SELECT arriving.session_id
    FROM {{arriving}} AS arriving
    LEFT JOIN {{sessions}} AS kept ON arriving.session_id = kept.session_id
    WHERE ({STALE}) IS NOT TRUE
"""

# A row that only marks a session as deleted came without its children.
_REPLACED_PARENTS = f"{_REPLACED_SESSIONS} AND arriving.deleted_at IS NULL"

_REPLACED_SNAPSHOTS = """
    SELECT arriving.session_id, arriving.updated_at
    FROM {arriving} AS arriving
    ANTI JOIN (
      SELECT snapshot.session_id, snapshot.updated_at
      FROM {snapshots} AS snapshot
      JOIN {sessions} AS kept ON snapshot.session_id = kept.session_id
      WHERE kept.api_version > 'this_version'
    ) AS better USING (session_id, updated_at)
"""


class DirectDuckdb(duckdb):
    """dlt's `duckdb`, but for how the tables of `devin` get in; it takes the same arguments."""

    merges_directly = True
    """What `merging` knows it by, without importing DuckDB."""

    @property
    def destination_type(self) -> str:
        """The type that is configured, shown and stored: a pipeline may change between the two."""
        return "dlt.destinations.duckdb"

    @property
    def client_class(self) -> type["DirectClient"]:
        """The client of the load step, and of every look at the tables."""
        return DirectClient

    def _raw_capabilities(self) -> DestinationCapabilitiesContext:
        capabilities = super()._raw_capabilities()
        # A file must not move to another folder while the job of another table reads it.
        capabilities.loader_parallelism_strategy = "sequential"
        return capabilities


class DirectClient(DuckDbClient):
    """The client that has tables with our hint merged from their files; others load as ever."""

    def should_load_data_to_staging_dataset(self, table_name: str) -> bool:
        """Whether dlt is to merge a table by way of a staging table."""
        direct = self.prepare_load_table(table_name).get(DIRECT)
        return not direct and super().should_load_data_to_staging_dataset(table_name)

    def create_load_job(
        self, table: PreparedTableSchema, file_path: str, load_id: str, restore: bool = False
    ) -> LoadJob:
        """What loads a file."""
        if table.get(DIRECT):
            return MergeJob(file_path)
        return super().create_load_job(table, file_path, load_id, restore)


class MergeJob(RunnableLoadJob):
    """Merges a table from its files; to do so again, in whatever order, changes nothing.

    Its own file may also be one of SQL, where dlt's `duckdb` was given the package first, and
    refused to merge what it had staged.
    """

    def run(self) -> None:
        """Merge all files of the table, if no other job is to come: they replace together."""
        table: Any = self._load_table
        package = Path(self._file_path).parents[1]
        waiting = (package / PackageStorage.NEW_JOBS_FOLDER).glob(f"{table['name']}.*")
        if not any(waiting):
            Merge(_BY_NAME[table["name"]], table[DIRECT], package, self._job_client).run()


class Merge:
    """The merge of one table.

    Args:
        table: The table.
        api_version: Version of the API that the package's rows were read from.
        package: The folder of the load package.
        client: An open client of the destination.
    """

    def __init__(self, table: Table, api_version: str, package: Path, client: Any) -> None:
        self._table = table
        self._api_version = api_version
        self._package = package
        self._sql = client.sql_client

    def run(self) -> None:
        """Delete what is replaced and insert what replaces it, in one transaction."""
        table, name = self._table, self._name(self._table)
        rows = self._newest(table) if self._is_repeated() else self._rows(table)
        key = ("session_id",) if table in CHILDREN else table.key
        same = " AND ".join(f"{name}.{column} = replaced.{column}" for column in key)
        with self._sql.begin_transaction():
            # What is replaced is found out first: afterwards one cannot tell any more.
            self._sql.execute_sql(
                f"CREATE OR REPLACE TEMP TABLE replaced AS {self._replaced(rows)}"
            )
            self._sql.execute_sql(f"DELETE FROM {name} USING replaced WHERE {same}")
            arriving = self._rows(SESSIONS) if table in CHILDREN else rows
            counts = f"(SELECT count(*) FROM {arriving}), (SELECT count(*) FROM replaced)"
            ((all_there_are, replaced),) = self._sql.execute_sql(f"SELECT {counts}")
            # To look for each row among those that may come in costs as much as to insert it.
            some = f" SEMI JOIN replaced USING ({', '.join(key)})"
            some = "" if replaced == all_there_are else some
            self._sql.execute_sql(f"INSERT INTO {name} BY NAME SELECT * FROM {rows}{some}")

    def _replaced(self, rows: str) -> str:
        """The keys of what is deleted and inserted: not those of rows that are out of date."""
        if self._table is SESSIONS:
            sql = _REPLACED_SESSIONS
        elif self._table in CHILDREN:
            sql, rows = _REPLACED_PARENTS, self._rows(SESSIONS)
        elif self._table is SNAPSHOTS:
            sql = _REPLACED_SNAPSHOTS
        else:
            return f"SELECT {', '.join(self._table.key)} FROM {rows}"
        names = {"sessions": self._name(SESSIONS), "snapshots": self._name(SNAPSHOTS)}
        return sql.format(arriving=rows, **names).replace("this_version", self._api_version)

    def _is_repeated(self) -> bool:
        """Whether a key may come twice: scopes that overlap deliver the same session."""
        if self._table in (REJECTED, RUNS):
            return True
        counted = "SELECT count(*) > count(DISTINCT session_id)"
        ((repeated,),) = self._sql.execute_sql(f"{counted} FROM {self._rows(SESSIONS)}")
        return bool(repeated)

    def _newest(self, table: Table) -> str:
        """The newest row of each key."""
        order = f" ORDER BY {table.newest_by} DESC" if table.newest_by else ""
        number = f"ROW_NUMBER() OVER (PARTITION BY {', '.join(table.key)}{order})"
        return f"(SELECT * FROM {self._rows(table)} QUALIFY {number} = 1)"

    def _rows(self, table: Table) -> str:
        """What reads the rows of a table from the package."""
        paths = ", ".join("'" + str(path).replace("'", "''") + "'" for path in self._files(table))
        return f"read_parquet([{paths}], union_by_name = true)"

    def _files(self, table: Table) -> list[Path]:
        pattern = f"{table.name}.*.parquet"
        return [path for folder in _FOLDERS for path in (self._package / folder).glob(pattern)]

    def _name(self, table: Table) -> str:
        name: str = self._sql.make_qualified_table_name(table.name)
        return name
