"""A backfill: which range it is for, and what of it is to be read."""

from dataclasses import dataclass
from typing import Any

import dlt

from sources.devin import devin
from sources.devin.coverage import Slice, Span
from sources.devin.errors import ConfigurationError
from sources.devin.ranges import Range, last, read_range
from sources.devin.retry import wall_clock
from sources.devin.scope import Scope

from .warehouse import scopes_of, stored_state


@dataclass(frozen=True)
class Planned:
    """What a backfill would read of one scope.

    Attributes:
        scope: Its name.
        slices: Spans of `created_at`; only what is missing, where such a backfill was interrupted.
    """

    scope: str
    slices: list[Slice]

    def as_json(self) -> dict[str, Any]:
        """The plan as JSON can hold it."""
        spans = [Range(part.created_from, part.created_to or 0) for part in self.slices]
        return {"scope": self.scope, "slices": [str(span) for span in spans]}


def asked_range(begin: str | None, end: str | None, length: str | None, time_zone: str) -> Range:
    """The range that somebody asks for on the command line.

    Args:
        begin: Its begin, a date or an instant.
        end: Its end, not part of it.
        length: In place of these two: how long a range up to now.
        time_zone: Where days begin.

    Raises:
        ConfigurationError: It is not clear which range is meant, or it cannot be.
    """
    now = int(wall_clock())
    if length is not None and begin is None:
        return last(length, now=now)
    if length is None and begin is not None and end is not None:
        return read_range(begin, end, time_zone=time_zone, now=now)
    raise ConfigurationError(
        "it is not clear which range is meant",
        "Name its begin and its end, as in devin-elt backfill 2026-03-01 2026-04-01, or its "
        "length, as in devin-elt backfill --last 30d.",
    )


def planned(pipeline: dlt.Pipeline, span: Range, **options: Any) -> list[Planned]:
    """What a backfill would read; nothing is read, and nothing changes.

    Args:
        pipeline: The pipeline into the destination.
        span: The range.
        options: Arguments of `devin` that are not left to the configuration.

    Raises:
        Exception: Whatever dlt raises where the destination cannot be read.
    """
    memories = scopes_of(stored_state(pipeline))
    names = list(devin(**options).resources["scopes"])
    asked = [(name, Scope.of(memories.get(name)).asked_again(Span(*span))) for name in names]
    return [Planned(name, memory.coverage.holes(*span)) for name, memory in asked]
