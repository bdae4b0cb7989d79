"""Sessions on their way into a load package: they come a page at a time, and go on many."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa

    from .columns import Columns

Batch = dict[str, "pa.Table"]
"""Rows by table name."""


class Batching:
    """Gathers what the sessions of a scope make.

    Attributes:
        size: About how many bytes of answers the next batch was.
    """

    def __init__(self) -> None:
        self._held: list[Columns] = []
        self._sessions = 0
        self.size = 0

    def __len__(self) -> int:
        """How many sessions wait for the next batch."""
        return self._sessions

    def add(self, columns: "Columns", size: int) -> None:
        """Take in what the sessions of a page make that has so many bytes."""
        self._held.append(columns)
        self._sessions += len(columns)
        self.size += size

    def batch(self) -> Batch:
        """All that waits, which is something."""
        from .shredding import tables

        held, self._held, self._sessions, self.size = self._held, [], 0, 0
        return tables(held)
