"""Amounts in words."""

_SPANS = ((86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second"))


def count(number: int, noun: str) -> str:
    """A number of things: `1 session`, `2 sessions`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def duration(seconds: float) -> str:
    """A stretch of time in its largest whole unit: `2 hours`."""
    size, unit = next((span for span in _SPANS if seconds >= span[0]), _SPANS[-1])
    return count(int(max(seconds, 0) // size), unit)
