"""The smallest pieces of a story: what changes about a session, and when."""

from typing import Any, NamedTuple


class Moment(NamedTuple):
    """A change of one session.

    Attributes:
        at: When it happens, in epoch seconds.
        fields: The new values by field name; each replaces the old value whole.
        bumps: Whether `updated_at` moves along. Some news of a code host leaves it alone.
    """

    at: int
    fields: dict[str, Any]
    bumps: bool = True
