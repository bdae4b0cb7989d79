"""Many slices side by side: threads that walk, and the one that takes what they bring.

Every walker takes what waits. One that finds that others have nothing to do gives them some of
what it has left, if it has the most of all or nearly so; that balances whatever the sessions'
density in time. What the walkers bring waits in a queue of bounded length for whoever loads it.

Where answers come sooner than they are read, whoever takes what is brought walks by himself, as
long as they do.
"""

import math
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from threading import Condition, RLock, Thread
from typing import Generic, NamedTuple, Protocol, TypeVar

from .answers import Answers
from .coverage import Slice
from .walk import Portion, Share

PORTIONS_A_WALKER = 1
"""Pages that may wait to be loaded, for each walker."""

_GIVES = 0.5  # of what the walker with the most left has, what another needs to give some away
_A_LOOK = 0.5  # seconds between two looks whether the run goes on
_PATIENCE = 2.0  # seconds that all walkers together get to end in


class Rereads(NamedTuple):
    """Sessions to be asked for by name."""

    session_ids: tuple[str, ...]


Work = Slice | Rereads


class Reader(Protocol):
    """What a walker has to know of a scope."""

    def read(self, work: Work, share: Share) -> Iterator[Portion]:
        """Do some work, page by page; called in a walker's thread."""


S = TypeVar("S", bound=Reader)


class Read(NamedTuple, Generic[S]):
    """A page came in."""

    scope: S
    work: Work
    portion: Portion


class Ended(NamedTuple, Generic[S]):
    """Some work is over.

    Attributes:
        scope: The scope it was for.
        left: What is not done of it; None if all is.
        error: Why it failed; None if it did not.
    """

    scope: S
    left: Work | None
    error: BaseException | None


def _is_page(step: object) -> bool:
    """An end takes no time, be the answers ever so late."""
    return not isinstance(step, Ended)


@dataclass(eq=False)
class _Task(Generic[S]):
    scope: S
    work: Work
    sessions: int = 0
    left: Work | None = None
    portions: Iterator[Portion] | None = None


class _Closed(Exception):
    """Nobody takes anything any more."""


class Walkers(Generic[S]):
    """A pool of walkers.

    Args:
        most: Walkers at most; they start as there is work for them.
        page_size: Sessions a page: what is left is shared among as many as it has pages at most.
        largest: Sessions that a walk may bring at most which cannot be stopped before its end, so
            that a load package does not become too large; None for any number.
        look: Called now and then by whoever waits for news; may raise to end the run.
        stop: Called where the run ends in the middle, to wake whoever waits to ask.
        answers: How soon they come, where whoever takes the news may walk; he looks once a page.

    Attributes:
        ending: Whether it winds down: nothing new is begun.
    """

    def __init__(  # noqa: PLR0913 - only two are not optional
        self,
        most: int,
        page_size: int,
        *,
        largest: int | None = None,
        look: Callable[[], None] = lambda: None,
        stop: Callable[[], None] = lambda: None,
        answers: Answers | None = None,
    ) -> None:
        self._most = most
        self._answers = answers
        self._page_size = page_size
        self._largest = largest or math.inf
        self._look = look
        self._stop = stop
        # One lock, but whoever waits is woken only for what he waits for: that is at each page.
        self._lock = RLock()
        self._work_came = Condition(self._lock)
        self._news_came = Condition(self._lock)
        self._room_came = Condition(self._lock)
        self._threads: list[Thread] = []
        self._waiting: deque[_Task[S]] = deque()
        self._running: set[_Task[S]] = set()
        self._news: deque[Read[S] | Ended[S]] = deque()
        self._stopping: set[S] = set()
        self._closed = False
        self.ending = False

    def __enter__(self) -> "Walkers[S]":
        return self

    def __exit__(self, *_: object) -> None:
        """Send the walkers home; one that waits for an answer ends when it comes."""
        with self._lock:
            self._closed = True
            if self._running:
                self._stop()
            self._work_came.notify_all()
            self._room_came.notify_all()
        over = time.monotonic() + _PATIENCE
        for thread in self._threads:
            thread.join(max(0.0, over - time.monotonic()))

    def give(self, scope: S, work: Sequence[Work]) -> None:
        """Let it be done."""
        with self._lock:
            self._stopping.discard(scope)
            self._add(_Task(scope, part) for part in work)

    def news(self) -> Iterator[Read[S] | Ended[S]]:
        """What happens, in order, until all work is over; the only way to take it.

        More may be given meanwhile.
        """
        if self._answers:
            yield from self._walk_here()
        while (news := self._next_news()) is not None:
            yield news

    def stop(self, scope: S) -> None:
        """End what is under way of a scope, as `wind_down` does of all, until more is given."""
        with self._lock:
            self._stopping.add(scope)
        self.drop(scope)

    def drop(self, scope: S | None = None) -> None:
        """Let nobody begin what waits, of one scope or of all."""
        with self._lock:
            for task in [task for task in self._waiting if scope in (None, task.scope)]:
                self._waiting.remove(task)
                self._news.append(Ended(task.scope, task.work, None))
            self._news_came.notify()

    def busy(self, scope: S) -> bool:
        """Whether anything of a scope is under way, or is news not taken yet."""
        with self._lock:
            return any(
                item.scope is scope for item in (*self._waiting, *self._running, *self._news)
            )

    def wind_down(self) -> None:
        """End as soon as nothing is lost by it: walks that can stop where they are do."""
        self.ending = True
        self.drop()

    def _add(self, tasks: Iterator[_Task[S]]) -> None:
        self._waiting.extend(tasks)
        if not self._alone():
            self._start()

    def _start(self) -> None:
        while len(self._threads) < min(self._most, len(self._running) + len(self._waiting)):
            name = f"devin-walker-{len(self._threads) + 1}"
            # Daemons, so that an answer that never comes does not keep the process alive.
            thread = Thread(target=self._walk, name=name, daemon=True)
            thread.start()
            self._threads.append(thread)
        self._work_came.notify_all()

    def _alone(self) -> bool:
        """Whether there are to be no threads; once there are, they stay."""
        return self._answers is not None and self._answers.come_soon and not self._threads

    def _walk_here(self) -> Iterator[Read[S] | Ended[S]]:
        """What happens as long as nobody else walks; the rest is left to the threads."""
        while self._alone() and (self._news or self._waiting):
            if self._news:
                yield self._news.popleft()
                continue
            task = self._begin()
            while not isinstance(step := self._timed_step(task), Ended):
                yield Read(task.scope, task.work, step)
                self._look()
                if not self._alone():
                    self._running.discard(task)
                    self._waiting.appendleft(task)
                    break
            else:
                self._running.discard(task)
                yield step
        with self._lock:
            self._start()

    def _next_news(self) -> Read[S] | Ended[S] | None:
        while True:
            self._look()
            with self._lock:
                if not self._news and (self._waiting or self._running):
                    self._news_came.wait(_A_LOOK)
                if self._news:
                    self._room_came.notify()
                    return self._news.popleft()
                if not self._waiting and not self._running:
                    return None

    def _walk(self) -> None:
        while (task := self._next_task()) is not None:
            try:
                while not isinstance(step := self._timed_step(task), Ended):
                    self._tell(Read(task.scope, task.work, step))
            except _Closed:
                return
            with self._lock:
                self._running.discard(task)
                self._news.append(step)
                self._news_came.notify()

    def _timed_step(self, task: _Task[S]) -> Portion | Ended[S]:
        step = partial(self._step, task)
        return self._answers.timed(step, _is_page) if self._answers else step()

    def _step(self, task: _Task[S]) -> Portion | Ended[S]:
        """The next page of a task, or how it ended."""
        try:
            if task.portions is None:
                task.portions = task.scope.read(task.work, partial(self._share, task))
            portion = next(task.portions, None)
        except BaseException as failure:  # raised again where the news is taken
            return Ended(task.scope, task.work, failure)
        return portion or Ended(task.scope, task.left, None)

    def _next_task(self) -> _Task[S] | None:
        with self._lock:
            while not self._waiting and not self._closed:
                self._work_came.wait()
            if self._closed:
                return None
            return self._begin()

    def _begin(self) -> _Task[S]:
        task = self._waiting.popleft()
        self._running.add(task)
        return task

    def _tell(self, read: Read[S]) -> None:
        with self._lock:
            while len(self._news) >= PORTIONS_A_WALKER * self._most and not self._closed:
                self._room_came.wait()
            if self._closed:
                raise _Closed
            self._news.append(read)
            self._news_came.notify()

    def _share(self, task: _Task[S], left: Slice, sessions: int, *, free: bool) -> Slice | None:
        with self._lock:
            task.work, task.sessions = left, sessions
            if self.ending or task.scope in self._stopping:
                if not free:
                    return left
                task.left = left
                return None
            least = 1 if free else math.ceil(sessions / self._largest)
            kept, *given = left.split(max(self._parts(task), least))
            task.work, task.sessions = kept, sessions // (1 + len(given))
            self._add(_Task(task.scope, part) for part in given)
            return kept

    def _parts(self, task: _Task[S]) -> int:
        """Among how many walkers to share what a task has left."""
        if self._alone():
            return 1
        hungry = self._most - len(self._running) - len(self._waiting)
        most_left = max(other.sessions for other in self._running)
        if hungry <= 0 or task.sessions < _GIVES * most_left:
            return 1
        return min(1 + hungry, max(1, math.ceil(task.sessions / self._page_size)))
