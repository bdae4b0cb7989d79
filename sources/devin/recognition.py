"""What is loaded already, as far as a scope remembers, and what is to be remembered next."""

from collections.abc import Iterable

from .scope import Scope, Version
from .session import RejectedItem, Session, session_fingerprint


class Recognition:
    """Tells what is new of what a listing returns.

    Args:
        memory: What the scope remembers.
    """

    def __init__(self, memory: Scope) -> None:
        self._memory = memory
        self._seen: dict[str, Version] = {}
        self._items: dict[str, Version] = {}
        self._rejected: dict[str, int] = {}

    def knows(self, session: Session) -> bool:
        """Whether this is just as it was loaded, or older, as a replica that lags may tell it."""
        session_id = session.session_id
        known = self._memory.recent.get(session_id)
        if known is None:
            return False
        if session.updated_at >= known.updated_at and known != _version(session):
            return False
        self._seen.setdefault(session_id, known)
        return True

    def is_first(self, item: RejectedItem, seen_at: int) -> bool:
        """Whether a rejected item comes for the first time; it is remembered."""
        name = item.item_hash
        first = name not in self._items
        self._items[name] = Version(seen_at, name)
        self._rejected[name] = self._memory.rejected.get(name, seen_at)
        return first

    def is_loaded(self, item: RejectedItem) -> bool:
        """Whether a rejected item came just before, and was loaded then."""
        return item.item_hash in self._memory.recent

    def first_seen_at(self, item: RejectedItem) -> int:
        """When a rejected item was first seen, epoch seconds."""
        return self._rejected[item.item_hash]

    def load(self, sessions: Iterable[Session], again_from: int) -> None:
        """Remember sessions that are loaded now, if updates are asked for again since then."""
        for session in [each for each in sessions if each.updated_at >= again_from]:
            self._seen[session.session_id] = _version(session)

    def remembered(
        self, again_from: int, gone: Iterable[str] = ()
    ) -> tuple[dict[str, Version], dict[str, int]]:
        """What to remember with what came now, as far as it will be asked for again.

        Args:
            again_from: From when on updates are asked for again, epoch seconds.
            gone: Sessions that are marked as deleted; one that comes back is new.

        Returns:
            `recent` and `rejected` of `Scope`.
        """
        recent = self._memory.recent | self._seen | self._items
        for session_id in gone:
            recent.pop(session_id, None)
        recent = {name: seen for name, seen in recent.items() if seen.updated_at >= again_from}
        return recent, self._memory.rejected | self._rejected


def _version(session: Session) -> Version:
    return Version(session.updated_at, session_fingerprint(session))
