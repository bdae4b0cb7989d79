"""Sessions on their way from pages to rows: each at most once a load package."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple, Protocol


class PutOff(NamedTuple):
    """A copy of a session that has to wait for the next cycle: when it was created and changed."""

    created_at: int
    updated_at: int


class Copies(Protocol):
    """Copies of sessions: those of a page, one place each."""

    @property
    def session_ids(self) -> list[str]:
        """Their ids."""

    @property
    def created_at(self) -> list[int]:
        """When they were created, epoch seconds."""

    @property
    def updated_at(self) -> list[int]:
        """When they last changed, epoch seconds."""


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

    def new(self, copies: Copies) -> Sequence[int]:
        """Take in the sessions of a page.

        Returns:
            The places of those that are in the package from now on, each once.
        """
        names, updated = copies.session_ids, copies.updated_at
        places: Sequence[int] = range(len(names))
        if len(set(names)) < len(names):
            places = _newest(names, updated)
        if not self._taken.keys().isdisjoint(names):
            before = [place for place in places if names[place] in self._taken]
            self._put_off(copies, before)
            places = [place for place in places if names[place] not in self._taken]
        if len(places) == len(names):
            self._taken.update(zip(names, updated, strict=True))
        else:
            self._taken.update((names[place], updated[place]) for place in places)
        return places

    def _put_off(self, copies: Copies, places: Iterable[int]) -> None:
        for place in places:
            updated_at = copies.updated_at[place]
            if updated_at > self._taken[copies.session_ids[place]]:
                self.put_off.append(PutOff(copies.created_at[place], updated_at))


def _newest(names: Sequence[str], updated: Sequence[int]) -> list[int]:
    """The place of the newest copy of each, the last of those that are alike."""
    newest: dict[str, int] = {}
    for place, name in enumerate(names):
        if name not in newest or updated[place] >= updated[newest[name]]:
            newest[name] = place
    return list(newest.values())
