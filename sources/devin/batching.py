"""Sessions on their way into a load package: made into rows a few at a time, handed on many."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from .gathering import Gathering, Observed, PutOff
from .session import Session

if TYPE_CHECKING:
    import pyarrow as pa

Batch = dict[str, "pa.Table"]
"""Rows by table name."""

CHUNK = 2_000
"""Sessions that are held as such: rows take a third of the memory, and make no garbage."""


class Batching:
    """Gathers the sessions of a scope for one load package.

    Args:
        to_rows: Makes rows of sessions.

    Attributes:
        size: About how many bytes of answers the next batch was.
        put_off: Copies of sessions that have to be asked for again; see `Gathering`.
    """

    def __init__(self, to_rows: Callable[[Observed], Batch]) -> None:
        self._to_rows = to_rows
        self._gathering = Gathering()
        self._made: list[Batch] = []
        self._in_rows = 0
        self.size = 0
        self.put_off: list[PutOff] = []

    def __len__(self) -> int:
        """How many sessions wait for the next batch."""
        return len(self._gathering) + self._in_rows

    def add(self, sessions: Sequence[Session], seen_at: int, size: int) -> None:
        """Take in the sessions of a page of so many bytes."""
        self.put_off += self._gathering.add(sessions, seen_at)
        self.size += size
        if len(self._gathering) >= CHUNK:
            self._make_rows()

    def batch(self) -> Batch:
        """All that waits."""
        if self._gathering:
            self._make_rows()
        made, self._made, self._in_rows, self.size = self._made, [], 0, 0
        if len(made) == 1:
            return made[0]
        import pyarrow as pa

        return {name: pa.concat_tables([rows[name] for rows in made]) for name in made[0]}

    def _make_rows(self) -> None:
        sessions = self._gathering.cut()
        self._in_rows += len(sessions.sessions)
        self._made.append(self._to_rows(sessions))
