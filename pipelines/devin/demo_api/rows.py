"""A session as the demo keeps it: the item of the API and the little that items do not show."""

from typing import Any

import orjson

PREFIX = "devin-"


def bare(session_id: str) -> str:
    """The id without the prefix that some places put in front of it."""
    return session_id.removeprefix(PREFIX)


def app_url(session_id: str) -> str:
    """Where people open a session."""
    return f"https://app.devin.ai/sessions/{session_id}"


class Row:
    """One session.

    Args:
        item: What the API shows.
        schedule_id: The schedule that started it, which the API filters by but does not show.
    """

    __slots__ = ("_body", "id", "item", "org_id", "schedule_id")

    def __init__(self, item: dict[str, Any], schedule_id: str | None = None) -> None:
        self.item = item
        self.id = bare(item["session_id"])
        self.org_id: str = item["org_id"]
        self.schedule_id = schedule_id
        self._body: bytes | None = None

    @property
    def body(self) -> bytes:
        """The item as JSON, made once per change."""
        if self._body is None:
            # A copy of the right size: orjson's own bytes sit in a larger block, and keeping many
            # of those costs ten times as much as making them.
            self._body = bytes(memoryview(orjson.dumps(self.item)))
        return self._body

    def change(self, fields: dict[str, Any]) -> None:
        """Replace fields of the item."""
        self.item.update(fields)
        self._body = None
