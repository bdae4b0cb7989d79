"""How rows get into a destination: the one place that looks at what it can do.

Tables are merged by delete-insert. An older copy never overwrites a newer one: the SQL conditions
made here compare what arrives with what is there. Children are replaced as a whole, session by
session, on the word of the marker rows that `rows` puts among them.
"""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any, Literal, TypedDict

import dlt
import sqlglot
from dlt.common.destination import DestinationCapabilitiesContext
from dlt.common.schema.typing import TDeleteInsertStrategyDict

from .errors import DestinationUnsuitable
from .models import MARKER
from .tables import CHILDREN, LINKS, PULL_REQUESTS, SESSIONS, TAGS, Table

STRATEGY: Literal["delete-insert"] = "delete-insert"

_MARKED_COLUMN = {PULL_REQUESTS.name: "pr_url", TAGS.name: "tag", LINKS.name: "declared_by"}

_STALE_SESSIONS = """
    SELECT arriving.session_id
    FROM arriving_sessions AS arriving
    JOIN kept_sessions AS kept ON arriving.session_id = kept.session_id
    WHERE kept.updated_at > arriving.updated_at
"""

# CASE, since a database may compute the cast before it looks whether the row is a marker.
_REPLACED_SESSIONS = f"""
    SELECT marker.session_id
    FROM arriving_children AS marker
    LEFT JOIN kept_sessions AS kept ON marker.session_id = kept.session_id
    WHERE SUBSTRING(marker.marked, 1, {len(MARKER)}) = '{MARKER}'
      AND (
        kept.updated_at IS NULL
        OR kept.updated_at <= CASE
          WHEN SUBSTRING(marker.marked, 1, {len(MARKER)}) = '{MARKER}'
          THEN CAST(SUBSTRING(marker.marked, {len(MARKER) + 1}) AS TIMESTAMPTZ)
        END
      )
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
    if pipeline.destination.destination_name != "duckdb":
        return None
    database = str(getattr(pipeline.sql_client(), "credentials").database)  # noqa: B009
    return None if ":" in database else Path(database)


def load_hints(table: Table) -> Any:
    """How a table is loaded by the pipeline that is running.

    Returns:
        dlt hints: the write disposition with its conditions, and the file format.
    """
    pipeline = dlt.current.pipeline()
    capabilities = pipeline.destination.capabilities()
    names = pipeline.sql_client().get_qualified_table_names
    render = partial(_render, dialect=capabilities.sqlglot_dialect)
    conditions = _conditions(table, names, render)
    disposition: TDeleteInsertStrategyDict = {
        "disposition": "merge",
        "strategy": STRATEGY,
        **conditions,  # type: ignore[typeddict-item]  # keys that are not required may be missing
    }
    return dlt.mark.make_hints(
        write_disposition=disposition,
        file_format=file_format(capabilities),
    )


class _Conditions(TypedDict, total=False):
    source_filter: str
    destination_scope: str


def _conditions(table: Table, names: Any, render: Any) -> _Conditions:
    kept_sessions, arriving_sessions = names(SESSIONS.name)
    if table is SESSIONS:
        stale = render(
            _STALE_SESSIONS,
            {"kept_sessions": kept_sessions, "arriving_sessions": arriving_sessions},
        )
        return {"source_filter": f"session_id NOT IN ({stale})"}
    if table in CHILDREN:
        marked = _MARKED_COLUMN[table.name]
        replaced = render(
            _REPLACED_SESSIONS.replace("marked", marked),
            {"kept_sessions": kept_sessions, "arriving_children": names(table.name)[1]},
        )
        is_marker = render(f"SUBSTRING({marked}, 1, {len(MARKER)}) = '{MARKER}'", {})
        return {
            "source_filter": f"NOT {is_marker} AND session_id IN ({replaced})",
            "destination_scope": f"session_id IN ({replaced})",
        }
    return {}


def _render(sql: str, tables: dict[str, str], dialect: str | None) -> str:
    """SQL in a destination's dialect, with the names it gave its tables."""
    text = sqlglot.parse_one(sql, read="duckdb").sql(dialect=dialect)
    for name, qualified in tables.items():
        text = text.replace(name, qualified)
    return text
