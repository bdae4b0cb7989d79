"""Sessions on their way into a load package: made into rows a few at a time, handed on many."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa

    from .rows import Columns

Batch = dict[str, "pa.Table"]
"""Rows by table name."""

CHUNK = 2_000
"""Sessions that are held as such: rows take a third of the memory, and make no garbage."""


class Batching:
    """Gathers what the sessions of a scope make.

    Attributes:
        size: About how many bytes of answers the next batch was.
    """

    def __init__(self) -> None:
        self._held: list[Columns] = []
        self._held_sessions = 0
        self._made: list[Batch] = []
        self._sessions = 0
        self.size = 0

    def __len__(self) -> int:
        """How many sessions wait for the next batch."""
        return self._sessions

    def add(self, columns: "Columns", size: int) -> None:
        """Take in what the sessions of a page make that has so many bytes."""
        self.size += size
        self._sessions += len(columns)
        self._held_sessions += len(columns)
        self._held.append(columns)
        if self._held_sessions >= CHUNK:
            self._make_rows()

    def batch(self) -> Batch:
        """All that waits, which is something."""
        if self._held:
            self._make_rows()
        made, self._made, self._sessions, self.size = self._made, [], 0, 0
        if len(made) == 1:
            return made[0]
        import pyarrow as pa

        return {name: pa.concat_tables([rows[name] for rows in made]) for name in made[0]}

    def _make_rows(self) -> None:
        from .rows import tables

        self._made.append(tables(self._held))
        self._held, self._held_sessions = [], 0
