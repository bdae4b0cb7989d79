"""One scope on its way to now: what is new of it, and what it remembers then."""

import logging
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, replace

import pyarrow as pa

from . import errors
from .client import Client
from .coverage import Slice
from .gathering import Gathering
from .listing import Listing
from .models import RejectedItem, Session, session_fingerprint
from .retry import wall_clock
from .rows import MICROSECONDS, Observed, arrow_table, json_text, session_tables
from .runs import Run
from .scope import Scope, Version
from .tables import CHILDREN, REJECTED
from .walk import Limits, Portion, Walked, walk

log = logging.getLogger("devin.cycle")

Batch = dict[str, pa.Table]


@dataclass(frozen=True)
class Plan:
    """What a cycle is to do.

    Attributes:
        listings: One for each scope, in the order they are raised.
        start: Sessions created before this are not loaded, epoch seconds.
        settle: Seconds before the moment a walk began that count as not yet settled.
        batch_size: Sessions a batch.
        limits: How far a walk may go.
    """

    listings: Sequence[Listing]
    start: int
    settle: int
    batch_size: int
    limits: Limits


class Raising:
    """One scope on its way to now.

    Args:
        plan: What the cycle is to do.
        listing: The scope.
        memory: What the scope remembers.
        client: The connection, for what it counts.
        gathering: Where the cycle's sessions are gathered.

    Attributes:
        run: The record of it.
    """

    def __init__(
        self, plan: Plan, listing: Listing, memory: Scope, client: Client, gathering: Gathering
    ) -> None:
        self.listing = listing
        self.run = Run(listing.name, wall_clock())
        self._plan = plan
        self._memory = memory
        self._client = client
        self._gathering = gathering
        self._before = replace(client.traffic)
        self._began: int | None = None
        self._walked: list[Walked] = []
        self._filled_hole = False
        self._seen: dict[str, Version] = {}
        self._rejected: dict[str, int] = {}

    @property
    def nothing_new(self) -> bool:
        """Whether the destination already holds all there is, and says so."""
        known = bool(self._memory.coverage.segments) and not self._filled_hole
        return known and not self.run.rows

    def batches(self) -> Iterator[Batch]:
        """Walk all that is behind, and yield what is new."""
        remembered = self._memory.coverage
        yield from self._raise(remembered.behind(self._plan.start))
        believed = remembered.believed((self._began or 0) + self._plan.limits.overlap)
        if believed != remembered:
            log.info("%s: the API's clock was ahead once: reading again", self.listing.name)
            self._memory = replace(self._memory, coverage=believed)
            self._walked, self.run.spans_raised, self._filled_hole = [], [], True
            yield from self._raise(believed.behind(self._plan.start))
        for batch in self._gathering.rest():
            yield self._sessions(batch)
        self._finish("loaded" if self.run.rows else "unchanged")

    def _raise(self, slices: Sequence[Slice]) -> Iterator[Batch]:
        for part in slices:
            walked = yield from self._walk(part)
            self._walked.append(walked)
            self._filled_hole |= part.as_of is None and part.created_to is not None
            self.run.spans_raised.append([walked.created_from, walked.created_to, part.as_of])

    def failed(self, error: errors.DevinError) -> Run:
        """The record of a cycle that this scope ended."""
        self._finish("failed")
        self.run.error = str(error)
        return self.run

    def raised_memory(self, put_off_since: int | None) -> Scope:
        """What to remember once the rows are loaded."""
        as_of = self._as_of if put_off_since is None else min(self._as_of, put_off_since)
        self.run.as_of = as_of
        coverage = self._memory.coverage
        for walked in self._walked:
            coverage = coverage.raised(walked.created_from, walked.created_to, as_of)
        again_from = self._again_from(as_of)
        recent = {key: seen for key, seen in self._seen.items() if seen.updated_at >= again_from}
        return Scope(coverage, recent, self._memory.rejected | self._rejected)

    @property
    def _as_of(self) -> int:
        return (self._began or 0) - self._plan.settle

    def _walk(self, part: Slice) -> Generator[Batch, None, Walked]:
        walking = walk(self.listing, part, self._plan.limits, self._began)
        while True:
            try:
                portion = next(walking)
            except StopIteration as end:
                return self._checked(end.value)
            yield from self._take(portion)

    def _checked(self, walked: Walked) -> Walked:
        if walked.began < self._plan.start:
            raise errors.ConfigurationError(
                "start_date is in the future: by the API's clock it is "
                f"{self._plan.start - walked.began} s away",
                "Correct start_date under [sources.devin] in .dlt/config.toml.",
            )
        return walked

    def _take(self, portion: Portion) -> Iterator[Batch]:
        self._began = portion.seen_at if self._began is None else self._began
        self.run.pages += 1
        fresh = [session for session in portion.sessions if not self._recognises(session)]
        self._gathering.add(fresh, portion.seen_at)
        if items := [item for item in portion.rejected if self._is_new(item, portion.seen_at)]:
            self.run.count({REJECTED.name: len(items)})
            yield {REJECTED.name: self._rejections(items, portion.seen_at)}
        log.info(
            "%s: page %d, %d sessions",
            self.listing.name,
            self.run.pages,
            len(portion.sessions),
            extra={
                "event": "page",
                "scope": self.listing.name,
                "pages": self.run.pages,
                "sessions": len(portion.sessions),
            },
        )
        for batch in self._gathering.full_batches():
            yield self._sessions(batch)

    def _recognises(self, session: Session) -> bool:
        """Whether this is just as it was loaded, or older, as a replica that lags may tell it."""
        known = self._memory.recent.get(session["session_id"])
        if known is None:
            return False
        if session["updated_at"] >= known.updated_at and known != _version(session):
            return False
        self._seen.setdefault(session["session_id"], known)
        self.run.unchanged += 1
        return True

    def _is_new(self, item: RejectedItem, seen_at: int) -> bool:
        """Whether this is to be loaded: not yet seen in this cycle, nor just before it."""
        name = item.item_hash
        first = name not in self._seen
        self.run.rejected += first
        self._seen[name] = Version(seen_at, name)
        self._rejected[name] = self._memory.rejected.get(name, seen_at)
        return first and name not in self._memory.recent

    def _rejections(self, items: list[RejectedItem], seen_at: int) -> pa.Table:
        now = seen_at * MICROSECONDS
        return arrow_table(
            REJECTED,
            [
                (
                    item.item_hash,
                    self.listing.name,
                    item.reason,
                    json_text(item.error),
                    item.raw,
                    self.listing.path,
                    self._rejected[item.item_hash] * MICROSECONDS,
                    now,
                    None,
                )
                for item in items
            ],
        )

    def _sessions(self, batch: list[Observed]) -> Batch:
        for session, _ in batch:
            if session["updated_at"] >= self._again_from(self._as_of):
                self._seen[session["session_id"]] = _version(session)
        tables = session_tables(batch)
        markers = dict.fromkeys((child.name for child in CHILDREN), len(batch))
        self.run.count(
            {name: rows.num_rows - markers.get(name, 0) for name, rows in tables.items()}
        )
        return tables

    def _again_from(self, as_of: int) -> int:
        """From when on updates are asked for again by a cycle that goes on from here."""
        return as_of - self._plan.limits.overlap - 1

    def _finish(self, outcome: str) -> None:
        now, before, run = self._client.traffic, self._before, self.run
        run.finished_at = wall_clock()
        run.as_of = self._as_of if self._walked else None
        run.requests = now.requests - before.requests
        run.retries = now.retries - before.retries
        run.seconds_throttled = now.seconds_throttled - before.seconds_throttled
        run.bytes = now.bytes_received - before.bytes_received
        run.outcome = outcome


def _version(session: Session) -> Version:
    return Version(session["updated_at"], session_fingerprint(session))
