"""In which order a listing comes, as its pages show it: the API does not say.

Rows that come in order of creation allow two things. What lies before the last row of a page is
read, whatever is still to come, so it can be claimed page by page. And the rest is a span like any
other, which can be asked for by its bounds and shared among walkers. In any other order a span is
read only when its last page is in.
"""

from collections.abc import Sequence
from typing import Literal, NamedTuple

from .coverage import Slice
from .session import Session, Sessions
from .tally import Tally, ascends, descends

Direction = Literal["ascending", "descending"]


class OrderBroken(Exception):
    """Rows came in another order than an earlier page proved."""


class Cut(NamedTuple):
    """A slice of which a part is read.

    Attributes:
        done: The span of `created_at` whose sessions have all come by, half open.
        left: What has still to be walked; None if nothing.
    """

    done: tuple[int, int]
    left: Slice | None


class Order:
    """What the pages of one scope have shown.

    Creation is taken for what a listing goes by once a page proves it: its rows are in order of
    creation, and in no order of update. A page that fits both proves nothing.

    Args:
        scope: Its name.
        trusted: Whether an order may be relied on at all.

    Attributes:
        direction: The order of creation that is proven; None as long as none is.
    """

    def __init__(self, scope: str, *, trusted: bool = True) -> None:
        self._scope = scope
        self._trusted = trusted
        self.direction: Direction | None = None

    def learn(self, sessions: Sequence[Session]) -> None:
        """Look at a page.

        Raises:
            OrderBroken: It is not in the order that an earlier page proved.
        """
        if not self._trusted:
            return
        sessions = Sessions.of(sessions)
        created = _directions(sessions.created_at)
        if self.direction and self.direction not in created:
            raise OrderBroken(
                f"{self._scope}: a page is not by {self.direction} creation, as an earlier one was"
            )
        if len(created) == 1 and not _directions(sessions.updated_at):
            (self.direction,) = created

    def cut(self, part: Slice, tally: Tally) -> Cut | None:
        """What the pages so far have done of a slice.

        Args:
            part: The slice that is walked; its end is known.
            tally: What came by since its walk began.

        Returns:
            The cut behind the last row; None where the order is not proven, or where the last row
            is of the second that the walk began with, so that nothing is done yet.
        """
        last = tally.last_created_at
        begin, end = part.created_from, part.created_to
        if self.direction is None or last is None or end is None or not tally.keeps_places:
            return None
        if self.direction == "descending":
            edge = min(max(last + 1, begin), end)
            done, left = (edge, end), (begin, edge)
        else:
            edge = max(min(last, end), begin)
            done, left = (begin, edge), (edge, end)
        if done[0] == done[1]:
            return None
        return Cut(done, Slice(*left, part.as_of) if left[0] < left[1] else None)


def _directions(moments: list[int]) -> set[Direction]:
    """The orders that moments are in: both if all are equal."""
    found: set[Direction] = set()
    if ascends(moments):
        found.add("ascending")
    if descends(moments):
        found.add("descending")
    return found
