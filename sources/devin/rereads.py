"""Which sessions with open pull requests are read again, though nothing says that they changed.

A pull request may be merged long after its session went quiet, and the API may not move the
session's `updated_at` then. Nothing here does any I/O, and nothing is remembered: what is due
follows from the session's id and the time alone.

All times are epoch seconds by the API's clock.
"""

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple, TypeVar
from zlib import crc32

from .session import Session

T = TypeVar("T")

DAY = 86_400
BATCH_SIZE = 50
_GROWTH = math.log(1 + 1 / 24)


class OpenSession(NamedTuple):
    """A session with at least one open pull request, as the destination holds it.

    Attributes:
        session_id: The session.
        updated_at: When it last changed.
        pull_requests: The states of all its pull requests, in lower case, by address.
    """

    session_id: str
    updated_at: int
    pull_requests: dict[str, str | None]


def due(session_id: str, quiet_since: int, before: int, now: int) -> bool:
    """Whether a session is to be read again.

    It is in every look while it has been quiet for less than a day. From then on it has due
    moments, each a 24th later in its quiet time than the one before: about every 7 h after a
    week, every 30 h after a month. Each is met by exactly one look, however the looks are placed.

    Args:
        session_id: The session; it shifts the due moments, so that not all fall together.
        quiet_since: When the session last changed.
        before: When the look before this one was.
        now: When this look is.
    """
    if now - quiet_since < DAY:
        return True
    shift = crc32(session_id.encode()) / 2**32
    return _moments(now - quiet_since, shift) > _moments(before - quiet_since, shift)


def _moments(age: int, shift: float) -> int:
    """How many due moments there are up to this age; one when the age grows by a 24th."""
    return math.floor(math.log(max(age, 1)) / _GROWTH + shift)


def batches(items: Sequence[T], size: int = BATCH_SIZE) -> Iterator[Sequence[T]]:
    """The items in their order, `size` at a time; the last batch may be smaller."""
    return (items[start : start + size] for start in range(0, len(items), size))


def unchanged(held: OpenSession, arriving: Session) -> bool:
    """Whether a session came again with the time of change and pull requests that are held."""
    states = {
        entry.pr_url: (entry.pr_state or "").lower() or None for entry in arriving.pull_requests
    }
    return (held.updated_at, held.pull_requests) == (arriving.updated_at, states)
