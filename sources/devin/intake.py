"""What one load package takes in of a scope: of all that comes, what is new, and once."""

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from .batching import Batch, Batching
from .gathering import Gathering, PutOff
from .plan import AnyListing
from .recognition import Recognition
from .runs import Run
from .scope import Scope, Version
from .session import RejectedItem, Session
from .tables import CHILDREN, REJECTED, SESSIONS

if TYPE_CHECKING:
    from .columns import Columns


class Intake:
    """Takes in the pages of a scope for one load package.

    Args:
        listing: The scope.
        memory: What it remembers.
        run: The record of its cycle, in which all rows are counted.
        marked: Whether the destination needs marker rows.

    Attributes:
        waiting: The sessions that were taken in and wait to be handed on.
        nameless: How many rejected items came that do not name their session.
        anything: Whether there is anything to load.
    """

    def __init__(self, listing: AnyListing, memory: Scope, run: Run, *, marked: bool) -> None:
        self._listing = listing
        self._run = run
        self._marked = marked
        self._gathering = Gathering()
        self._recognition = Recognition(memory)
        self._known: set[str] = set()
        self.waiting = Batching()
        self.nameless = 0
        self.anything = False

    @property
    def put_off(self) -> list[PutOff]:
        """Copies of sessions that have to be asked for again."""
        return self._gathering.put_off

    def came(self, session_id: str) -> bool:
        """Whether a session came by, be it new or not."""
        return session_id in self._gathering or session_id in self._known

    def knows(self, session: Session) -> bool:
        """Whether a session is loaded just as it came."""
        return self._recognition.knows(session)

    def pass_over(self, session_ids: set[str]) -> None:
        """Take note of sessions that came, and are loaded already."""
        self._run.unchanged += sum(not self.came(session_id) for session_id in session_ids)
        self._known |= session_ids

    def columns(self, sessions: Sequence[Session], seen_at: int) -> "Columns":
        """What sessions of one page make; any thread may ask."""
        from .columns import Columns

        return Columns(sessions, seen_at, self._listing.api_version, marked=self._marked)

    def take(
        self, columns: "Columns", recent: Iterable[Session], size: int, again_from: int
    ) -> None:
        """Take in what sessions of a page make, but for those that were taken in before.

        Args:
            columns: What they make.
            recent: Those of the sessions that may be asked for again; others do no harm.
            size: Bytes of the page.
            again_from: From when on updates are asked for again, epoch seconds.
        """
        places = self._gathering.new(columns)
        if not places:
            return
        self.anything = True
        new = columns.at(places)
        if len(new) < len(columns):
            taken = dict(zip(new.session_ids, new.updated_at, strict=True))
            recent = [each for each in recent if taken.get(each.session_id) == each.updated_at]
        self._recognition.load(recent, again_from)
        self.waiting.add(new, size)

    def batch(self) -> Batch:
        """The rows of all sessions that wait, which are some."""
        batch = self.waiting.batch()
        markers = batch[SESSIONS.name].num_rows if self._marked else 0
        of_each = dict.fromkeys((child.name for child in CHILDREN), markers)
        self.count({name: rows.num_rows - of_each.get(name, 0) for name, rows in batch.items()})
        return batch

    def reject(self, items: Iterable[RejectedItem], seen_at: int) -> Iterator[Batch]:
        """Take in items that broke their contract; the rows of those that are new."""
        new = []
        for item in items:
            self._known.update(filter(None, [item.session_id]))
            self.nameless += item.session_id is None
            if self._recognition.is_first(item, seen_at):
                self._run.rejected += 1
                if not self._recognition.is_loaded(item):
                    new.append(item)
        if new:
            from .rows import rejected_table

            self.count({REJECTED.name: len(new)})
            firsts = [(item, self._recognition.first_seen_at(item)) for item in new]
            yield {REJECTED.name: rejected_table(firsts, self._listing, seen_at)}

    def count(self, rows: dict[str, int]) -> None:
        """Take note of rows that are loaded, by table name."""
        self._run.count(rows)
        self.anything = True

    def remembered(
        self, again_from: int, gone: Iterable[str]
    ) -> tuple[dict[str, Version], dict[str, int]]:
        """What to remember of all that came; as of `Recognition.remembered`."""
        return self._recognition.remembered(again_from, gone)
