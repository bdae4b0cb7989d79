"""v2: what a client asks of an enterprise's listing, and how a session looks there."""

from datetime import UTC, datetime
from typing import Any, Literal

from pydantic import BaseModel, Field

from .query import Filters, SessionId
from .rows import PREFIX, Row

PullRequestDialect = Literal["pr_url", "url", "prs"]
"""How items write pull requests: `pr_url`, `pr_state` and `state`, as it is documented; `url` and
`state`; or `prs`, in items that name their session `devin_id`."""


class EnterpriseQuery(BaseModel):
    """Which sessions of which organisations to list, and which part of that list to send."""

    skip: int = Field(default=0, ge=0)
    limit: int = Field(default=100, ge=1, le=200)
    order: Literal["asc", "desc"] = "desc"
    created_date_from: datetime | None = None
    created_date_to: datetime | None = None
    updated_date_from: datetime | None = None
    updated_date_to: datetime | None = None
    org_ids: frozenset[str] | None = None
    user_ids: frozenset[str] | None = None
    session_ids: frozenset[SessionId] | None = None
    tags: frozenset[str] | None = None

    @property
    def filters(self) -> Filters:
        """The query without its part and its organisations, in the words of v3."""
        return Filters(
            created_after=_epoch(self.created_date_from),
            created_before=_epoch(self.created_date_to),
            updated_after=_epoch(self.updated_date_from),
            updated_before=_epoch(self.updated_date_to),
            user_ids=self.user_ids,
            session_ids=self.session_ids,
            tags=self.tags,
        )


def enterprise_item(row: Row, dialect: PullRequestDialect) -> dict[str, Any]:
    """What v2 shows of a session."""
    shown = {name: row.item.get(name) for name in ("title", "tags", "user_id", "org_id")} | {
        "created_at": _iso(row.item["created_at"]),
        "updated_at": _iso(row.item["updated_at"]),
        "acus_consumed": row.item["acus_consumed"],
    }
    pulls = row.item["pull_requests"]
    if dialect == "prs":
        return {
            "devin_id": PREFIX + row.id,
            "session_url": row.item["url"],
            "devin_status": row.item["status"],
            "prs": pulls,
        } | shown
    named = {name: row.item[name] for name in ("session_id", "url", "status")}
    return named | shown | {"pull_requests": [_pull_request(pull, dialect) for pull in pulls]}


def _pull_request(pull: dict[str, Any], dialect: PullRequestDialect) -> dict[str, Any]:
    state = pull.get("pr_state")
    return {"url": pull["pr_url"], "state": state} if dialect == "url" else pull | {"state": state}


def _epoch(moment: datetime | None) -> int | None:
    if moment is None:
        return None
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())


def _iso(epoch: int) -> str:
    return datetime.fromtimestamp(epoch, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
