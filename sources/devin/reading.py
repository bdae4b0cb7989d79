"""A reading of the tables beside the sessions: one part after another, whatever becomes of others.

What the token may not read is told once, and noted in `endpoint_reads`. What fails otherwise is
told by `Usage`, and asked for again by the next reading.
"""

import logging
from collections.abc import Callable, Generator, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from . import errors
from .asking import Asking
from .due import READ_AT
from .endpoints import Denial, denial
from .fields import MICROSECONDS, Odd, Row
from .parts import Part, parts
from .rows import arrow_table
from .tables import Table
from .usage import Denied, Usage
from .usage_tables import ENDPOINT_READS, USAGE_TABLES

if TYPE_CHECKING:
    import pyarrow as pa

log = logging.getLogger("devin.usage")

Batch = dict[str, "pa.Table"]
"""Rows by the name of their table."""

_MADE = "made"
"""What a table remembers: that it is there, with rows or without."""

_BATCH = 10_000
_PATIENCE = 2
"""Parts in a row to which the API does not answer at all, after which it is asked no more."""

_Reading = Generator[Batch, None, errors.DevinError | None]


def read(
    usage: Usage, begin: Callable[[], Asking], tables: Sequence[Table], read_at: float
) -> Iterator[Batch]:
    """Read tables.

    Args:
        usage: What is told of it.
        begin: Finds out what there is at hand.
        tables: Which ones to read.
        read_at: What they are to remember as the moment of it.

    Yields:
        Rows by the name of their table.
    """
    log.info("reading %s", _listed(tables), extra={"event": "usage"})
    try:
        asking = begin()
    except errors.DevinError as error:
        usage.failures["any other table"] = error
        return
    yield from _empty_tables(asking)
    unanswered = 0
    for table in tables:
        complete = True
        for part in parts(table, asking.org_ids):
            failure = yield from _part(usage, asking, part)
            unanswered = unanswered + 1 if isinstance(failure, errors.TryAgainLater) else 0
            if unanswered == _PATIENCE or isinstance(failure, errors.RateLimited):
                return
            complete = complete and failure is None
        if complete:
            asking.memory(table.name)[READ_AT] = read_at


def _part(usage: Usage, asking: Asking, part: Part) -> _Reading:
    """Read a part, or what stands in for it; why it failed, if it did."""
    taken = _Taken(part)
    try:
        yield from taken.batches(asking)
    except errors.DevinError as error:
        usage.count(part.table.name, taken.rows)
        denied = denial(error, part.endpoint)
        if denied is None:
            usage.failures[str(part)] = error
            return error
        if part.otherwise:
            return (yield from _instead(usage, asking, taken, denied))
        yield taken.note(asking.now, denied)
        usage.deny(Denied(part.table.name, part.org_id, *denied))
        return None
    usage.count(part.table.name, taken.rows)
    yield taken.note(asking.now)
    return None


def _instead(usage: Usage, asking: Asking, taken: "_Taken", denied: Denial) -> _Reading:
    """Read what stands in for a part; that it was denied is noted where none of that came."""
    failures, refused_before = [], len(usage.denied)
    for other in taken.part.otherwise:
        failure = yield from _part(usage, asking, other)
        if failure:
            failures.append(failure)
    refused = len(usage.denied) - refused_before
    if len(failures) + refused == len(taken.part.otherwise):
        yield taken.note(asking.now, denied)
    return failures[0] if failures else None


class Look(NamedTuple):
    """Whether something may be read.

    Attributes:
        part: What.
        why_not: Why it may not; None if it may.
    """

    part: str
    why_not: str | None


def look(begin: Callable[[], Asking], tables: Sequence[Table]) -> Iterator[Look]:
    """Ask each endpoint for as little as possible.

    Args:
        begin: Finds out what there is at hand.
        tables: The tables that are wanted.

    Yields:
        One for each part, or for all at once where it could not be asked whose the token is.
    """
    if not tables:
        return
    try:
        asking = begin()
    except errors.DevinError as error:
        yield Look(_listed(tables), error.message)
        return
    for table in tables:
        for part in parts(table, asking.org_ids):
            yield from _looks(asking, part)


def _looks(asking: Asking, part: Part) -> Iterator[Look]:
    try:
        part.endpoint.first(asking.client, asking.now, org_id=part.org_id)
    except errors.DevinError as error:
        denied = denial(error, part.endpoint)
        for other in part.otherwise if denied else ():
            yield from _looks(asking, other)
        if not (denied and part.otherwise):
            needs = denied.permission if denied else None
            yield Look(str(part), f"it needs {needs}" if needs else error.message)
    else:
        yield Look(str(part), None)


class _Taken:
    """What came of a part.

    Attributes:
        part: The part.
        rows: How many rows it brought.
    """

    def __init__(self, part: Part) -> None:
        self.part = part
        self.rows = 0
        self._odd: list[Odd] = []

    def batches(self, asking: Asking) -> Iterator[Batch]:
        """Its rows, many at a time, also where it fails in the end."""
        came: list[Row] = []
        try:
            for row in self.part.read(asking):
                if isinstance(row, Odd):
                    self._odd.append(row)
                    continue
                came.append(row)
                if len(came) >= _BATCH and not self.part.table.whole:
                    yield self._batch(came)
                    came = []
        except errors.DevinError:
            if came and not self.part.table.whole:
                yield self._batch(came)
            raise
        # What replaces all that is there does so too where nothing came.
        if came or self.part.table.whole:
            yield self._batch(came)

    def note(self, now: int, denied: Denial | None = None) -> Batch:
        """The row of `endpoint_reads`; what makes no row is told as well."""
        message = denied.message if denied else None
        if self._odd and denied is None:
            message = f"{len(self._odd)} left out: {self._odd[0]}"
            log.warning("%s: %s", self.part, message, extra={"event": "left_out"})
        outcome, permission = ("denied", denied.permission) if denied else ("loaded", None)
        told = (outcome, permission, message, self.rows, now * MICROSECONDS)
        return _of(ENDPOINT_READS, [(self.part.table.name, self.part.org_id, *told)])

    def _batch(self, rows: list[Row]) -> Batch:
        self.rows += len(rows)
        return _of(self.part.table, rows)


def _listed(tables: Sequence[Table]) -> str:
    return ", ".join(table.name for table in tables)


def _empty_tables(asking: Asking) -> Iterator[Batch]:
    """All tables that are not there yet, so that whoever asks for one finds it."""
    for table in USAGE_TABLES:
        memory = asking.memory(table.name)
        if not memory.get(_MADE):
            memory[_MADE] = True
            yield _of(table, [])


def _of(table: Table, rows: list[Row]) -> Batch:
    return {table.name: arrow_table(table, rows)}
