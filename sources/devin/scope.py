"""What a scope remembers between runs, as dlt keeps it with the data."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeVar

from .coverage import Coverage

V = TypeVar("V")

MOST_REMEMBERED = 1_000
"""Versions that are kept at most: more rows than this in one overlap are loaded again."""


class Version(NamedTuple):
    """An item as it was loaded: when it last changed, and the fingerprint of its content."""

    updated_at: int
    fingerprint: str


@dataclass(frozen=True)
class Scope:
    """One listing's memory.

    Attributes:
        coverage: What is loaded as of when.
        recent: The versions that are loaded of the items that the overlap will bring again, by
            session id or item hash, so that they are recognised when they come back unchanged.
        rejected: When each rejected item was first seen, epoch seconds by its hash.
    """

    coverage: Coverage = field(default_factory=Coverage)
    recent: dict[str, Version] = field(default_factory=dict)
    rejected: dict[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, state: dict[str, Any] | None) -> "Scope":
        """The memory that `to_state` wrote; an empty one for None."""
        if not state:
            return cls()
        return cls(
            Coverage.of(state["coverage"]),
            {name: Version(*version) for name, version in state["recent"].items()},
            dict(state["rejected"]),
        )

    def to_state(self) -> dict[str, Any]:
        """The memory as JSON can hold it, the newest entries where there are too many."""
        return {
            "coverage": self.coverage.to_state(),
            "recent": {
                name: list(version)
                for name, version in _newest(self.recent, lambda version: version.updated_at)
            },
            "rejected": dict(_newest(self.rejected, lambda first_seen_at: first_seen_at)),
        }


def _newest(entries: dict[str, V], moment: Callable[[V], int]) -> list[tuple[str, V]]:
    newest = sorted(entries.items(), key=lambda entry: (-moment(entry[1]), entry[0]))
    return newest[:MOST_REMEMBERED]
