"""Which sessions are gone: the destination holds them, and the API no longer lists them.

The listing names no deleted session, so only a complete reading of a span can tell. Nothing here
does any I/O.
"""

from collections.abc import Callable, Sequence, Set
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from .errors import SpanShrank

if TYPE_CHECKING:
    import pyarrow as pa

MOST_DELETED = 0.05
"""Share of the sessions in a span that may be gone at once before that is doubted."""


@dataclass(frozen=True)
class Deletions:
    """What a complete reading of spans tells of the sessions that are held in them.

    Attributes:
        spans: The spans of `created_at`, half open, in epoch seconds; at least one.
        held: Ids of the sessions that the destination holds there, and that are not marked yet.
        came: Whether a session came, be it in a rejected item that names it.
        nameless: How many rejected items came that do not.
        around: How many sessions are held in all of what is read again, of which the spans are a
            part; 0 if they are all of it.
        before: How many of these are gone in parts that were read before.
    """

    spans: Sequence[tuple[int, int]]
    held: Set[str]
    came: Callable[[str], bool]
    nameless: int = 0
    around: int = 0
    before: int = 0

    def gone(self, most_deleted: float = MOST_DELETED) -> set[str]:
        """Ids of the sessions to mark as deleted.

        None where an item came without an id: each missing session may be that one.

        Args:
            most_deleted: The largest share of what is held that may be gone; one session may
                be in any case.

        Raises:
            SpanShrank: More are gone.
        """
        if self.nameless:
            return set()
        missing = {session_id for session_id in self.held if not self.came(session_id)}
        in_all = max(self.around + self.before, len(self.held))
        if len(missing) + self.before > max(1, most_deleted * in_all):
            begin, end = min(self.spans)[0], max(end for _, end in self.spans)
            raise SpanShrank(
                f"of {len(self.held)} loaded sessions created from {_iso(begin)} to {_iso(end)} "
                f"only {len(self.held) - len(missing)} came back"
            )
        return missing


def marked(rows: "pa.Table", observed_at: int) -> "pa.Table":
    """Rows of `sessions` as they are loaded to mark them as deleted; nothing else changes.

    Args:
        rows: The rows as the destination holds them.
        observed_at: When the API was asked, epoch seconds by its clock.
    """
    import pyarrow as pa

    from .rows import MICROSECONDS

    place = rows.schema.get_field_index("deleted_at")
    field = rows.schema.field(place)
    moments = pa.array([observed_at * MICROSECONDS] * rows.num_rows, field.type)
    return rows.set_column(place, field, moments)


def _iso(epoch: int) -> str:
    return datetime.fromtimestamp(epoch, UTC).isoformat().replace("+00:00", "Z")
