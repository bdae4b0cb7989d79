"""Sessions on their way from pages to rows: each at most once a load package."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from .session import Session


class PutOff(NamedTuple):
    """A copy of a session that has to wait for the next cycle: when it was created and changed."""

    created_at: int
    updated_at: int


class Gathering:
    """Knows which sessions of a scope are in a load package.

    A package replaces a session's children by what it holds for the session, so it may hold one
    copy only: the newest of the page that brought it first. A newer one of a later page is put off:
    it has to be asked for again.

    Attributes:
        put_off: The copies that are.
    """

    def __init__(self) -> None:
        self._taken: dict[str, int] = {}
        self.put_off: list[PutOff] = []

    def __contains__(self, session_id: object) -> bool:
        """Whether a session is in the package."""
        return session_id in self._taken

    def new(self, sessions: Sequence[Session]) -> Sequence[Session]:
        """Take in the sessions of a page.

        Returns:
            Those that are in the package from now on, each once; the same sequence if all are.
        """
        names = [session.session_id for session in sessions]
        if len(set(names)) < len(names):
            return self.new(_newest(sessions))
        if before := self._taken.keys() & names:
            self._put_off(session for session in sessions if session.session_id in before)
            return self.new([each for each in sessions if each.session_id not in before])
        self._taken.update(zip(names, [session.updated_at for session in sessions], strict=True))
        return sessions

    def _put_off(self, sessions: Iterable[Session]) -> None:
        for session in sessions:
            if session.updated_at > self._taken[session.session_id]:
                self.put_off.append(PutOff(session.created_at, session.updated_at))


def _newest(sessions: Iterable[Session]) -> list[Session]:
    """The newest copy of each, the last of those that are alike."""
    newest: dict[str, Session] = {}
    for session in sessions:
        name = session.session_id
        if name not in newest or session.updated_at >= newest[name].updated_at:
            newest[name] = session
    return list(newest.values())
