"""When a load package is complete: what is read next waits for another one."""

from typing import NamedTuple

_CRUMBS = 0.05  # of a load package, which takes half a second however small it is
_HALF = 0.5  # of one has to be there before it is worth the half second to load less at the end
_LAST = 0.125  # of what is there then is little enough


class Package(NamedTuple):
    """A load package as far as it was read.

    Attributes:
        sessions: Sessions that it has.
        size: Bytes of the answers that they came with.
        left: About how many sessions are not read yet, of all that this cycle is to read; less than
            0 where more came than were expected.
        late: Whether answers are waited for longer than they take to be read.
    """

    sessions: int
    size: int
    left: int
    late: bool

    def complete(self, commit_every: int, commit_bytes: int) -> bool:
        """Whether no more is to be read for it.

        A few sessions that are left go with it. And where answers are late, so that whoever loads
        waits for them, the last package is to be small: nothing is read while that is loaded.

        Args:
            commit_every: Sessions after which it is complete.
            commit_bytes: Bytes of answers after which it is with fewer sessions.
        """
        crumbs = _CRUMBS * commit_every
        if self.sessions >= commit_every or self.size >= commit_bytes:
            return abs(self.left) >= crumbs
        worth_it = self.late and self.sessions >= _HALF * commit_every
        return worth_it and crumbs <= self.left <= _LAST * self.sessions
