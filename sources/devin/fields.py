"""One field of an item, as what it is meant to be, or None: for items that may say anything."""

import math
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any, Protocol

from .rows import MICROSECONDS, Row

__all__ = ["MICROSECONDS", "Item", "Make", "Odd", "Row"]

_LATEST = 100_000_000_000
"""Epoch seconds that nothing happens at: a larger number is in milliseconds."""

Item = dict[str, Any]


class Odd(ValueError):
    """An item that makes no row; the text says why."""


class Make(Protocol):
    """Makes a row of an item."""

    def __call__(self, item: Item, seen_at: int) -> Row:
        """The row.

        Args:
            item: The item.
            seen_at: When it was asked for, in epoch seconds.

        Raises:
            Odd: It cannot be one.
        """


def rows_of(items: Iterable[Item], make: Make, seen_at: int) -> Iterator[Row | Odd]:
    """The rows that items make, and the reasons of those that make none."""
    for item in items:
        try:
            yield make(item, seen_at)
        except Odd as odd:
            yield odd


def text(item: Item, name: str) -> str | None:
    """A text, fit for every destination; a number as its text."""
    value = item.get(name)
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    return str(value).replace("\x00", "\ufffd") or None


def needed(item: Item, name: str) -> str:
    """A text without which there is no row.

    Raises:
        Odd: There is none.
    """
    value = text(item, name)
    if value is None:
        raise Odd(f"it has no {name}")
    return value


def number(item: Item, name: str) -> float | None:
    """A number, also one that comes as text."""
    return as_number(item.get(name))


def as_number(value: Any) -> float | None:
    """A value as a number, also one that comes as text; None where it is none."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    try:
        found = float(value)
    except (ValueError, OverflowError):
        return None
    return found if math.isfinite(found) else None


def count(item: Item, name: str) -> int | None:
    """A whole number."""
    found = number(item, name)
    return int(found) if found is not None and found.is_integer() else None


def epoch(item: Item, name: str) -> int | None:
    """A moment as epoch seconds, given so or in ISO 8601."""
    value = item.get(name)
    if isinstance(value, str) and as_number(value) is None:
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            return None
        return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())
    found = as_number(value)
    return int(found) if found is not None and 0 <= found < _LATEST else None


def moment(item: Item, name: str) -> int | None:
    """A moment, as rows hold it: in microseconds."""
    found = epoch(item, name)
    return None if found is None else found * MICROSECONDS


def needed_moment(item: Item, name: str) -> int:
    """A moment without which there is no row, as rows hold it.

    Raises:
        Odd: There is none.
    """
    found = moment(item, name)
    if found is None:
        raise Odd(f"its {name} is no moment: {item.get(name)!r}"[:200])
    return found


def part(item: Item, name: str) -> Item:
    """An object within the item; an empty one where it is none."""
    value = item.get(name)
    return value if isinstance(value, dict) else {}
