"""Sessions on their way from pages to batches: each at most once a load package."""

from collections.abc import Iterable
from typing import NamedTuple

from .models import Session
from .rows import Observed


class PutOff(NamedTuple):
    """A copy of a session that has to wait for the next cycle: when it was created and changed."""

    created_at: int
    updated_at: int


class Gathering:
    """Keeps the newest copy of each session of a scope, and cuts batches.

    A package replaces a session's children by what it holds for the session, so it may hold one
    copy only. A newer copy takes the place of one that is still here. Where that one has left in a
    batch, the newer copy is put off: it has to be asked for again.
    """

    def __init__(self) -> None:
        self._held: dict[str, Observed] = {}
        self._gone: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self._held)

    def add(self, sessions: Iterable[Session], seen_at: int) -> list[PutOff]:
        """Take in the sessions of a page; what is put off of them."""
        put_off = []
        for session in sessions:
            session_id, updated_at = session["session_id"], session["updated_at"]
            held = self._held.get(session_id)
            if session_id in self._gone:
                if updated_at > self._gone[session_id]:
                    put_off.append(PutOff(session["created_at"], updated_at))
            elif held is None or updated_at >= held.session["updated_at"]:
                self._held[session_id] = Observed(session, seen_at)
        return put_off

    def cut(self) -> list[Observed]:
        """All that is held, as a batch."""
        batch = list(self._held.values())
        self._gone |= {name: item.session["updated_at"] for name, item in self._held.items()}
        self._held = {}
        return batch
