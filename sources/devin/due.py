"""Which tables beside the sessions are to be read now; decided without asking anybody."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from .tables import Table
from .usage_tables import ENDPOINT_READS, INSIGHTS, USAGE_TABLES

READ_AT = "read_at"
"""What a table remembers: when it was last read, by this machine's clock."""

_EARLY = 0.05
"""The share of the time between two readings by which one may come sooner: a schedule with that
very interval is never quite on time, and is not to leave every other one out."""


class Due(NamedTuple):
    """How often they are read.

    Attributes:
        every: Seconds between two readings; 0 for never.
        insights: Whether insights are read at all.
    """

    every: float
    insights: bool

    def tables(self, memory: Callable[[str], Mapping[str, Any]], now: float) -> tuple[Table, ...]:
        """What is to be read now.

        Args:
            memory: What a table remembers, by its name.
            now: Epoch seconds, by this machine's clock.
        """
        if not self.every:
            return ()
        read = [table for table in USAGE_TABLES if table is not ENDPOINT_READS]
        return tuple(
            table
            for table in read
            if (self.insights or table is not INSIGHTS)
            and self._is_over(memory(table.name).get(READ_AT), now)
        )

    def _is_over(self, read_at: float | None, now: float) -> bool:
        early = self.every * _EARLY
        return read_at is None or now - read_at >= self.every - early or read_at > now + early
