"""Which sessions with open pull requests are read again, though nothing says that they changed.

A pull request may be merged long after its session went quiet, and the API may not move the
session's `updated_at` then. Nothing here does any I/O, and nothing is remembered: what is due
follows from the session's id and the time alone.

All times are epoch seconds by the API's clock.
"""

import math
from collections.abc import Iterator, Sequence
from hashlib import md5
from typing import NamedTuple, TypeVar

from .session import Session

T = TypeVar("T")

DAY = 86_400
BATCH_SIZE = 50
_GROWTH = math.log(1 + 1 / 24)
_NEARLY = 1e-6  # of a due moment: logarithms of two libraries differ by less


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


class Look(NamedTuple):
    """A look at the sessions with open pull requests.

    A session is in every look while it has been quiet for less than a day. From then on it has due
    moments, each a 24th later in its quiet time than the one before: about every 7 h after a
    week, every 30 h after a month. Each is met by exactly one look, however the looks are placed.

    Attributes:
        before: When the look before this one was.
        now: When this look is.
    """

    before: int
    now: int

    def reads(self, session_id: str, quiet_since: int) -> bool:
        """Whether a session is to be read again.

        Args:
            session_id: The session; it shifts the due moments, so that not all fall together.
            quiet_since: When the session last changed.
        """
        if self.now - quiet_since < DAY:
            return True
        shift = _shift(session_id)
        return _moments(self.now - quiet_since, shift) > _moments(self.before - quiet_since, shift)

    def in_duckdb(self) -> str:
        """A condition that each session keeps which is to be read, and hardly any other.

        It is of `held.session_id` and `held.quiet_since`, the latter in epoch seconds.
        """
        shift = f"('0x' || substr(md5(held.session_id), 1, 8))::BIGINT / {_SHIFTS}"
        before, now = (
            f"floor(ln(greatest({moment} - held.quiet_since, 1)) / {_GROWTH} + {shift} {nearly})"
            for moment, nearly in ((self.before, f"- {_NEARLY}"), (self.now, f"+ {_NEARLY}"))
        )
        return f"({self.now} - held.quiet_since < {DAY} OR {now} > {before})"


_SHIFTS = 2**32


def _shift(session_id: str) -> float:
    digest = md5(session_id.encode(), usedforsecurity=False).hexdigest()
    return int(digest[:8], 16) / _SHIFTS


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
