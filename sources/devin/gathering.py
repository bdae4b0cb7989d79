"""Sessions on their way from pages to batches: each at most once a load package."""

from collections.abc import Sequence
from typing import NamedTuple

from .session import Session


class PutOff(NamedTuple):
    """A copy of a session that has to wait for the next cycle: when it was created and changed."""

    created_at: int
    updated_at: int


class Observed(NamedTuple):
    """Sessions, each at most once, and the moments the API was asked for them, epoch seconds."""

    sessions: list[Session]
    seen_at: list[int]


class Gathering:
    """Keeps the newest copy of each session of a scope, and cuts batches.

    A package replaces a session's children by what it holds for the session, so it may hold one
    copy only. A newer copy takes the place of one that is still here. Where that one has left in a
    batch, the newer copy is put off: it has to be asked for again.
    """

    def __init__(self) -> None:
        self._held: dict[str, Session] = {}
        self._seen_at: dict[str, int] = {}
        self._gone: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self._held)

    def add(self, sessions: Sequence[Session], seen_at: int) -> list[PutOff]:
        """Take in the sessions of a page; what is put off of them."""
        put_off: list[PutOff] = []
        held, gone, moments = self._held, self._gone, self._seen_at
        for session in sessions:
            name = session.session_id
            if name in gone:
                if session.updated_at > gone[name]:
                    put_off.append(PutOff(session.created_at, session.updated_at))
            elif name not in held or session.updated_at >= held[name].updated_at:
                held[name], moments[name] = session, seen_at
        return put_off

    def cut(self) -> Observed:
        """All that is held, as a batch."""
        batch = Observed(list(self._held.values()), [self._seen_at[name] for name in self._held])
        self._gone |= {name: session.updated_at for name, session in self._held.items()}
        self._held, self._seen_at = {}, {}
        return batch
