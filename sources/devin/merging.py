"""How rows get into a destination: the one place that looks at what it can do.

Tables are merged by delete-insert. An older copy never overwrites a newer one, nor one of v2 one of
v3: the SQL conditions made here compare what arrives with what is there. Children are replaced as a
whole, session by session, on the word of the marker rows that `shredding` puts among them. Tables
are merged in any order, so the conditions hold whether the sessions themselves have been or not;
and what arrives of them may not be there yet, so children look at the kept ones only.
"""

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Literal, TypedDict
from weakref import WeakKeyDictionary

import dlt
import sqlglot
from dlt.common.destination import DestinationCapabilitiesContext
from dlt.common.metrics import DataWriterMetrics
from dlt.common.schema.typing import MERGE_DISPOSITION_HINTS, TDeleteInsertStrategyDict
from dlt.extract.extractors import ImportFileMeta
from dlt.extract.items import DataItemWithMeta

from .errors import DestinationUnsuitable
from .session import MARKER
from .spool import Spooled
from .tables import CHILDREN, LINKS, PULL_REQUESTS, SESSIONS, SNAPSHOTS, TAGS, Table

STRATEGY: Literal["delete-insert"] = "delete-insert"

_MARKED_COLUMN = {PULL_REQUESTS.name: "pr_url", TAGS.name: "tag", LINKS.name: "declared_by"}

_MOMENT_LENGTH = 25  # 2026-03-01T08:00:00+00:00

DIRECT = "x-devin-direct"
"""Hint of a table that `direct` merges: the version of the API that its rows were read from."""

# What the user reads where dlt's own way of merging meets rows that were made for the other.
_REFUSAL = (
    "this load package was made by devin-elt, and has to be loaded by devin-elt sync"
    " or a pipeline with the destination DirectDuckdb of sources.devin.direct"
)
# It fails on the first row, whether that is to be deleted or inserted; without any, all is done.
_REFUSED = f"CAST('{_REFUSAL}' AS INTEGER) = 1"

# A version of the API that tells less is lower in the alphabet.
STALE = """
    kept.api_version > 'this_version'
    OR kept.updated_at > arriving.updated_at
    OR (
      kept.api_version = 'this_version'
      AND kept.updated_at = arriving.updated_at
      AND kept.extracted_at > arriving.extracted_at
    )
"""

_STALE_SESSIONS = f"""
    SELECT arriving.session_id
    FROM arriving_sessions AS arriving
    JOIN kept_sessions AS kept ON arriving.session_id = kept.session_id
    WHERE {STALE}
"""

# A session arrives once in a package, so its id is enough to name its snapshot.
_STALE_SNAPSHOTS = """
    SELECT arriving.session_id
    FROM arriving_snapshots AS arriving
    JOIN kept_snapshots AS snapshot
      ON arriving.session_id = snapshot.session_id AND arriving.updated_at = snapshot.updated_at
    JOIN kept_sessions AS kept ON arriving.session_id = kept.session_id
    WHERE kept.api_version > 'this_version'
"""

_IS_MARKER = f"SUBSTRING(marked, 1, {len(MARKER)}) = '{MARKER}'"


def _marked_moment(place: int) -> str:
    """A moment of a marker; by CASE, since a database may cast before it looks for markers."""
    text = f"SUBSTRING(marked, {len(MARKER) + 1 + place * _MOMENT_LENGTH}, {_MOMENT_LENGTH})"
    return f"CASE WHEN {_IS_MARKER} THEN CAST({text} AS TIMESTAMPTZ) END"


_REPLACED_SESSIONS = f"""
    SELECT arriving.session_id
    FROM (
      SELECT
        session_id,
        {_marked_moment(0)} AS updated_at,
        {_marked_moment(1)} AS extracted_at
      FROM arriving_children
      WHERE {_IS_MARKER}
    ) AS arriving
    LEFT JOIN kept_sessions AS kept ON arriving.session_id = kept.session_id
    WHERE kept.session_id IS NULL OR NOT ({STALE})
"""


def file_format(
    capabilities: DestinationCapabilitiesContext,
) -> Literal["parquet", "preferred"]:
    """The file format to load with: parquet where the destination would else use SQL text.

    Not where it takes parquet through an ADBC driver only, which fails on an empty table. And CSV
    nowhere: an empty text would arrive as null.
    """
    through_driver = capabilities.loader_file_format_selector is not None
    slow = capabilities.preferred_loader_file_format == "insert_values"
    able = "parquet" in (capabilities.supported_loader_file_formats or ())
    return "parquet" if slow and able and not through_driver else "preferred"


def check_destination(pipeline: dlt.Pipeline) -> None:
    """Make sure that a pipeline's destination can hold the tables exactly; opens no connection.

    Raises:
        DestinationUnsuitable: It cannot replace what a session had before, or it is a DuckDB file
            whose name DuckDB cannot tell from the dataset's.
    """
    destination = pipeline.destination
    strategies: Sequence[str] = destination.capabilities().supported_merge_strategies or ()
    if STRATEGY not in strategies:
        raise DestinationUnsuitable(
            f"destination {destination.destination_name} does not merge by {STRATEGY} (it offers: "
            f"{', '.join(strategies) or 'none'}), so a tag that was taken off would stay"
        )
    database = duckdb_file(pipeline)
    if database and database.stem == pipeline.dataset_name:
        raise DestinationUnsuitable(
            f"the DuckDB file {database.name} has the name of the dataset, "
            f"{pipeline.dataset_name}, which DuckDB cannot tell apart",
            "Name the file differently (DESTINATION__DUCKDB__CREDENTIALS) or choose another "
            "--dataset.",
        )


def duckdb_file(pipeline: dlt.Pipeline) -> Path | None:
    """The file of a DuckDB destination; None for another one, or one in memory or elsewhere."""
    destination = pipeline.destination
    if destination.destination_name != "duckdb":
        return None
    told = (destination, dict(destination.config_params))
    before, file = _files.get(pipeline, (None, None))
    if before != told:
        database = str(getattr(pipeline.sql_client(), "credentials").database)  # noqa: B009
        file = None if ":" in database else Path(database)
        _files[pipeline] = told, file
    return file


_files: WeakKeyDictionary[dlt.Pipeline, tuple[Any, Path | None]] = WeakKeyDictionary()
"""The file of each pipeline, for as long as its destination is what it was: dlt takes a hundredth
of a second to tell, and a sync that loads asks nine times."""


def merges_directly(pipeline: dlt.Pipeline) -> bool:
    """Whether a pipeline's destination is the one of `direct`, which needs no marker rows."""
    return bool(getattr(pipeline.destination, "merges_directly", False))


def load_hints(tables: Iterable[Table], api_version: str = "v3") -> dict[str, Any]:
    """How tables are loaded by the pipeline that is running.

    Args:
        tables: The tables.
        api_version: Version of the API that the rows were read from.

    Returns:
        dlt hints by table name: the write disposition with its conditions, and the file format.
    """
    pipeline = dlt.current.pipeline()
    capabilities = pipeline.destination.capabilities()
    form = file_format(capabilities)
    if merges_directly(pipeline):
        refused: _Conditions = {"source_filter": _REFUSED, "destination_scope": _REFUSED}
        return {t.name: _hints(t, form, refused, {DIRECT: api_version}) for t in tables}
    names = pipeline.sql_client().get_qualified_table_names
    dialect = capabilities.sqlglot_dialect
    render = partial(_render, names=names, version=api_version, dialect=dialect)
    return {t.name: _hints(t, form, _conditions(t, render), {}) for t in tables}


def file_item(rows: Spooled, hints: Any) -> Any:
    """What a resource yields for dlt to take over a file as it is.

    Args:
        rows: The rows, which are to have all columns of the table but dlt's own.
        hints: How they are loaded, of `load_hints`.
    """
    metrics = DataWriterMetrics(str(rows.path), rows.rows, 0, 0, 0)
    # dlt.mark.with_file_import takes hints or a number of rows, not both.
    return DataItemWithMeta(
        ImportFileMeta(str(rows.path), metrics, "parquet", hints, create_table_variant=False), None
    )


def _hints(
    table: Table,
    form: Literal["parquet", "preferred"],
    conditions: "_Conditions",
    hints: dict[str, Any],
) -> Any:
    given = {*hints, *(MERGE_DISPOSITION_HINTS[name] for name in conditions)}
    known = dlt.current.source_schema().tables.get(table.name, {})
    # What is not given again would stay as a load through the other kind of destination left it.
    hints |= dict.fromkeys(hint for hint in _CHANGING if hint in known and hint not in given)
    disposition: TDeleteInsertStrategyDict = {
        "disposition": "merge",
        "strategy": STRATEGY,
        **conditions,  # type: ignore[typeddict-item]  # not all have both
    }
    return dlt.mark.make_hints(
        write_disposition=disposition,
        file_format=form,
        additional_table_hints=hints or None,  # none at all would take the descriptions away
    )


class _Conditions(TypedDict, total=False):
    source_filter: str
    destination_scope: str


_CHANGING = (DIRECT, *(MERGE_DISPOSITION_HINTS[name] for name in _Conditions.__annotations__))


def _conditions(table: Table, render: Callable[[str, Table], str]) -> _Conditions:
    if table is SESSIONS:
        return {"source_filter": f"session_id NOT IN ({render(_STALE_SESSIONS, table)})"}
    if table is SNAPSHOTS:
        return {"source_filter": f"session_id NOT IN ({render(_STALE_SNAPSHOTS, table)})"}
    if table.whole:
        return {"destination_scope": "1 = 1"}
    if table in CHILDREN:
        replaced = f"session_id IN ({render(_REPLACED_SESSIONS, table)})"
        return {
            "source_filter": f"NOT {render(_IS_MARKER, table)} AND {replaced}",
            "destination_scope": replaced,
        }
    return {}


def _render(sql: str, table: Table, names: Any, version: str, dialect: str | None) -> str:
    """SQL in a destination's dialect, with the names it gave its tables."""
    kept_sessions, arriving_sessions = names(SESSIONS.name)
    kept_snapshots, arriving_snapshots = names(SNAPSHOTS.name)
    values = {
        "kept_sessions": kept_sessions,
        "arriving_sessions": arriving_sessions,
        "kept_snapshots": kept_snapshots,
        "arriving_snapshots": arriving_snapshots,
        "arriving_children": names(table.name)[1],
        "this_version": version,
    }
    marked = sql.replace("marked", _MARKED_COLUMN.get(table.name, ""))
    text = sqlglot.parse_one(marked, read="duckdb").sql(dialect=dialect)
    for name, value in values.items():
        text = text.replace(name, value)
    return text
