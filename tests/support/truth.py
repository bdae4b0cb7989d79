"""What a warehouse must hold, worked out from the server's own items and nothing else."""

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from pipelines.devin.demo_api.hosts import repository_name

Item = dict[str, Any]
Row = dict[str, Any]

COPIED = (
    "title",
    "status_detail",
    "origin",
    "category",
    "subcategory",
    "user_id",
    "service_user_id",
    "playbook_id",
    "automation_id",
    "devin_mode",
    "structured_output",
)
KNOWN = {
    *COPIED,
    "session_id",
    "org_id",
    "url",
    "status",
    "is_archived",
    "created_at",
    "updated_at",
    "acus_consumed",
    "tags",
    "pull_requests",
    "parent_session_id",
    "child_session_ids",
}
IN_V2 = KNOWN - {*COPIED, "is_archived", "parent_session_id", "child_session_ids"} | {
    "title",
    "user_id",
}


def moment(epoch: int) -> datetime:
    return datetime.fromtimestamp(epoch, UTC)


def bare(session_id: str) -> str:
    return session_id.removeprefix("devin-")


def as_told(items: Iterable[Item], api_version: str) -> list[Item]:
    """What a version of the API tells of items that are v3's own."""
    if api_version == "v3":
        return list(items)
    return [{name: value for name, value in item.items() if name in IN_V2} for item in items]


def sessions(items: Iterable[Item], api_version: str = "v3") -> list[Row]:
    """The rows of `sessions`, by id, without `extracted_at`."""
    rows = [_session(item, api_version) for item in items]
    return sorted(rows, key=lambda row: row["session_id"])


def _session(item: Item, api_version: str) -> Row:
    unknown = {key: value for key, value in item.items() if key not in KNOWN}
    return {name: item.get(name) for name in COPIED} | {
        "session_id": bare(item["session_id"]),
        "org_id": item["org_id"],
        "url": item["url"],
        "status": item["status"],
        "is_archived": item.get("is_archived", None if api_version == "v2" else False),
        "created_at": moment(item["created_at"]),
        "updated_at": moment(item["updated_at"]),
        "deleted_at": None,
        "acus_consumed": float(item["acus_consumed"]),
        "parent_session_id": item.get("parent_session_id"),
        "extra": unknown or None,
        "api_version": api_version,
    }


def pull_requests(items: Iterable[Item]) -> list[Row]:
    """The rows of `session_pull_requests`, by session and place."""
    rows = [
        {
            "session_id": bare(item["session_id"]),
            "pr_url": entry["pr_url"],
            "pr_state": entry["pr_state"] and entry["pr_state"].lower(),
            "host": urlsplit(entry["pr_url"]).hostname,
            "repository": repository_name(entry["pr_url"]),
            "number": int(re.findall(r"\d+", entry["pr_url"])[-1]),
            "position": position,
        }
        for item in items
        for position, entry in enumerate(item["pull_requests"])
    ]
    return sorted(rows, key=lambda row: (row["session_id"], row["position"]))


def tags(items: Iterable[Item]) -> list[Row]:
    """The rows of `session_tags`, by session and tag."""
    pairs = {(bare(item["session_id"]), tag) for item in items for tag in item["tags"]}
    return [{"session_id": session_id, "tag": tag} for session_id, tag in sorted(pairs)]


def links(items: Iterable[Item]) -> list[Row]:
    """The rows of `session_links`, sorted by all their columns."""
    declared = set()
    for item in items:
        own = bare(item["session_id"])
        if item.get("parent_session_id"):
            declared.add((item["parent_session_id"], own, "child", own))
        for child in item.get("child_session_ids") or []:
            declared.add((own, child, "parent", own))
    names = ("parent_session_id", "child_session_id", "declared_by", "session_id")
    return [dict(zip(names, values, strict=True)) for values in sorted(declared)]


def snapshots(items: Iterable[Item]) -> list[Row]:
    """The newest row of `session_snapshots` of each session, by id, without `extracted_at`."""
    rows = [
        {
            "session_id": bare(item["session_id"]),
            "updated_at": moment(item["updated_at"]),
            "org_id": item["org_id"],
            "status": item["status"],
            "status_detail": item.get("status_detail"),
            "acus_consumed": float(item["acus_consumed"]),
            "pull_request_count": len(item["pull_requests"]),
            "merged_pull_request_count": _in_state(item, "merged"),
            "closed_pull_request_count": _in_state(item, "closed"),
        }
        for item in items
    ]
    return sorted(rows, key=lambda row: row["session_id"])


def _in_state(item: Item, state: str) -> int:
    return sum((entry["pr_state"] or "").lower() == state for entry in item["pull_requests"])
