"""What a walk counts, and what follows from it: did every row come by?"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from .coverage import Slice
from .session import Page, RejectedItem, Session, Sessions

_UNKNOWN = -1
_PAGES_GUESSED = 8


def ascends(moments: list[int]) -> bool:
    """Whether none is before the one that it follows."""
    return sorted(moments) == moments


def descends(moments: list[int]) -> bool:
    """Whether none is after the one that it follows."""
    return sorted(moments, reverse=True) == moments


@dataclass
class Tally:
    """What was seen while a slice is walked once.

    Attributes:
        pages: Pages so far.
        barren_pages: How many of the last of them brought no session that was new to this walk.
        last_total: How many rows match, as the last page said; None where the API does not say.
        cursors: The cursors followed.
        versions: The sessions seen, with the `updated_at` each was last seen with.
    """

    pages: int = 0
    barren_pages: int = 0
    last_total: int | None = None
    cursors: set[str] = field(default_factory=set)
    versions: dict[str, int] = field(default_factory=dict)
    _first_total: int | None = None
    _shrank: bool = False
    _created: dict[str, int] = field(default_factory=dict)
    _nameless: int = 0
    _nameless_hashes: set[str] = field(default_factory=set)
    _most_nameless: int = 0
    _last: Session | None = None
    _moved: set[int] = field(default_factory=set)
    _straddling: set[int] = field(default_factory=set)
    _created_ascends: bool = True
    _created_descends: bool = True
    _updated_descends: bool = True

    def count(self, page: Page) -> None:
        """Take the next page into account."""
        self.pages += 1
        if self.pages == 1:
            self._first_total = page.total
        elif page.total is not None and self.last_total is not None:
            self._shrank |= page.total < self.last_total
        self.last_total = page.total
        if self._last and page.sessions:
            edge = {self._last.created_at} & {page.sessions[0].created_at}
            self._straddling |= edge
        known = self._different
        nameless = sum(item.session_id is None for item in page.rejected)
        self._nameless += nameless
        self._most_nameless = max(self._most_nameless, nameless)
        for place, item in enumerate(page.rejected):
            self._miss(item, place)
        if page.sessions:
            self._see(page.sessions)
        self.barren_pages = 0 if self._different > known else self.barren_pages + 1

    def _miss(self, item: RejectedItem, place: int) -> None:
        """A rejected item is its session; without an id only its place tells it from others."""
        if item.session_id is None:
            self._nameless_hashes.add(item.item_hash)
        name = item.session_id or f"{item.item_hash} {self.pages}.{place}"
        if name in self.versions:
            self._moved.add(_UNKNOWN)
        self.versions[name] = _UNKNOWN

    def _see(self, sessions: Sequence[Session]) -> None:
        """Take sessions into account, all at once: this is done for each there is."""
        sessions = Sessions.of(sessions)
        names, created, updated = sessions.session_ids, sessions.created_at, sessions.updated_at
        if len(set(names)) < len(names) or not self.versions.keys().isdisjoint(names):
            self._find_moved(sessions)
        self.versions.update(zip(names, updated, strict=True))
        self._created.update(zip(names, created, strict=True))
        if self._last:
            created = [self._last.created_at, *created]
            updated = [self._last.updated_at, *updated]
        self._created_ascends &= ascends(created)
        self._created_descends &= descends(created)
        self._updated_descends &= descends(updated)
        self._last = sessions[-1]

    def _find_moved(self, sessions: Sequence[Session]) -> None:
        seen: dict[str, int] = {}
        for session in sessions:
            name, updated_at = session.session_id, session.updated_at
            if seen.get(name, self.versions.get(name, updated_at)) != updated_at:
                self._moved.add(session.created_at)
            seen[name] = updated_at

    @property
    def complete(self) -> bool:
        """Whether no row that was there when the walk began can have slipped by unseen.

        - One page is one moment.
        - A total that falls says that rows left the listing (a session that was archived, under a
          filter), which pulls those behind them past the walk where pages are offsets.
        - By creation, rows keep their places: all that the first page counted were passed. Where
          rows of one second lie on both sides of a page edge and one of them was seen to change,
          their order among themselves is unknown, and this does not hold.
        - By descending update, a row that changes moves to where the walk has been: those behind
          it come twice rather than not at all, and its own change is for the next cycle.
        - In any other order every row that the last page counted must have been seen; where the
          API gives no total, no row may have changed. Of items without an id only those of one
          page are known to be different ones.
        """
        seen = len(self.versions)
        different = seen - self._nameless + self._most_nameless
        if self.pages <= 1:
            return True
        if self._shrank:
            return False
        if self.last_total is not None and different >= self.last_total:
            return True
        if self._by_creation:
            return self._first_total is None or seen >= self._first_total
        if self._updated_descends:
            return True
        return self.last_total is None and not self._moved

    @property
    def keeps_places(self) -> bool:
        """Whether the rows came in order of creation, and none can have changed its place."""
        return self._by_creation and not self._shrank

    def pass_over(self, done: tuple[int, int]) -> int:
        """How many of the sessions were created in a span; those are not counted again."""
        begin, end = done
        came = self._created
        self._created = {name: at for name, at in came.items() if not begin <= at < end}
        return len(came) - len(self._created)

    @property
    def in_all(self) -> int:
        """About how many sessions match: a guess of some pages where the API does not say."""
        seen = len(self.versions)
        return _PAGES_GUESSED * seen if self.last_total is None else max(self.last_total, seen)

    def left_in(self, left: Slice, done: tuple[int, int]) -> int:
        """About how many sessions are still to come where the rows are by creation.

        Args:
            left: What has still to be walked; its end is known.
            done: What was passed; it is as dense as the rest where the API gives no total.
        """
        seen = len(self.versions)
        if self.last_total is not None:
            return max(self.last_total - seen, 1)
        length = (left.created_to or left.created_from) - left.created_from
        return max(seen * length // (done[1] - done[0]), 1)

    @property
    def last_created_at(self) -> int | None:
        """When the session was created that came last; None if none came."""
        return None if self._last is None else self._last.created_at

    @property
    def _different(self) -> int:
        """How many different rows came, those without an id told apart by their content."""
        return len(self.versions) - self._nameless + len(self._nameless_hashes)

    @property
    def _by_creation(self) -> bool:
        in_order = self._created_ascends or self._created_descends
        return in_order and self._moved.isdisjoint(self._straddling)
