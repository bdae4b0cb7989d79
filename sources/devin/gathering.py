"""Sessions on their way from pages to batches: each at most once a load package."""

from collections.abc import Iterable, Iterator

from .models import Session
from .rows import Observed


class Gathering:
    """Keeps the newest copy of each session, and cuts batches.

    A package replaces a session's children by what it holds for the session, so it may hold one
    copy only. A newer copy takes the place of one that is still here. Where that one has left in a
    batch, the newer copy is put off: `put_off_since` tells from when on updates are to be asked
    for again, and nothing is lost.

    Args:
        batch_size: Sessions a batch.
    """

    def __init__(self, batch_size: int) -> None:
        self._batch_size = batch_size
        self._held: dict[str, Observed] = {}
        self._gone: dict[str, int] = {}
        self.put_off_since: int | None = None

    def add(self, sessions: Iterable[Session], seen_at: int) -> None:
        """Take in the sessions of a page."""
        for session in sessions:
            session_id, updated_at = session["session_id"], session["updated_at"]
            held = self._held.get(session_id)
            if session_id in self._gone:
                if updated_at > self._gone[session_id]:
                    self._put_off(updated_at)
            elif held is None or updated_at >= held.session["updated_at"]:
                self._held[session_id] = Observed(session, seen_at)

    def full_batches(self) -> Iterator[list[Observed]]:
        """Batches as long as there are enough sessions for one."""
        while len(self._held) >= self._batch_size:
            yield self._cut()

    def rest(self) -> Iterator[list[Observed]]:
        """What is left, in batches."""
        yield from self.full_batches()
        if self._held:
            yield self._cut()

    def _cut(self) -> list[Observed]:
        batch = [self._held[key] for key in list(self._held)[: self._batch_size]]
        for item in batch:
            session = item.session
            del self._held[session["session_id"]]
            self._gone[session["session_id"]] = session["updated_at"]
        return batch

    def _put_off(self, updated_at: int) -> None:
        since = self.put_off_since
        self.put_off_since = updated_at if since is None else min(since, updated_at)
