"""What a scope remembers between runs, as dlt keeps it with the data."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple, TypeVar

from .coverage import Coverage, Slice, Span

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
        backfills: Spans of `created_at` that were to be read again whatever is loaded, and are
            not yet: their holes in the coverage are what is missing of them.
        rescanned_at: When the last rescan began, by the API's clock; None before the first.
        reread_at: Until when sessions with open pull requests were looked after; None if never.
        in_order: Whether the order of the listing may be relied on: not once it was broken.
    """

    coverage: Coverage = field(default_factory=Coverage)
    recent: dict[str, Version] = field(default_factory=dict)
    rejected: dict[str, int] = field(default_factory=dict)
    backfills: tuple[Span, ...] = ()
    rescanned_at: int | None = None
    reread_at: int | None = None
    in_order: bool = True

    @classmethod
    def of(cls, state: dict[str, Any] | None) -> "Scope":
        """The memory that `to_state` wrote; an empty one for None."""
        if not state:
            return cls()
        return cls(
            Coverage.of(state["coverage"]),
            {name: Version(*version) for name, version in state["recent"].items()},
            dict(state["rejected"]),
            tuple(Span(*span) for span in state.get("backfills", ())),
            state.get("rescanned_at"),
            state.get("reread_at"),
            state.get("in_order", True),
        )

    def asked_again(self, span: Span) -> "Scope":
        """The memory when all of a span is to be read again.

        What an interrupted backfill has read of it already stays read.
        """
        again = Coverage().raised(*span, 0)
        for begun in self.backfills:
            again = again.clear(*begun)
        coverage = self.coverage
        for segment in again.segments:
            coverage = coverage.clear(segment.created_from, segment.created_to)
        asked = Coverage().raised(*span, 0)
        for begun in self.backfills:
            asked = asked.raised(*begun, 0)
        spans = tuple(Span(*segment[:2]) for segment in asked.segments)
        return replace(self, coverage=coverage, backfills=spans)

    def missing(self) -> list[Slice]:
        """What interrupted backfills still have to read."""
        return [hole for span in self.backfills for hole in self.coverage.holes(*span)]

    def settled(self, now: int) -> "Scope":
        """The memory without the backfills that are complete up to now."""
        cut = [Span(begin, min(end, now)) for begin, end in self.backfills]
        return replace(self, backfills=tuple(s for s in cut if self.coverage.holes(*s)))

    def to_state(self) -> dict[str, Any]:
        """The memory as JSON can hold it, the newest entries where there are too many."""
        return {
            "coverage": self.coverage.to_state(),
            "recent": {
                name: list(version)
                for name, version in _newest(self.recent, lambda version: version.updated_at)
            },
            "rejected": dict(_newest(self.rejected, lambda first_seen_at: first_seen_at)),
            "backfills": [list(span) for span in self.backfills],
            "rescanned_at": self.rescanned_at,
            "reread_at": self.reread_at,
            "in_order": self.in_order,
        }


def _newest(entries: dict[str, V], moment: Callable[[V], int]) -> list[tuple[str, V]]:
    newest = sorted(entries.items(), key=lambda entry: (-moment(entry[1]), entry[0]))
    return newest[:MOST_REMEMBERED]
