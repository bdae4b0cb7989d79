"""One scope in one cycle: what is to be walked of it, what is new, and what it remembers then."""

import contextlib
import logging
from collections.abc import Iterator, Sequence
from dataclasses import replace

from . import errors
from .batching import Batch
from .coverage import Coverage, Segment, Slice, Span
from .deletions import Deletions, marked
from .held import Held, Ownership
from .intake import Intake
from .order import Order
from .plan import AnyListing, Plan
from .promise import Promise
from .rereads import Look, OpenSession, batches, unchanged
from .retry import wall_clock
from .runs import Run
from .scope import Scope
from .session import Session, Sessions
from .tables import SESSIONS
from .walk import Portion, Share, reread, walk
from .walkers import Rereads, Work

log = logging.getLogger("devin.cycle")


class Raising:
    """One scope in one cycle, over all load packages of it.

    Walkers call `read`, each in a thread of its own; everything else belongs to the one who loads.

    Args:
        plan: What the cycle is to do.
        listing: The scope.
        looked_at: When open pull requests were last looked after, if a cycle did that has not been
            loaded.

    Attributes:
        run: The record of it.
        intake: What the package takes in.
        failure: What ended it; None as long as nothing did.
        expected: How many sessions the passes so far are expected to read; 0 if unknown.
        sessions_read: How many they have read.
    """

    def __init__(self, plan: Plan, listing: AnyListing, looked_at: int | None = None) -> None:
        self.listing = listing
        self.run = Run(listing.name, wall_clock())
        self.failure: errors.DevinError | None = None
        self._plan = plan
        self._looked_at = looked_at
        self._began: int | None = None
        self._latest = 0
        self._passes = self._all_passes()
        self._left: list[Work] = []
        self._first_load = self._at_the_end = False
        self._counted: set[Work] = set()
        self.expected = self.sessions_read = 0
        self._unsaved = False
        self._open: dict[str, OpenSession] = {}
        self._promises: list[Promise] = []
        self._trusted, self._doubted, self._relied = True, False, False
        self._gone_before = 0
        self._spans: dict[int | None, Coverage] = {}

    def begin(self, memory: Scope, held: Held) -> None:
        """Begin a load package.

        Args:
            memory: What the scope remembers.
            held: What the destination holds.
        """
        self._memory = memory
        self._reached = max((s.created_to for s in memory.coverage.segments), default=None)
        self._held = held
        self.intake = Intake(self.listing, memory, self.run, marked=held.wants_markers)
        self._order = Order(self.listing.name, trusted=memory.in_order and self._trusted)
        self._read_whole = Coverage()
        self._gone: set[str] = set()
        # An earlier package tells of a cycle under way: the destination is to learn of its end.
        self._unsaved = self.run.outcome == "unfinished"

    def work(self) -> list[Work]:
        """What to do next, once nothing is under way any more; nothing at the very end."""
        if self.failure:
            return []
        if self._doubted:
            self._start_over()
        given, self._left = self._left, []
        if not given:
            given = self._broken_promises()
        while not given and not self._at_the_end:
            following = next(self._passes, None)
            given, self._at_the_end = list(following or ()), following is None
            self._counted = set(given)
            self._promises = [Promise(part) for part in given if isinstance(part, Slice)]
            self._relied = False
        return given

    def doubt(self) -> None:
        """The order was broken: all that this cycle claimed, and any before, is in doubt.

        Once nothing is under way any more, everything is read again, without relying on it.
        """
        self._doubted = True

    def _start_over(self) -> None:
        log.info("%s: pages came in another order: reading all of it again", self.listing.name)
        self._doubted = False
        self._memory = replace(self._memory, coverage=Coverage(), in_order=False)
        self._order = Order(self.listing.name, trusted=False)
        self._read_whole, self._spans, self._unsaved = Coverage(), {}, True
        self._passes, self._left, self._at_the_end = self._all_passes(), [], False
        self._promises = []

    @property
    def finished(self) -> bool:
        """Whether there is nothing left to do, in this load package or another."""
        return self._at_the_end or self.failure is not None

    def read(self, work: Work, share: Share) -> Iterator[Portion]:
        """Do some work, page by page."""
        if isinstance(work, Rereads):
            yield reread(self.listing, work.session_ids)
            return
        before: dict[str, int] = {}
        for portion in walk(self.listing, work, self._plan.limits, self._order, share):
            if portion.seen_at < self._plan.start:
                raise errors.ConfigurationError(
                    "start_date is in the future: by the API's clock it is "
                    f"{self._plan.start - portion.seen_at} s away",
                    "Correct start_date under [sources.devin] in .dlt/config.toml.",
                )
            if work.as_of is None and portion.sessions:
                # All of it is new, most likely, but for what the page before had. This thread has
                # it at hand, so it makes of it what it can, and keeps no more than it has to.
                sessions = Sessions.of(portion.sessions)
                yield self._made(portion, _others(sessions, before))
                before = dict(zip(sessions.session_ids, sessions.updated_at, strict=True))
            else:
                yield portion

    def _made(self, portion: Portion, sessions: Sequence[Session]) -> Portion:
        columns = self.intake.columns(sessions, portion.seen_at)
        again_from = self._again_from
        recent = [session for session in sessions if session.updated_at >= again_from]
        return portion._replace(sessions=recent, columns=columns)

    def take(self, work: Work, portion: Portion) -> Iterator[Batch]:
        """Take a page in."""
        self._began = min(self._began or portion.seen_at, portion.seen_at)
        self._latest = max(self._latest, portion.seen_at)
        self._relied |= self._order.direction is not None
        self._unsaved |= self._reached is None
        self.run.pages += 1
        self.sessions_read += portion.came
        if work in self._counted:
            self.expected += portion.total or 0
            self._counted.discard(work)
        sessions, columns = portion.sessions, portion.columns
        if columns is None:
            sessions = self._fresh(work, sessions)
            columns = self.intake.columns(sessions, portion.seen_at) if sessions else None
        if isinstance(work, Slice):
            self._claim(work, portion)
            for promise in self._promises:
                promise.hear(work, portion)
        if columns is not None:
            self.intake.take(columns, sessions, portion.size, self._again_from)
        yield from self.intake.reject(portion.rejected, portion.seen_at)

    @property
    def unsaved(self) -> bool:
        """Whether the destination does not hold all that this package knows, or say so."""
        return self._unsaved or self.intake.anything

    def leave(self, *work: Work) -> None:
        """Some work could not be done in this package."""
        self._left += work

    def last_batches(self) -> Iterator[Batch]:
        """What else belongs into the package, once all of its pages are in."""
        if self._doubted:
            self._start_over()
        try:
            self._gone = self._deleted()
        except errors.SpanShrank as error:
            self.failure = self.failure or error
            for segment in self._read_whole.segments:
                self._forget(segment)
        if self._gone:
            self._gone_before += len(self._gone)
            rows = marked(self._held.rows(self._gone), self._began or 0)
            self.intake.count({SESSIONS.name: rows.num_rows})
            yield {SESSIONS.name: rows}

    def raised_memory(self) -> Scope:
        """What to remember once the rows are loaded."""
        if self._began is None:
            return self._memory
        # First what a wrong clock claimed: lowered, it would look like any other.
        sound = self._memory.coverage.believed(self._latest + self._plan.limits.overlap)
        coverage = sound.lowered(self._as_of)
        for created_at, updated_at in self.intake.put_off:
            coverage = coverage.lowered(updated_at, created_at)
        moments = [self._as_of, *(updated_at for _, updated_at in self.intake.put_off)]
        self.run.as_of = min(moments)
        again_from = self._again_from - self._as_of + min(moments)
        recent, rejected = self.intake.remembered(again_from, self._gone)
        memory = replace(self._memory, coverage=coverage, recent=recent, rejected=rejected)
        if self._first_load and memory.reread_at is None:
            # All that is held was read since then, also where this load ends before its time.
            memory = replace(memory, reread_at=self._began)
        return memory.settled(self._began)

    def close_run(self) -> Run:
        """The record up to now."""
        run, traffic = self.run, self.listing.client.traffic
        run.finished_at = wall_clock()
        run.as_of = run.as_of or (self._as_of if self._began is not None else None)
        run.requests, run.retries = traffic.requests, traffic.retries
        run.seconds_throttled, run.bytes = traffic.seconds_throttled, traffic.bytes_received
        run.spans_raised = sorted(
            [segment.created_from, segment.created_to, as_of]
            for as_of, spans in self._spans.items()
            for segment in spans.segments
        )
        if self.failure:
            run.outcome, run.error = "failed", str(self.failure)
        elif not self.finished:
            run.outcome = "unfinished"
        else:
            run.outcome = "loaded" if run.rows else "unchanged"
        return run

    @property
    def _as_of(self) -> int:
        return (self._began or 0) - self._plan.settle

    @property
    def _again_from(self) -> int:
        """From when on updates are asked for again by a cycle that goes on from here."""
        return self._as_of - self._plan.limits.overlap - 1

    @property
    def _ownership(self) -> Ownership:
        v2 = self.listing.api_version == "v2"
        return Ownership(self.listing.org_ids or None, self.listing.api_version if v2 else None)

    def _all_passes(self) -> Iterator[Sequence[Work]]:
        """What a cycle does with a scope: each pass begins when the one before is over."""
        plan, self._first_load = self._plan, self._reached is None
        if plan.backfill:
            self._ask_again(plan.backfill)
            yield self._memory.coverage.holes(*plan.backfill)
            return
        remembered = self._memory.coverage
        yield remembered.behind(plan.start)
        now = self._began or 0
        believed = remembered.believed(now + plan.limits.overlap)
        if believed != remembered:
            log.info("%s: the API's clock was ahead once: reading again", self.listing.name)
            self._memory, self._spans = replace(self._memory, coverage=believed), {}
            self._unsaved = True
            yield believed.behind(plan.start)
        if not self._first_load:
            yield self._looked_after(now)
        self._memory = replace(self._memory, reread_at=now)
        yield from self._rescan(now)

    def _looked_after(self, now: int) -> Sequence[Rereads]:
        """Sessions whose open pull requests are due for another look."""
        before = max(_past(self._memory.reread_at, now) or 0, self._looked_at or 0)
        look = Look(before, now)
        open_ones = self._held.open_pull_requests(look, self._ownership, self.intake.came)
        self._open = {session.session_id: session for session in open_ones}
        return [Rereads(tuple(ids)) for ids in batches(list(self._open))]

    def _rescan(self, now: int) -> Iterator[Sequence[Work]]:
        """All of the last days once more, if that was long enough ago."""
        plan, memory = self._plan, self._memory
        if not plan.rescan:
            return
        rescanned_at = _past(memory.rescanned_at, now)
        if self._first_load or rescanned_at is None:
            self._memory = replace(memory, rescanned_at=now)
        elif now - rescanned_at >= plan.rescan_every:
            span = Span(max(plan.start, now - plan.rescan), now)
            self._memory = replace(memory, rescanned_at=now)
            self._ask_again(span)
            yield self._memory.coverage.holes(*span)

    def _ask_again(self, span: Span) -> None:
        memory = self._memory
        if self._began is not None:
            memory = memory.settled(self._began)
        self._memory = memory.asked_again(span)
        self._unsaved = True

    def _forget(self, span: Slice | Segment) -> None:
        begin, end, as_of = span.created_from, span.created_to, span.as_of
        end = max(self._began or 0, begin) if end is None else end
        coverage = self._memory.coverage.clear(begin, end)
        if isinstance(span, Slice) and as_of is not None:
            coverage = coverage.raised(begin, end, as_of)
        self._memory = replace(self._memory, coverage=coverage)
        self._read_whole = self._read_whole.clear(begin, end)

    def _broken_promises(self) -> list[Work]:
        """What has to be walked again, since fewer sessions came than there were at first.

        Only where the order was relied on: its end is no proof then. Under filters sessions leave
        the listing any time, so that says nothing.
        """
        if not self._relied or self.listing.filters.describe():
            return []
        again = [promise.part for promise in self._promises if promise.broken]
        for part in again:
            log.info("%s: fewer sessions came than were counted: reading again", self.listing.name)
            self._forget(part)
            # Also in the packages that follow: what is left of the span then is no better known.
            self._trusted, self._order = False, Order(self.listing.name, trusted=False)
        self._promises = []
        return list(again)

    def _fresh(self, work: Work, sessions: Sequence[Session]) -> Sequence[Session]:
        """The sessions that have to be loaded; where a span is read whole, each has."""
        if isinstance(work, Slice) and work.as_of is None:
            return sessions
        known = {session.session_id for session in sessions if self._is_known(work, session)}
        self.intake.pass_over(known)
        return [session for session in sessions if session.session_id not in known]

    def _is_known(self, work: Work, session: Session) -> bool:
        if isinstance(work, Rereads):
            return unchanged(self._open[session.session_id], session)
        return self.intake.knows(session)

    def _claim(self, part: Slice, portion: Portion) -> None:
        if portion.done is None or portion.done[0] == portion.done[1] or self._doubted:
            return
        coverage = self._memory.coverage.raised(*portion.done, self._as_of)
        self._memory = replace(self._memory, coverage=coverage)
        spans = self._spans.get(part.as_of, Coverage())
        self._spans[part.as_of] = spans.raised(*portion.done, 0)
        if part.as_of is None:
            self._read_whole = self._read_whole.raised(*portion.done, 0)
            self._unsaved |= portion.done[0] < (self._reached or 0)

    def _deleted(self) -> set[str]:
        """Sessions that are loaded, and that the spans which were read whole do not list.

        Not the last moments of them: what another machine loads may not be listed here yet.
        """
        if self.listing.filters.describe():
            return set()
        settled = self._read_whole.clear(self._as_of - self._plan.limits.overlap, 2**62)
        spans = [(segment.created_from, segment.created_to) for segment in settled.segments]
        if not spans:
            return set()
        return self._gone_of(spans, self._held.session_ids(self._ownership, spans))

    def _gone_of(self, spans: list[tuple[int, int]], held: set[str]) -> set[str]:
        # A function of its own: where the destination is asked, dlt keeps what is at hand, until
        # garbage is looked for; that is not to be all that the package knows.
        came, nameless = self.intake.came, self.intake.nameless
        found = Deletions(spans, held, came, nameless, before=self._gone_before)
        with contextlib.suppress(errors.SpanShrank):
            return found.gone(self._plan.most_deleted)
        around = self._held.session_ids(self._ownership, [*self._memory.backfills, *spans])
        return replace(found, around=len(around)).gone(self._plan.most_deleted)


def _others(sessions: Sessions, before: dict[str, int]) -> Sessions:
    """Those that did not come before just so."""
    if before.keys().isdisjoint(sessions.session_ids):
        return sessions
    return Sessions(each for each in sessions if before.get(each.session_id) != each.updated_at)


def _past(moment: int | None, now: int) -> int | None:
    """A moment, unless a wrong clock put it ahead."""
    return moment if moment is None or moment <= now else None
