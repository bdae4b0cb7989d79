"""Spans of time as the endpoints that count and add up are asked for them."""

from pydantic import BaseModel


class Window(BaseModel):
    """A half-open span in epoch seconds; a bound that is None lets everything pass."""

    time_after: int | None = None
    time_before: int | None = None

    def holds(self, at: int) -> bool:
        """Whether a moment lies in it."""
        after = self.time_after is None or at >= self.time_after
        return after and (self.time_before is None or at < self.time_before)
