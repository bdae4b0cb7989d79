"""One slice to its last page, with its guards.

A walk sends no `updated_before`, so the set it walks can only grow, filters and deletions aside: a
row that enters may make another appear twice, which merging by key absorbs, and none slides past
unseen, but for one case. Where pages are offsets and rows are ordered by something that changes, a
row that moves behind the walk pulls the ones after it back over the page edge. The guards find
that, and the slice is walked again.
"""

import logging
from collections.abc import Generator
from typing import NamedTuple

from . import errors
from .client import Reply
from .coverage import Slice
from .listing import Bounds, Listing
from .models import Page, RejectedItem, Session
from .tally import Tally

log = logging.getLogger("devin.walk")


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
        sessions: Sessions created in the slice.
        rejected: Items that broke the contract.
        seen_at: When the page was asked for, epoch seconds by the API's clock: every session is
            as it stood then, or later.
    """

    sessions: list[Session]
    rejected: list[RejectedItem]
    seen_at: int


class Walked(NamedTuple):
    """A slice whose last page is in.

    Attributes:
        created_from: Begin of the span, as asked.
        created_to: End of the span; the moment the first walk began, where the slice was open.
        began: The moment the first walk began, by the API's clock.
    """

    created_from: int
    created_to: int
    began: int


def walk(
    listing: Listing, part: Slice, limits: Limits, began: int | None = None
) -> Generator[Portion, None, Walked]:
    """Walk a slice until its rows are complete.

    Args:
        listing: What is walked.
        part: The span, and what of it is loaded already.
        limits: How far to go.
        began: The moment an open slice ends at; the walk's own first answer tells it, if None.

    Yields:
        One portion a page, in the API's order; a session may come more than once.

    Returns:
        The span whose sessions have all been yielded.

    Raises:
        CursorBroken: A cursor repeated itself, or is missing.
        FilterIgnored: Rows came that are outside of what was asked for.
        PagesEndless: Page after page brought nothing new.
        RowsMissing: No walk was complete.
        DevinError: Whatever the client raises.
    """
    first_began: int | None = None
    for attempt in range(1, limits.most_walks + 1):
        tally = Tally()
        for reply in _pages(listing, part, limits, tally):
            first_began = reply.began if first_began is None else first_began
            created_to = part.created_to or began or first_began
            yield _portion(reply, part.created_from, created_to)
        if tally.complete and first_began is not None:
            return Walked(part.created_from, part.created_to or began or first_began, first_began)
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
    listing: Listing, part: Slice, limits: Limits, tally: Tally
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


def _bounds(part: Slice, overlap: int) -> Bounds:
    return Bounds(
        max(part.created_from - 1, 0),
        None if part.created_to is None else part.created_to + 1,
        None if part.as_of is None else max(part.as_of - overlap - 1, 0),
    )


def _portion(reply: Reply[Page], created_from: int, created_to: int) -> Portion:
    """Only what was created in the span: its bounds were asked for one second wider."""
    inside = [s for s in reply.value.sessions if created_from <= s["created_at"] < created_to]
    return Portion(inside, reply.value.rejected, reply.began)


def _check_filters(listing: Listing, bounds: Bounds, sessions: list[Session]) -> None:
    """Look at the rows: the API answers a parameter that it does not know with all of them."""
    for session in sessions:
        if ignored := bounds.excluding(session) or listing.filters.excluding(session):
            raise errors.FilterIgnored(
                f"{listing.name} was asked for {ignored}, and returned session "
                f"{session['session_id']} (created {session['created_at']}, updated "
                f"{session['updated_at']}), which that excludes"
            )


def _next_cursor(listing: Listing, page: Page, tally: Tally) -> str:
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
