"""What the destination holds, asked of itself, in plain SQL.

Nothing is created by asking: a DuckDB file, dataset or table that is not there holds nothing.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

import dlt
import sqlglot
from dlt.common.destination.exceptions import DestinationUndefinedEntity
from sqlglot import exp

from .merging import duckdb_file, merges_directly
from .rereads import Look, OpenSession, batches
from .tables import PULL_REQUESTS, SESSIONS
from .usage_tables import CONSUMPTION

if TYPE_CHECKING:
    import pyarrow as pa

    from .rows import Row

SPANS_A_QUERY = 100
IDS_A_QUERY = 1_000
ROWS_A_FETCH = 10_000

Columns = frozenset[str]
"""The columns that `sessions` has at the destination: one may be too new to be there."""

# Asked in every cycle, so in words that all dialects share: to render a query takes sqlglot, which
# takes its time. Whose sessions they are is looked at here.
_OPEN = """
    WITH held AS {at_first} (
      SELECT org_id, api_version, session_id, {quiet_since} AS quiet_since
      FROM {sessions}
      WHERE session_id IN (
        SELECT session_id
        FROM {pull_requests}
        WHERE pr_state IS NULL OR pr_state NOT IN ('merged', 'closed')
      ) AND {listed}
    )
    SELECT held.org_id, held.api_version, held.session_id, held.quiet_since,
      listed.pr_url, listed.pr_state
    FROM held
    JOIN {pull_requests} listed ON listed.session_id = held.session_id
    WHERE {due}
"""


@dataclass(frozen=True)
class Ownership:
    """Which sessions belong to a scope.

    Attributes:
        org_ids: The organisations, at least one; None for all.
        api_version: The version of the API that the rows were read from; None for any.
    """

    org_ids: tuple[str, ...] | None = None
    api_version: str | None = None

    def holds(self, org_id: str, api_version: str) -> bool:
        """Whether a session of this organisation, read from this version, does."""
        of_org = self.org_ids is None or org_id in self.org_ids
        return of_org and self.api_version in (None, api_version)


class Held:
    """What the destination of a pipeline holds.

    Args:
        pipeline: The pipeline; neither it nor its destination is changed.
        wait: Waits until all that was read before is loaded; called before it is asked anything.
    """

    def __init__(self, pipeline: dlt.Pipeline, wait: Callable[[], None] = lambda: None) -> None:
        self._pipeline = pipeline
        self._wait = wait

    def wait(self) -> None:
        """Wait until all that was read before is loaded; may raise to end the run."""
        self._wait()

    @property
    def wants_markers(self) -> bool:
        """Whether it merges children by marker rows; see `shredding`."""
        return not merges_directly(self._pipeline)

    def open_pull_requests(
        self, look: Look, ownership: Ownership, came: Callable[[str], bool]
    ) -> list[OpenSession]:
        """Sessions that are listed and have a pull request neither merged nor closed, by id.

        Args:
            look: The look at them; those that it does not read are left out.
            ownership: Whose sessions.
            came: Whether a session came by itself, by its id; these are left out, too.

        Raises:
            Exception: Whatever dlt raises where the destination cannot be read.
        """
        sessions: dict[str, OpenSession | None] = {}
        found = self.answers(partial(_open_ones, look))
        for org_id, api_version, session_id, moment, pr_url, pr_state in found:
            if not ownership.holds(org_id, api_version):
                continue
            if session_id not in sessions:
                since = epoch_of(moment)
                wanted = look.reads(session_id, since) and not came(session_id)
                sessions[session_id] = OpenSession(session_id, since, {}) if wanted else None
            session = sessions[session_id]
            if session is not None:
                session.pull_requests[pr_url] = pr_state
        return sorted(session for session in sessions.values() if session is not None)

    def session_ids(self, ownership: Ownership, spans: Sequence[tuple[int, int]]) -> set[str]:
        """Ids of the sessions that are listed and were created within one of the spans.

        Args:
            ownership: Whose sessions.
            spans: Spans of `created_at`, half open, in epoch seconds.

        Raises:
            Exception: Whatever dlt raises where the destination cannot be read.
        """
        found = self.answers(
            lambda columns, client: (
                rendered(
                    sqlglot.select("session_id")
                    .from_("sessions AS held")
                    .where(*_listed(columns), *_owned(ownership))
                    .where(exp.or_(*map(_created_within, some))),
                    client,
                )
                for some in batches(spans, SPANS_A_QUERY)
            )
        )
        return {session_id for (session_id,) in found}

    def rows(self, session_ids: Iterable[str]) -> "pa.Table":
        """The rows of sessions just as they are held, so that they can be loaded again.

        Args:
            session_ids: The sessions; one that is not held has no row.

        Returns:
            Rows in the Arrow schema of `sessions`, JSON as text.

        Raises:
            Exception: Whatever dlt raises where the destination cannot be read.
        """
        ids = sorted(set(session_ids))
        found = self.answers(
            lambda columns, client: (
                rendered(
                    sqlglot.select(*_cells(columns))
                    .from_("sessions AS held")
                    .where(exp.column("session_id").isin(*some)),
                    client,
                )
                for some in batches(ids, IDS_A_QUERY)
            )
        )
        from .rows import arrow_table

        return arrow_table(SESSIONS, [_as_loaded(row) for row in found])

    def answers(self, queries: Callable[[Columns, Any], Iterable[str]]) -> "Iterator[Row]":
        """The rows of all queries; read to its end, since it holds a connection till then.

        Args:
            queries: Makes them of the columns of `sessions` and a client; see `rendered`.

        Raises:
            Exception: Whatever dlt raises where the destination cannot be read.
        """
        self.wait()
        file = duckdb_file(self._pipeline)
        if file is not None and not file.exists():
            return
        client: Any
        try:
            with self._pipeline.destination_client() as client:
                ((_, columns),) = client.get_storage_tables([SESSIONS.name])
                for query in queries(frozenset(map(str.lower, columns)), client):
                    with client.sql_client.execute_query(query) as cursor:
                        for rows in cursor.iter_fetch(ROWS_A_FETCH):
                            yield from map(tuple, rows)
        except DestinationUndefinedEntity:
            return


def _open_ones(look: Look, columns: Columns, client: Any) -> Iterator[str]:
    name = client.sql_client.make_qualified_table_name
    # Of a million sessions a fifth may be open: only those that are due are to come here.
    is_duckdb = client.capabilities.sqlglot_dialect == "duckdb"
    yield _OPEN.format(
        sessions=name(SESSIONS.name),
        pull_requests=name(PULL_REQUESTS.name),
        listed="deleted_at IS NULL" if "deleted_at" in columns else "1 = 1",
        at_first="MATERIALIZED" if is_duckdb else "",
        quiet_since="epoch_us(updated_at) // 1000000" if is_duckdb else "updated_at",
        due=look.in_duckdb() if is_duckdb else "1 = 1",
    )


def rendered(query: exp.Select, client: Any) -> str:
    """A query in a destination's dialect, with the names it gave its tables."""
    dialect = client.capabilities.sqlglot_dialect
    names = {
        table.name: client.sql_client.make_qualified_table_name(table.name)
        for table in (SESSIONS, PULL_REQUESTS, CONSUMPTION)
    }
    return exp.replace_tables(query, names, dialect=dialect).sql(dialect=dialect, comments=False)


def _listed(columns: Columns) -> list[exp.Condition]:
    return [exp.column("deleted_at", "held").is_(exp.null())] if "deleted_at" in columns else []


def _owned(ownership: Ownership) -> list[exp.Condition]:
    conditions: list[exp.Condition] = []
    if ownership.org_ids is not None:
        conditions.append(exp.column("org_id", "held").isin(*ownership.org_ids))
    if ownership.api_version is not None:
        conditions.append(exp.column("api_version", "held").eq(ownership.api_version))
    return conditions


def _created_within(span: tuple[int, int]) -> exp.Condition:
    begin, end = map(moment_literal, span)
    created_at = exp.column("created_at", "held")
    return exp.and_(created_at >= begin, created_at < end)


def moment_literal(epoch: int) -> exp.Cast:
    """A moment in SQL."""
    text = datetime.fromtimestamp(epoch, UTC).isoformat()
    return exp.cast(exp.Literal.string(text), "TIMESTAMPTZ")


def epoch_of(moment: datetime | int) -> int:
    """Whole epoch seconds of a moment; a number is that already."""
    if isinstance(moment, int):
        return moment
    # Some destinations know no time zones, and hold UTC.
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())


def _cells(columns: Columns) -> list[str]:
    names = [column.name for column in SESSIONS.columns]
    return [name if name in columns else f"NULL AS {name}" for name in names]


def _as_loaded(row: "Row") -> "Row":
    """A row with its JSON as text: some destinations give it parsed."""
    from .texts import json_text

    return tuple(
        json_text(cell) if column.kind == "json" and not isinstance(cell, str) else cell
        for column, cell in zip(SESSIONS.columns, row, strict=True)
    )
