"""Seeded chance, so that the same seed always tells the same story."""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from itertools import accumulate
from random import Random
from typing import Generic, TypeVar

T = TypeVar("T")


class Weighted(Generic[T]):
    """Choices that are not equally likely.

    Args:
        weights: Each choice and its weight; the weights need not add up to anything.
    """

    def __init__(self, weights: Mapping[T, float]) -> None:
        self.choices = tuple(weights)
        self.bounds = tuple(accumulate(weights.values()))
        self.total = self.bounds[-1]


class Dice:
    """Random draws that depend on nothing but their seed.

    Args:
        seed: Parts of the seed. They are joined as text because `Random` hashes text with SHA-512,
            whereas the hash of a tuple changes with PYTHONHASHSEED.
    """

    def __init__(self, *seed: str | int) -> None:
        random = Random("/".join(map(str, seed)))  # noqa: S311 - a story needs no secrets
        self._roll = random.random
        self._bits = random.getrandbits

    def chance(self, odds: float) -> bool:
        """Whether something happens that happens `odds` (0..1) of the time."""
        return self._roll() < odds

    def pick(self, choices: Sequence[T]) -> T:
        """One of equally likely choices."""
        return choices[int(self._roll() * len(choices))]

    def favour(self, choices: Sequence[T]) -> T:
        """One of several choices, the early ones far more often than the late ones."""
        return choices[int(self._roll() ** 2 * len(choices))]

    def draw(self, choices: Weighted[T]) -> T:
        """One of unequally likely choices."""
        place = bisect_right(choices.bounds, self.upto(choices.total))
        return choices.choices[place]

    def upto(self, limit: float) -> float:
        """A number from 0 to below `limit`, all equally likely."""
        return self._roll() * limit

    def between(self, low: int, high: int) -> int:
        """A whole number from `low` to `high`, both included, all equally likely."""
        return low + int(self.upto(high - low + 1))

    def spread(self, low: float, high: float) -> float:
        """A number from `low` to `high` (both above 0) where small is as likely as large.

        Work, waiting and cost come like this: many short, a few very long.
        """
        return float(low * (high / low) ** self._roll())

    def seconds(self, low: float, high: float) -> int:
        """A delay of `spread`, in whole seconds."""
        return int(self.spread(low, high))

    def token(self, digits: int) -> str:
        """Lower-case hex text of that many digits."""
        return f"{self._bits(4 * digits):0{digits}x}"
