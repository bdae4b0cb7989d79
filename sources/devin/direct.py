"""A DuckDB destination that merges straight from the files of a load package.

dlt copies each file into a staging table, and merges from there. Here the rows are read where they
lie, all tables of a package in one transaction. Which sessions arrive is read from the package's
own files of `sessions`, so children need no marker rows. In everything but the load step it is
dlt's `duckdb`: its configuration, its state and what is in the file are the same, so one can follow
the other.
"""

from collections.abc import Container
from pathlib import Path
from typing import Any

from dlt.common.destination import DestinationCapabilitiesContext
from dlt.common.destination.client import LoadJob, RunnableLoadJob
from dlt.common.destination.typing import PreparedTableSchema
from dlt.common.storages.load_package import PackageStorage
from dlt.destinations import duckdb
from dlt.destinations.impl.duckdb.duck import DuckDbClient

from .merging import DIRECT, STALE
from .tables import CHILDREN, LOAD_ID, REJECTED, RUNS, SESSIONS, SNAPSHOTS, TABLES, Table
from .usage_tables import USAGE_TABLES

_NAMES = frozenset(table.name for table in (*TABLES, *USAGE_TABLES))

# A job's file is in another one of these folders before, while and after it runs.
_FOLDERS = (
    PackageStorage.NEW_JOBS_FOLDER,
    PackageStorage.STARTED_JOBS_FOLDER,
    PackageStorage.COMPLETED_JOBS_FOLDER,
)

# Found out before anything is deleted: afterwards one cannot tell any more. A row that only marks a
# session as deleted came without its children.
_REPLACED = f"""
    CREATE OR REPLACE TEMP TABLE replaced AS
    SELECT
      arriving.session_id,
      arriving.deleted_at IS NULL AS is_whole,
      kept.session_id IS NULL AS is_new
    FROM {{arriving}} AS arriving
    LEFT JOIN {{sessions}} AS kept ON arriving.session_id = kept.session_id
    WHERE ({STALE}) IS NOT TRUE
"""

_COUNTED = """
    SELECT count(*), count(*) FILTER (is_whole), count(*) FILTER (is_new)
    FROM replaced
"""

_REPLACED_SNAPSHOTS = """
    CREATE OR REPLACE TEMP TABLE replaced_snapshots AS
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
        # The last job merges for all; no other may be under way then.
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
    """Merges all tables of a package, if no other job is to come; to do so again changes nothing.

    Its own file may also be one of SQL, where dlt's `duckdb` was given the package first, and
    refused to merge what it had staged.
    """

    def run(self) -> None:
        """Leave it to the job that comes last, or be that one."""
        table: Any = self._load_table
        package = Path(self._file_path).parents[1]
        waiting = (package / PackageStorage.NEW_JOBS_FOLDER).iterdir()
        if not any(path.name.split(".")[0] in _NAMES for path in waiting):
            known: Any = self._job_client
            Merge(package, table[DIRECT], known.sql_client, known.schema.tables).run()


class Merge:
    """The merge of a load package.

    Args:
        package: Its folder, which has the name of the load.
        api_version: Version of the API that its rows were read from.
        sql: An open client of the destination.
        tables: The names of the tables that there are.
    """

    def __init__(self, package: Path, api_version: str, sql: Any, tables: Container[str]) -> None:
        self._package = package
        self._api_version = api_version
        self._sql = sql
        self._tables = tables

    def run(self) -> None:
        """Delete what is replaced and insert what replaces it, in one transaction."""
        with self._sql.begin_transaction():
            if self._files(SESSIONS):
                self._merge_sessions()
            for table in (REJECTED, RUNS, *USAGE_TABLES):
                if self._files(table):
                    if table.whole:
                        self._execute(f"DELETE FROM {self._name(table)}")
                    key = ", ".join(table.key)
                    self._delete(table, f"(SELECT {key} FROM {self._rows(table)})")
                    self._insert(table, repeated=True)

    def _merge_sessions(self) -> None:
        """Sessions with all that belongs to them, but for those that are out of date."""
        # Scopes that overlap deliver the same session.
        ids = f"SELECT count(*), count(DISTINCT session_id) FROM {self._rows(SESSIONS)}"
        arriving, different = self._one_row(ids)
        repeated = arriving > different
        rows = self._newest(SESSIONS) if repeated else self._rows(SESSIONS)
        self._execute(_REPLACED, arriving=rows)
        replaced, whole, new = self._one_row(_COUNTED)
        all_new = new == different
        if not all_new:
            self._delete(SESSIONS, "replaced")
        self._insert(SESSIONS, None if replaced == different else "replaced", repeated=repeated)
        of_whole = "(SELECT session_id FROM replaced WHERE is_whole)"
        for table in (child for child in CHILDREN if child.name in self._tables):
            self._delete(table, of_whole)
            self._insert(table, None if whole == different else of_whole, repeated=repeated)
        if self._files(SNAPSHOTS):
            self._merge_snapshots(repeated=repeated, all_new=all_new)

    def _merge_snapshots(self, *, repeated: bool, all_new: bool) -> None:
        """Snapshots, but for those of a session that another version tells more of."""
        rows = self._newest(SNAPSHOTS) if repeated else self._rows(SNAPSHOTS)
        if not all_new:
            self._execute(_REPLACED_SNAPSHOTS, arriving=rows)
        self._delete(SNAPSHOTS, rows if all_new else "replaced_snapshots")
        self._insert(SNAPSHOTS, None if all_new else "replaced_snapshots", repeated=repeated)

    def _delete(self, table: Table, replaced: str) -> None:
        """Delete the rows of a table that have one of these keys."""
        name = self._name(table)
        same = " AND ".join(f"{name}.{column} = replaced.{column}" for column in _key(table))
        self._execute(f"DELETE FROM {name} USING {replaced} AS replaced WHERE {same}")

    def _insert(self, table: Table, only: str | None = None, *, repeated: bool) -> None:
        """Insert the rows of a table that arrive.

        Args:
            table: The table.
            only: What holds the keys of those that do come in. None for all: to look for each of
                them there costs as much as to insert it.
            repeated: Whether a key may come twice.
        """
        if self._files(table):
            rows = self._newest(table) if repeated else self._rows(table)
            some = f" SEMI JOIN {only} AS replaced USING ({', '.join(_key(table))})" if only else ""
            loaded = f"SELECT *, '{self._package.name}' AS {LOAD_ID} FROM {rows}{some}"
            self._execute(f"INSERT INTO {self._name(table)} BY NAME {loaded}")

    def _newest(self, table: Table) -> str:
        """The newest row of each key."""
        order = f" ORDER BY {table.newest_by} DESC" if table.newest_by else ""
        number = f"ROW_NUMBER() OVER (PARTITION BY {', '.join(table.key)}{order})"
        return f"(SELECT * FROM {self._rows(table)} QUALIFY {number} = 1)"

    def _rows(self, table: Table) -> str:
        """What reads the rows of a table from the package."""
        paths = ", ".join("'" + str(path).replace("'", "''") + "'" for path in self._files(table))
        read = f"read_parquet([{paths}], union_by_name = true)"
        # Files that dlt made of Arrow tables have one of their own.
        return f"(SELECT COLUMNS(name -> name <> '{LOAD_ID}') FROM {read})"

    def _files(self, table: Table) -> list[Path]:
        pattern = f"{table.name}.*.parquet"
        return [path for folder in _FOLDERS for path in (self._package / folder).glob(pattern)]

    def _execute(self, sql: str, **names: str) -> Any:
        """Run a statement; one that is given names is a template."""
        if names:
            known = {"sessions": self._name(SESSIONS), "snapshots": self._name(SNAPSHOTS)}
            sql = sql.replace("this_version", self._api_version).format(**known, **names)
        return self._sql.execute_sql(sql)

    def _one_row(self, sql: str) -> Any:
        (row,) = self._execute(sql)
        return row

    def _name(self, table: Table) -> str:
        name: str = self._sql.make_qualified_table_name(table.name)
        return name


def _key(table: Table) -> tuple[str, ...]:
    """What the rows are found by that are replaced: children by their session, all of them."""
    return ("session_id",) if table in CHILDREN else table.key
