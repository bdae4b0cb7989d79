"""What was worked out from the sessions of a world, for as long as none of them changes."""

from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

from .world import World

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Remembered(Generic[K, V]):
    """Answers by question, each worked out once per state of the world.

    Args:
        world: What the answers depend on; its lock is held while one is asked for.
        work_out: Finds an answer.
    """

    def __init__(self, world: World, work_out: Callable[[K], V]) -> None:
        self._world = world
        self._work_out = work_out
        self._version = -1
        self._answers: dict[K, V] = {}

    def __getitem__(self, question: K) -> V:
        if self._version != self._world.version:
            self._answers.clear()
            self._version = self._world.version
        if question not in self._answers:
            self._answers[question] = self._work_out(question)
        return self._answers[question]
