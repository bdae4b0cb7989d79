"""Which sessions a query lets pass."""

from collections.abc import Callable
from typing import Any

from .hosts import repository_name
from .query import Filters
from .rows import Row


def matcher(filters: Filters) -> Callable[[Row], bool]:
    """A test that a session passes if it passes each filter that is set."""
    active = [
        (test, value)
        for name, test in _TESTS.items()
        if (value := getattr(filters, name)) is not None
    ]
    return lambda row: all(test(row, value) for test, value in active)


def _has_tag(row: Row, tags: frozenset[str]) -> bool:
    return not tags.isdisjoint(row.item["tags"])


def _has_repository(row: Row, names: frozenset[str]) -> bool:
    return any(repository_name(pull["pr_url"]) in names for pull in row.item["pull_requests"])


_TESTS: dict[str, Callable[[Row, Any], bool]] = {
    "created_after": lambda row, bound: row.item["created_at"] >= bound,
    "created_before": lambda row, bound: row.item["created_at"] < bound,
    "updated_after": lambda row, bound: row.item["updated_at"] >= bound,
    "updated_before": lambda row, bound: row.item["updated_at"] < bound,
    "tags": _has_tag,
    "origins": lambda row, origins: row.item.get("origin") in origins,
    "category": lambda row, category: row.item.get("category") == category,
    "playbook_id": lambda row, playbook: row.item.get("playbook_id") == playbook,
    "schedule_id": lambda row, schedule: row.schedule_id == schedule,
    "user_ids": lambda row, users: row.item.get("user_id") in users,
    "service_user_ids": lambda row, users: row.item.get("service_user_id") in users,
    "repo_names": _has_repository,
    "is_archived": lambda row, archived: row.item.get("is_archived", False) == archived,
    "session_ids": lambda row, ids: row.id in ids,
}
