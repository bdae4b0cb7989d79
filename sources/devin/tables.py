"""The warehouse contract: the tables, their columns, keys and descriptions.

Everything that names a table or a column does it here. How rows are made is in `shredding`.
"""

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import pyarrow as pa

LOAD_ID = "_dlt_load_id"
"""dlt's own column: the load that brought a row."""

Kind = Literal["text", "double", "bigint", "bool", "timestamp", "date", "json"]


@dataclass(frozen=True)
class Column:
    """A column.

    Attributes:
        name: Its name.
        kind: Its dlt data type.
        description: What it holds, for whoever reads the warehouse.
        required: Whether it is never null. Keys are required.
    """

    name: str
    kind: Kind
    description: str
    required: bool = False


@dataclass(frozen=True)
class Table:
    """A table.

    Attributes:
        name: Its name.
        description: What a row of it is.
        key: The columns that tell its rows apart.
        columns: All its columns in order, dlt's own (`LOAD_ID`) left out.
        newest_by: The column whose largest value survives where a key comes twice.
        references: Other tables: `{table: {column here: column there}}`.
        whole: Whether what arrives replaces all that is there.
    """

    name: str
    description: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    newest_by: str | None = None
    references: dict[str, dict[str, str]] = field(default_factory=dict)
    whole: bool = False

    @cached_property
    def arrow_schema(self) -> "pa.Schema":
        """The Arrow schema of its rows."""
        import pyarrow as pa

        types: dict[Kind, pa.DataType] = {
            "text": pa.string(),
            "double": pa.float64(),
            "bigint": pa.int64(),
            "bool": pa.bool_(),
            "timestamp": pa.timestamp("us", "UTC"),
            "date": pa.date32(),
            # Text that the destination reads as JSON: nested Arrow types fail on some destinations.
            "json": pa.string(),
        }
        return pa.schema(
            [
                pa.field(column.name, types[column.kind], nullable=not column.required)
                for column in self.columns
            ]
        )

    def hints(self) -> dict[str, Any]:
        """The table as arguments of `dlt.resource`, freshly made: dlt changes what it is given."""
        return {
            "name": self.name,
            "primary_key": self.key,
            "columns": {column.name: self._column_hints(column) for column in self.columns}
            | {LOAD_ID: {"data_type": "text", "nullable": False}},
            "references": [
                {
                    "referenced_table": table,
                    "columns": list(pairs),
                    "referenced_columns": list(pairs.values()),
                }
                for table, pairs in self.references.items()
            ],
        }

    def _column_hints(self, column: Column) -> dict[str, Any]:
        hints: dict[str, Any] = {
            "data_type": column.kind,
            "nullable": not column.required,
            "description": column.description,
        }
        if column.name == self.newest_by:
            hints["dedup_sort"] = "desc"
        return hints


def required(name: str, kind: Kind, description: str) -> Column:
    """A column that is never null."""
    return Column(name, kind, description, required=True)


SESSION_ID = "Session, without the devin- that some endpoints put before the id."
EXTRACTED_AT = "When the API was asked for this, by its own clock."
_TO_SESSION = {"sessions": {"session_id": "session_id"}}

SESSIONS = Table(
    "sessions",
    "One row per session: its latest state.",
    ("session_id",),
    (
        required("session_id", "text", SESSION_ID),
        required("org_id", "text", "Organisation the session belongs to."),
        required("url", "text", "Address of the session in the web app."),
        Column("title", "text", "Title, as shown in the web app."),
        required(
            "status", "text", "new, claimed, running, exit, error, suspended, resuming, or newer."
        ),
        Column("status_detail", "text", "Why it has this status, such as waiting_for_user."),
        Column("origin", "text", "Where it was started: webapp, slack, api, and so on."),
        Column("category", "text", "Use case it was classified as."),
        Column("subcategory", "text", "Display name of the finer use case."),
        Column(
            "is_archived", "bool", "Whether it was archived; null where v2 of the API was read."
        ),
        required("created_at", "timestamp", "When it was created; never changes."),
        required("updated_at", "timestamp", "When it last changed, as far as the API tells."),
        Column(
            "deleted_at",
            "timestamp",
            "When a complete reading of its span first no longer returned it; null while it is "
            "listed.",
        ),
        required(
            "acus_consumed",
            "double",
            "ACUs it used in all so far. 0 where the plan is not metered, which is not free.",
        ),
        Column("user_id", "text", "Person who started it."),
        Column("service_user_id", "text", "Service user that started it."),
        Column("playbook_id", "text", "Playbook it follows."),
        Column("automation_id", "text", "Automation that started it."),
        Column("devin_mode", "text", "Mode it runs in, such as normal or fast."),
        Column("parent_session_id", "text", "Session that started it; see session_links."),
        Column("structured_output", "json", "Structured output, as the session gave it."),
        Column("extra", "json", "Fields of the API that this version of devin-elt does not know."),
        required("api_version", "text", "Version of the API that the row was read from."),
        required("extracted_at", "timestamp", EXTRACTED_AT),
    ),
    newest_by="updated_at",
)

PULL_REQUESTS = Table(
    "session_pull_requests",
    "One row per pull request of a session; one pull request may belong to several sessions.",
    ("session_id", "pr_url"),
    (
        required("session_id", "text", SESSION_ID),
        required("pr_url", "text", "Address of the pull request."),
        Column("pr_state", "text", "open, merged, closed, ... in lower case."),
        Column("host", "text", "Host of the address, such as github.com."),
        Column("repository", "text", "owner/name, with all groups of a nested one."),
        Column("number", "bigint", "Number of the pull request in its repository."),
        Column("position", "bigint", "Place in the session's list, from 0."),
    ),
    references=_TO_SESSION,
)

TAGS = Table(
    "session_tags",
    "One row per tag of a session.",
    ("session_id", "tag"),
    (required("session_id", "text", SESSION_ID), required("tag", "text", "The tag.")),
    references=_TO_SESSION,
)

LINKS = Table(
    "session_links",
    "One row per parent, child, and side that declares the link; either side may be missing.",
    ("parent_session_id", "child_session_id", "declared_by"),
    (
        required("parent_session_id", "text", "Session that started the other."),
        required("child_session_id", "text", "Session that was started."),
        required("declared_by", "text", "parent or child: whose row says so."),
        required("session_id", "text", "The session whose row says so."),
    ),
    references=_TO_SESSION,
)

SNAPSHOTS = Table(
    "session_snapshots",
    "One row per state of a session that was observed: how its ACUs grew.",
    ("session_id", "updated_at"),
    (
        required("session_id", "text", SESSION_ID),
        required("updated_at", "timestamp", "When the session last changed in this state."),
        required("org_id", "text", "Organisation the session belongs to."),
        required("status", "text", "Status then."),
        Column("status_detail", "text", "Status detail then."),
        required("acus_consumed", "double", "ACUs used in all by then."),
        required("pull_request_count", "bigint", "Pull requests then."),
        required("merged_pull_request_count", "bigint", "Of them, merged."),
        Column("closed_pull_request_count", "bigint", "Of them, closed; null in old rows."),
        required("extracted_at", "timestamp", EXTRACTED_AT),
    ),
    newest_by="extracted_at",
    references=_TO_SESSION,
)

REJECTED = Table(
    "rejected_items",
    "One row per item of the API that broke its contract, and so is in no other table.",
    ("item_hash",),
    (
        required("item_hash", "text", "Names the item by its content."),
        required("scope", "text", "Listing that returned it."),
        required("reason", "text", "The first thing that is wrong with it."),
        required("error", "json", "Everything that is wrong with it."),
        required("raw", "text", "The item, as JSON text."),
        required("request", "text", "Path that returned it."),
        required("first_seen_at", "timestamp", "When it was first returned."),
        required(
            "last_seen_at", "timestamp", "When it was last returned to a cycle that loaded it here."
        ),
        Column("replayed_at", "timestamp", "When it was loaded after all; null until then."),
    ),
    newest_by="last_seen_at",
)

RUNS = Table(
    "sync_runs",
    "One row per cycle of a scope; one that found nothing new comes with the next that did.",
    ("run_id",),
    (
        required("run_id", "text", "The cycle."),
        required("scope", "text", "Listing that was raised: API version, organisation, filters."),
        required("started_at", "timestamp", "When it started, by this machine's clock."),
        required("finished_at", "timestamp", "When its last page was in, by the same clock."),
        Column("as_of", "timestamp", "The scope is loaded as it stood then, by the API's clock."),
        required("spans_raised", "json", "Spans of created_at: [[from, to, as of before], ...]."),
        required("pages", "bigint", "Pages read."),
        required("requests", "bigint", "Requests sent, retries included."),
        required("retries", "bigint", "Requests that had to be sent again."),
        required("seconds_throttled", "double", "Seconds waited because the API asked for it."),
        required("bytes", "bigint", "Bytes of all answers, decompressed."),
        required("rows", "json", "Rows sent to each table."),
        required("unchanged", "bigint", "Sessions that came again just as they were loaded."),
        required("rejected", "bigint", "Items that broke their contract."),
        required("versions", "json", "Versions of devin-elt, dlt and Python."),
        required("outcome", "text", "loaded, unchanged, or failed."),
        Column("error", "text", "Why it failed."),
    ),
    newest_by="finished_at",
)

CHILDREN = (PULL_REQUESTS, TAGS, LINKS)
"""What belongs to a session and arrives whole with it: its rows replace what was there."""

TABLES = (SESSIONS, *CHILDREN, SNAPSHOTS, REJECTED, RUNS)
"""The tables of sessions, the ones referred to first."""
