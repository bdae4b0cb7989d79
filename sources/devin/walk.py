"""One slice to its last page, with its guards.

A walk sends no `updated_before`, so the set it walks can only grow, filters and deletions aside: a
row that enters may make another appear twice, which merging by key absorbs, and none slides past
unseen, but for one case. Where pages are offsets and rows are ordered by something that changes, a
row that moves behind the walk pulls the ones after it back over the page edge. The guards find
that, and the slice is walked again.

Where rows are known to come by creation (see `order`), no cursor is followed further than it has
to be: what a page has passed is done, and what is left is asked for by its bounds, or given away.
"""

import logging
from bisect import bisect_left, bisect_right
from collections.abc import Generator, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple, Protocol

from . import errors
from .client import Reply
from .coverage import Slice
from .listing import Bounds, EnterpriseListing, Listing
from .order import Order
from .session import Page, RejectedItem, Session, Sessions
from .tally import Tally

if TYPE_CHECKING:
    from .columns import Columns

log = logging.getLogger("devin.walk")

_MOST_AGAIN = 0.25


class Limits(NamedTuple):
    """How far a walk may go.

    Attributes:
        overlap: Seconds before a segment's `as_of` from which updates are asked for again: the
            margin for rows that show up in the listing later than their `updated_at`.
        most_barren_pages: Pages in a row without a new session, after which a walk is endless.
        most_walks: Times that a slice is walked until its rows are complete.
    """

    overlap: int = 900
    most_barren_pages: int = 25
    most_walks: int = 4


class Portion(NamedTuple):
    """What one page brought, exactly within the slice.

    Attributes:
        sessions: Sessions created in the slice; where somebody made their columns, only those of
            them that may come again.
        rejected: Items that broke the contract.
        seen_at: When the page was asked for, epoch seconds by the API's clock: every session is
            as it stood then, or later.
        done: The span of `created_at` whose sessions have all come by now; None if there is none
            that was not done before.
        total: How many items match, where this is a walk's first page and the API says.
        size: Bytes of the page.
        passed: How many sessions came by that were created in the span that is done.
        outside: The sessions that were created outside of the slice, next to it: their ids, and
            when.
        columns: What the sessions make that the page before had not, if somebody has made it.
    """

    sessions: Sequence[Session]
    rejected: list[RejectedItem]
    seen_at: int
    done: tuple[int, int] | None = None
    total: int | None = None
    size: int = 0
    passed: int = 0
    outside: tuple[tuple[str, int], ...] = ()
    columns: "Columns | None" = None

    @property
    def came(self) -> int:
        """How many sessions it brought."""
        return len(self.sessions) if self.columns is None else len(self.columns)


class Share(Protocol):
    """Called when a walk could go on with less: gives some of what is left to others."""

    def __call__(self, left: Slice, sessions: int, *, free: bool) -> Slice | None:
        """Offer what is left of a walk.

        Args:
            left: What is left; its end is known.
            sessions: How many sessions that may be.
            free: Whether the walk could as well end here.

        Returns:
            What to go on with; None to end, only where the walk is free to.
        """


def keep(left: Slice, sessions: int, *, free: bool) -> Slice:  # noqa: ARG001  # a `Share`
    """Go on alone."""
    return left


def walk(
    listing: Listing | EnterpriseListing,
    part: Slice,
    limits: Limits,
    order: Order,
    share: Share = keep,
) -> Iterator[Portion]:
    """Walk a slice until its rows are complete.

    Args:
        listing: What is walked.
        part: The span, and what of it is loaded already.
        limits: How far to go.
        order: What is known of the order of the rows; learns from each page.
        share: Asked whether others take some of what is left.

    Yields:
        One portion a page, in the API's order; a session may come more than once. Where it was
        not shared, the spans that they say are done add up to the slice, or for an open one, or
        one that ends later than now, to what of it lies before the moment its walk began.

    Raises:
        CursorBroken: A cursor repeated itself, or is missing.
        FilterIgnored: Rows came that are outside of what was asked for.
        OrderBroken: Rows came in another order than before.
        PagesEndless: Page after page brought nothing new.
        RowsMissing: No walk was complete.
        DevinError: Whatever the client raises.
    """
    left: Slice | None = part
    while left is not None:
        left = yield from _stretch(listing, left, limits, order, share)


def reread(listing: Listing | EnterpriseListing, session_ids: Sequence[str]) -> Portion:
    """Ask for sessions by name, a page of them at most.

    Raises:
        FilterIgnored: Others came.
        DevinError: Whatever the client raises.
    """
    reply = listing.reread(session_ids)
    for session in reply.value.sessions:
        if session.session_id not in session_ids:
            raise errors.FilterIgnored(
                f"{listing.name} was asked for some sessions by session_ids, and returned "
                f"{session.session_id}, which is none of them"
            )
    return Portion(reply.value.sessions, reply.value.rejected, reply.began, size=reply.size)


def _stretch(
    listing: Listing | EnterpriseListing, part: Slice, limits: Limits, order: Order, share: Share
) -> Generator[Portion, None, Slice | None]:
    """Follow cursors until the slice is done, or something else is to be walked: what is left."""
    for attempt in range(1, limits.most_walks + 1):
        tally = Tally()
        for reply in _pages(listing, part, limits, tally):
            part, page = _ended(part, reply.began), reply.value
            order.learn(page.sessions)
            if not page.has_next_page:
                done = (part.created_from, _end(part)) if tally.complete else None
                yield _portion(reply, part, done, tally)
                continue
            cut = order.cut(part, tally)
            yield _portion(reply, part, cut and cut.done, tally)
            if cut:
                left = cut.left
                kept = left and share(left, tally.left_in(left, cut.done), free=True)
                if kept is None or kept != left or not _dense(page.sessions, kept):
                    return kept
                part = kept
            elif tally.pages == 1:
                kept = share(part, tally.in_all, free=False)
                if kept != part:
                    return kept
        if tally.complete:
            return None
        log.info(
            "rows moved between pages of %s: walking again (%d of %d)",
            listing.name,
            attempt,
            limits.most_walks,
            extra={"event": "rewalk", "scope": listing.name, "attempt": attempt},
        )
    raise errors.RowsMissing(
        f"{listing.name}: {limits.most_walks} walks each came out incomplete; the last saw "
        f"{len(tally.versions)} different sessions where the API counted {tally.last_total}"
    )


def _pages(
    listing: Listing | EnterpriseListing, part: Slice, limits: Limits, tally: Tally
) -> Generator[Reply[Page], None, None]:
    bounds = _bounds(part, limits.overlap)
    cursor: str | None = None
    while True:
        reply = listing.page(bounds, cursor)
        page = reply.value
        _check_filters(listing, bounds, page.sessions)
        tally.count(page)
        yield reply
        if not page.has_next_page:
            return
        cursor = _next_cursor(listing, page, tally)
        if tally.barren_pages >= limits.most_barren_pages:
            raise errors.PagesEndless(
                f"{listing.name}: the last {tally.barren_pages} of {tally.pages} pages brought no "
                "session that was not seen before, and there is still a next page"
            )


def _ended(part: Slice, began: int) -> Slice:
    """The slice up to the moment its walk began: what is created later is the next cycle's."""
    end = began if part.created_to is None else min(part.created_to, began)
    return part._replace(created_to=max(end, part.created_from))


def _end(part: Slice) -> int:
    return part.created_from if part.created_to is None else part.created_to


def _bounds(part: Slice, overlap: int) -> Bounds:
    return Bounds(
        max(part.created_from - 1, 0),
        None if part.created_to is None else part.created_to + 1,
        None if part.as_of is None else max(part.as_of - overlap - 1, 0),
    )


def _portion(
    reply: Reply[Page], part: Slice, done: tuple[int, int] | None, tally: Tally
) -> Portion:
    """Only what was created in the span: its bounds were asked for one second wider."""
    page, begin, end = reply.value, part.created_from, _end(part)
    inside = page.sessions
    outside: tuple[tuple[str, int], ...] = ()
    created = inside.created_at
    if inside and not (begin <= min(created) and max(created) < end):
        outside = tuple(
            (name, at)
            for name, at in zip(inside.session_ids, created, strict=True)
            if not begin <= at < end
        )
        inside = Sessions(session for session in inside if begin <= session.created_at < end)
    total = page.total if tally.pages == 1 else None
    passed = tally.pass_over(done) if done else 0
    return Portion(inside, page.rejected, reply.began, done, total, reply.size, passed, outside)


def _dense(sessions: Sessions, left: Slice) -> bool:
    """Whether asking for what is left by its bounds would bring much of a page again."""
    created = sorted(sessions.created_at)  # which they are, or nearly so
    again = bisect_right(created, _end(left) + 1) - bisect_left(created, left.created_from - 1)
    return _MOST_AGAIN * len(sessions) < again


def _check_filters(
    listing: Listing | EnterpriseListing, bounds: Bounds, sessions: Sessions
) -> None:
    """Look at the rows: the API answers a parameter that it does not know with all of them."""
    if found := bounds.excluding(sessions) or listing.excluding(sessions):
        session, ignored = found
        raise errors.FilterIgnored(
            f"{listing.name} was asked for {ignored}, and returned session {session.session_id} "
            f"(created {session.created_at}, updated {session.updated_at}), which that excludes"
        )


def _next_cursor(listing: Listing | EnterpriseListing, page: Page, tally: Tally) -> str:
    cursor = page.end_cursor
    if not cursor:
        raise errors.CursorBroken(
            f"{listing.name}: page {tally.pages} announces a next page and names no cursor for it"
        )
    if cursor in tally.cursors:
        raise errors.CursorBroken(
            f"{listing.name}: page {tally.pages} names cursor {cursor[:40]!r}, which this walk "
            "has followed already: the pages repeat themselves"
        )
    tally.cursors.add(cursor)
    return cursor
