"""Sessions for tests that have no page to read them from."""

from collections.abc import Sequence
from typing import Any, cast

from sources.devin.batching import Batch
from sources.devin.columns import Columns
from sources.devin.models import SessionItem, canonical
from sources.devin.session import Session
from sources.devin.shredding import tables

NOON = 1_767_268_800  # 2026-01-01T12:00:00Z


def session_item(**fields: Any) -> dict[str, Any]:
    """An item of the API: the required fields, and those that are given."""
    required = {
        "session_id": "5ca1ab1e",
        "org_id": "org-demo",
        "url": "https://app.devin.ai/sessions/5ca1ab1e",
        "status": "running",
        "created_at": NOON,
        "updated_at": NOON + 60,
        "acus_consumed": 1.5,
        "tags": [],
        "pull_requests": [],
    }
    return required | fields


def sessions_of(*items: dict[str, Any]) -> list[Session]:
    """The sessions that items become, which are not checked against the contract."""
    return [canonical(cast(SessionItem, item)) for item in items]


def session(**fields: Any) -> Session:
    """A session: the required fields, and those that are given, as the API names them."""
    return sessions_of(session_item(**fields))[0]


def session_tables(
    sessions: Sequence[Session], seen_at: int, api_version: str = "v3", *, marked: bool = True
) -> Batch:
    """The rows that the sessions of one page make, by table name."""
    return tables([Columns(sessions, seen_at, api_version, marked=marked)])


def in_any_order(batch: Batch) -> dict[str, list[str]]:
    """The rows of each table, sorted: no order of them is promised."""
    return {name: sorted(map(repr, rows.to_pylist())) for name, rows in batch.items()}
