"""One cycle: every scope raised to now, in one load package or several."""

import contextlib
import logging
from collections.abc import Callable, Generator, Iterator, Mapping
from functools import partial
from threading import Timer
from typing import TYPE_CHECKING, Any, NamedTuple, Union

from . import errors
from .answers import Answers
from .attending import attended
from .batching import Batch
from .due import Due
from .held import Held
from .identity import explained
from .order import OrderBroken
from .packaging import Package
from .plan import Plan
from .raising import Raising
from .runs import Journal, Run, run_table
from .scope import Scope
from .spool import Spool, Spooled
from .tables import RUNS, TABLES
from .walkers import Ended, Read, Walkers

if TYPE_CHECKING:
    import pyarrow as pa

log = logging.getLogger("devin.cycle")

Memory = dict[str, Any]
"""What dlt stores with the data: `scopes`, the memory of each by name, and `recorded`, the last
entry of the journal that is loaded."""

Rows = Union["pa.Table", Spooled]
"""Rows of a table."""


class _Ahead(NamedTuple):
    """A package that was read before dlt asked for it.

    Attributes:
        spooled: Its rows, by table name.
        memory: What to remember with them.
    """

    spooled: dict[str, Spooled]
    memory: Memory


class Cycle:
    """One cycle of all scopes, over as many load packages as it takes.

    Args:
        whole: Whether everything has to fit into one package, and a failure of one scope fails
            all. Otherwise a package is complete every `commit_every` sessions, what failed is
            left out, and `failure` tells of it at the end.

    Attributes:
        finished: Whether there is no further package to come.
        due: How often the tables beside the sessions are to be read; None until it was told.
    """

    def __init__(self, *, whole: bool = False) -> None:
        self._whole = whole
        self._plan: Plan | None = None
        self._scopes: list[Raising] = []
        self._hopeless = False
        self._begun = False
        self._intended: Callable[[], Plan] | None = None
        self._ahead: _Ahead | None = None
        self._answers = Answers()
        self.finished = False
        self.due: Due | None = None

    @property
    def failure(self) -> errors.DevinError | None:
        """What to raise at the end; None if every scope is up to date."""
        failed = {s.listing.name: s.failure for s in self._scopes if s.failure}
        if not failed or len(self._scopes) == 1:
            return next(iter(failed.values()), None)
        ending = next((error for error in failed.values() if isinstance(error, _OF_ALL)), None)
        return ending or errors.ScopesFailed(failed, len(self._scopes))

    @property
    def _in_vain(self) -> bool:
        """Whether every scope failed before anything of it could be loaded."""
        return all(s.failure and not s.unsaved and not s.run.rows for s in self._scopes)

    def __enter__(self) -> "Cycle":
        return self

    def __exit__(self, *_: object) -> None:
        """Close the connections."""
        if self._plan:
            self._plan.client.close()

    def intend(self, plan: Callable[[], Plan], due: Due) -> None:
        """Take note of what is to be done, for `read_ahead` and for what comes after the cycle.

        Args:
            plan: As of `package`.
            due: How often the tables beside the sessions are to be read.
        """
        self._intended, self.due = plan, due

    def read_ahead(
        self,
        memory: Memory,
        journal: Journal,
        held: Held,
        spool: Spool,
        look: Callable[[], None] = lambda: None,
    ) -> bool:
        """Read what the next load package is to hold, before dlt asks for it.

        For whoever can then do without making one: dlt takes longer for a package that turns out
        to be empty than the question takes. And it may be done while the one before is loaded.

        Args:
            memory: What is remembered; it stays as it is.
            journal: Where cycles are kept that make no package.
            held: What the destination holds.
            spool: Where the rows are kept until `package` hands them on.
            look: Called now and then; may raise to end the run.

        Returns:
            Whether there is anything to load.

        Raises:
            DevinError: As of `package`.
        """
        if self._intended is None:
            raise RuntimeError("asked to read before it was told what to do")
        self._plan = plan = self._plan or self._intended()
        raised = dict(memory)

        self._answers.another_chance(plan.walkers)

        def read(go_on: Callable[[], None]) -> dict[str, Spooled]:
            walkers = partial(self._walkers, go_on, self._answers)
            batches = self._package(lambda: plan, raised, journal, held, walkers)
            with contextlib.closing(batches):
                for batch in batches:
                    spool.add(batch)
            return spool.close()

        with _importing(soon="scopes" not in memory):
            # It may walk by itself, and wait for an answer then, so another one looks meanwhile.
            spooled = attended(read, look, plan.client.stop)
        self._ahead = _Ahead(spooled, raised) if spooled else None
        return bool(spooled)

    def package(
        self,
        plan: Callable[[], Plan],
        memory: Memory,
        journal: Journal,
        held: Held,
        look: Callable[[], None] = lambda: None,
    ) -> Iterator[Mapping[str, Rows]]:
        """Read what the next load package is to hold.

        Where nothing new came, nothing is yielded and `memory` stays as it is, so no load package
        is made; the cycle is in the journal then, and loaded with the next one that brings
        something.

        Args:
            plan: What to do; called at the first package.
            memory: What is remembered; brought up to date at the very end, so that it is stored
                together with the rows or not at all.
            journal: Where cycles are kept that make no package.
            held: What the destination holds.
            look: Called now and then; may raise to end the run.

        Yields:
            Rows by table name, the record of the cycle in the last of them; everything at once
            where it was read ahead.

        Raises:
            DevinError: A scope could not be raised, and the cycle is a whole one, or no scope could
                be: nothing of it counts then.
        """
        if self._ahead is None:
            walkers = partial(self._walkers, look, None)
            yield from self._package(plan, memory, journal, held, walkers)
            return
        ahead, self._ahead = self._ahead, None
        yield ahead.spooled
        memory.update(ahead.memory)

    def _package(
        self,
        plan: Callable[[], Plan],
        memory: Memory,
        journal: Journal,
        held: Held,
        walkers_of: Callable[[Plan], Walkers[Raising]],
    ) -> Generator[Batch]:
        self._plan = todo = self._plan or plan()
        states = memory.get("scopes", {})
        self._scopes = self._scopes or _scopes(todo, journal)
        scopes = [scope for scope in self._scopes if not scope.finished]
        for scope in scopes:
            scope.begin(Scope.of(states.get(scope.listing.name)), held)
        with walkers_of(todo) as walkers:
            yield from self._read(todo, scopes, walkers)
        held.wait()
        journal.forget_through(memory.get("recorded"))
        for scope in scopes:
            yield from scope.last_batches()
        self.finished = self._hopeless or all(scope.finished for scope in self._scopes)
        yield from self._record(scopes, memory, journal)

    def _walkers(
        self, look: Callable[[], None], answers: Answers | None, plan: Plan
    ) -> Walkers[Raising]:
        page_size = plan.listings[0].page_size
        return Walkers(
            plan.walkers,
            page_size,
            largest=None if self._whole else max(plan.commit_every, _FEW_PAGES * page_size),
            look=look,
            stop=plan.client.stop,
            answers=answers,
        )

    def _read(
        self, plan: Plan, scopes: list[Raising], walkers: Walkers[Raising]
    ) -> Iterator[Batch]:
        given = {scope: scope.work() for scope in scopes}
        if plan.backfill and not (self._begun or self._whole):
            # What is asked for is stored before anything is read, so that it is not forgotten.
            self._begun = True
            for scope, work in given.items():
                scope.leave(*work)
            return
        for scope, work in given.items():
            walkers.give(scope, work)
        sessions, size, over = 0, 0, plan.clock() + plan.commit_after
        for news in walkers.news():
            if isinstance(news, Read):
                sessions += news.portion.came
                size += news.portion.size
                yield from news.scope.take(news.work, news.portion)
                self._tell(news)
                late = plan.clock() >= over
                if not self._whole and (late or self._complete(plan, sessions, size)):
                    walkers.wind_down()
            else:
                self._end(news, walkers)
            while self._full(plan, scopes):
                yield max(scopes, key=lambda scope: len(scope.intake.waiting)).intake.batch()
        for scope in scopes:
            if scope.intake.waiting:
                yield scope.intake.batch()

    @staticmethod
    def _full(plan: Plan, scopes: list[Raising]) -> bool:
        waiting = [scope.intake.waiting for scope in scopes if scope.intake.waiting]
        sessions = sum(map(len, waiting))
        size = sum(each.size for each in waiting)
        return sessions >= plan.batch_size or size >= plan.batch_bytes

    def _end(self, news: Ended[Raising], walkers: Walkers[Raising]) -> None:
        scope = news.scope
        if news.left is not None:
            scope.leave(news.left)
        if isinstance(news.error, OrderBroken):
            scope.doubt()
            walkers.stop(scope)
        elif isinstance(news.error, errors.DevinError):
            scope.failure = scope.failure or explained(news.error, scope.listing)
            if self._whole or isinstance(scope.failure, _OF_ALL):
                self._hopeless = True
                walkers.wind_down()
            walkers.stop(scope)
        elif news.error is not None:
            raise news.error
        if not walkers.ending and not walkers.busy(scope):
            walkers.give(scope, scope.work())

    def _record(self, scopes: list[Raising], memory: Memory, journal: Journal) -> Iterator[Batch]:
        runs = [scope.close_run() for scope in scopes]
        ended = [scope.run for scope in scopes if scope.finished]
        if self._whole and self.failure:
            journal.append(run for run in runs if run.outcome == "failed")
        elif any(scope.unsaved for scope in scopes):
            states = memory.get("scopes", {})
            waiting = journal.read()
            memory["recorded"] = waiting[-1].run_id if waiting else memory.get("recorded")
            memory["scopes"] = states | {
                scope.listing.name: scope.raised_memory().to_state() for scope in scopes
            }
            every_table = {} if states else _empty_tables()
            yield every_table | {RUNS.name: run_table([*waiting, *runs])}
        else:
            journal.append(ended)
        for run in ended:
            _announce(run)
        if self.failure and (self._whole or self._in_vain):
            raise self.failure

    def _complete(self, plan: Plan, sessions: int, size: int) -> bool:
        """Whether the package is, that has so many sessions, from so many bytes of answers."""
        expected, seen = self._progress()
        package = Package(sessions, size, expected - seen, late=not self._answers.come_soon)
        return package.complete(plan.commit_every, plan.commit_bytes)

    def _progress(self) -> tuple[int, int]:
        """How many sessions there are to read, as far as is known, and how many were."""
        expected = sum(scope.expected for scope in self._scopes)
        return expected, sum(scope.sessions_read for scope in self._scopes)

    def _tell(self, news: Read[Raising]) -> None:
        scope = news.scope
        expected, seen = self._progress()
        log.info(
            "%s: page %d, %d sessions",
            scope.listing.name,
            scope.run.pages,
            news.portion.came,
            extra={
                "event": "page",
                "scope": scope.listing.name,
                "pages": scope.run.pages,
                "sessions": news.portion.came,
                "done": min(1.0, seen / expected) if expected else None,
            },
        )


_FEW_PAGES = 20  # so many at least are walked in one go, however soon a package is to be complete

_OF_ALL = (errors.TokenRejected, errors.TryAgainLater)
"""Errors that one scope has no sooner than another."""


def _scopes(plan: Plan, journal: Journal) -> list[Raising]:
    looked_at = {run.scope: run.as_of for run in journal.read() if run.outcome == "unchanged"}
    return [Raising(plan, each, looked_at.get(each.name)) for each in plan.listings]


@contextlib.contextmanager
def _importing(*, soon: bool) -> Iterator[None]:
    """Import what takes sessions apart while the first answer is waited for, if it is.

    An answer that came by then has whoever reads it import that.
    """
    arrow = Timer(_A_MOMENT, _import_arrow)
    if soon:
        arrow.start()
    try:
        yield
    finally:
        arrow.cancel()


_A_MOMENT = 0.06  # seconds: an answer that comes sooner is not to wait for Python


def _import_arrow() -> None:
    from . import columns  # noqa: F401


def _empty_tables() -> Batch:
    from .rows import arrow_table

    return {table.name: arrow_table(table, []) for table in TABLES}


def _announce(run: Run) -> None:
    # Also of a failure: whoever gets the error that follows decides how loud it is.
    log.info("%s: %s", run.scope, run.outcome, extra={"event": "cycle", "run": run.as_json()})
