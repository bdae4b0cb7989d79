"""What the first page of a slice promised, and whether it was kept."""

from dataclasses import dataclass, field

from .coverage import Slice
from .walk import Portion


@dataclass
class Promise:
    """How many sessions a slice was said to hold when its walk began, and how many came.

    Attributes:
        part: The slice, as it was given to the walkers.
        total: How many items matched; None where the API does not say.
        passed: How many sessions came by in the spans that are done.
    """

    part: Slice
    total: int | None = None
    passed: int = 0
    _end: int | None = None
    _others: set[str] = field(default_factory=set)

    def hear(self, work: Slice, portion: Portion) -> None:
        """Take a page into account, if it is of this slice.

        Args:
            work: The part of the slice that was walked.
            portion: What the page brought.
        """
        begin, end = self.part.created_from, self.part.created_to
        if work.created_from < begin or (end is not None and work.created_from >= end):
            return
        if self._end is None:
            self.total = portion.total
            self._end = portion.seen_at if end is None else min(end, portion.seen_at)
        end = self._end
        self.passed += portion.passed
        # Those that count, and are in no span: of the seconds around the slice, or broken.
        self._others.update(name for name, at in portion.outside if not begin <= at < end)
        self._others.update(item.session_id or item.item_hash for item in portion.rejected)

    @property
    def broken(self) -> bool:
        """Whether fewer came than there were."""
        return self.total is not None and self.passed + len(self._others) < self.total
