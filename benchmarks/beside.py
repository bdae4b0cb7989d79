"""A server in a process of its own, so that what is measured shares neither memory nor the GIL.

It says once where it serves, and then answers questions: a function that is sent to it runs beside
the server, and what that gives comes back.
"""

import multiprocessing
from collections.abc import Callable
from typing import Any, Generic, Self, TypeVar

S = TypeVar("S")
T = TypeVar("T")

_PATIENCE = 10.0  # seconds that the process gets to end in


class Beside(Generic[S]):
    """A process that serves for as long as a `with` block lasts.

    Args:
        serve: What the process does with its end of the pipe: it sends the address, then answers
            questions until the other end is closed; a function that can be pickled.
        given: What else that is called with.

    Attributes:
        base_url: Where it serves.
    """

    def __init__(self, serve: Callable[..., None], *given: Any) -> None:
        spawning = multiprocessing.get_context("spawn")
        self._ours, self._theirs = spawning.Pipe()
        self._process = spawning.Process(target=serve, args=(self._theirs, *given), daemon=True)
        self.base_url = ""

    def __enter__(self) -> Self:
        self._process.start()
        self._theirs.close()  # an end of the process is then an end of the pipe
        self.base_url = self._ours.recv()
        return self

    def __exit__(self, *_: object) -> None:
        self._ours.close()
        self._process.join(_PATIENCE)
        self._process.kill()
        self._process.join()

    def ask(self, question: Callable[[S], T]) -> T:
        """What a function makes of the server; both have to be picklable."""
        self._ours.send(question)
        answer: T = self._ours.recv()
        return answer
