"""The demo's organisations and everything that happens to their sessions."""

from collections.abc import Collection, Iterable, Sequence
from heapq import heappop, heappush
from itertools import count
from threading import RLock
from typing import Any

import orjson

from .clock import DemoClock
from .dice import Dice
from .ledger import Ledger
from .life import Life, Past
from .moments import Moment
from .people import Organisation
from .rhythm import HOUR
from .rows import Row, app_url, bare
from .story import Story

START = 1_772_323_200  # 2026-03-01T00:00:00Z
NOW = 1_782_820_800  # 2026-06-30T12:00:00Z

_Due = tuple[int, int, str, Story | Moment]


class World:
    """Organisations with sessions that change while the demo clock moves, and only then.

    The same seed tells the same story, however the time is cut: two steps of an hour lead to the
    same sessions as one step of two hours. Every method may be called from any thread.

    Args:
        lives: The organisations by id.
        past: The history to begin with.

    Attributes:
        clock: The time of this world.
        version: Grows with each change of a session.
        lock: Hold it to see several sessions at one moment.
        past: The history it began with.
        ledger: What its sessions burned and opened, and when.
    """

    def __init__(self, lives: dict[str, Life], past: Past) -> None:
        self.clock = DemoClock(past.now)
        self.version = 0
        self.lock = RLock()
        self.past = past
        self.ledger = Ledger()
        self._lives = lives
        self._orgs: dict[str, dict[str, Row]] = {org_id: {} for org_id in lives}
        self._rows: dict[str, Row] = {}
        self._due: list[_Due] = []
        self._tickets = count()
        self._planned = past.now + 1
        for life in lives.values():
            for story in life.past():
                self._begin(story)

    @classmethod
    def build(  # noqa: PLR0913 - each is one thing that a test may want to choose
        cls,
        sessions: int,
        *,
        seed: int = 7,
        org_ids: Sequence[str] = ("org-demo",),
        start: int = START,
        now: int = NOW,
        unmetered: Collection[str] = (),
    ) -> "World":
        """Build a world with a history.

        Args:
            sessions: How many sessions it holds at `now`, in all organisations together.
            seed: Decides everything that is left to chance.
            org_ids: The organisations.
            start: First moment of the history, in epoch seconds.
            now: What the clock shows at first, in epoch seconds.
            unmetered: Those organisations that are on a quota plan.

        Raises:
            ValueError: `start` is not before `now`.
        """
        past = Past(seed, start, now)
        share, rest = divmod(sessions, len(org_ids))
        shares = [share + (place < rest) for place in range(len(org_ids))]
        pairs = zip(org_ids, shares, strict=True)
        lives = {
            org_id: Life(org_id, size, past, metered=org_id not in unmetered)
            for org_id, size in pairs
        }
        return cls(lives, past)

    @property
    def org_ids(self) -> tuple[str, ...]:
        """The organisations of this world."""
        return tuple(self._orgs)

    def cast(self, org_id: str) -> Organisation:
        """Who and what the sessions of an organisation are about."""
        return self._lives[org_id].organisation

    def is_metered(self, org_id: str) -> bool:
        """Whether an organisation pays by the ACU; where it does not, nothing says what it used."""
        return self._lives[org_id].metered

    def rows(self, org_id: str) -> Iterable[Row]:
        """The sessions of an organisation, in no particular order; hold `lock` while reading."""
        return self._orgs[org_id].values()

    def items(self, org_id: str) -> list[dict[str, Any]]:
        """What the API would show of an organisation now, newest created first.

        The items are copies: changing one does not change the world.
        """
        with self.lock:
            rows = sorted(self.rows(org_id), key=_creation, reverse=True)
            return [orjson.loads(row.body) for row in rows]

    def schedule_id(self, session_id: str) -> str | None:
        """The schedule that started a session, which items do not show."""
        return self._rows[bare(session_id)].schedule_id

    def touch(self, session_id: str, bump: bool = True, **fields: Any) -> None:
        """Replace fields of a session.

        Args:
            session_id: The session, with or without prefix; KeyError if there is none.
            bump: Whether `updated_at` becomes now; a value among `fields` wins.
            fields: The new values.
        """
        with self.lock:
            stamp = {"updated_at": self.clock.now} if bump else {}
            self._change(self._rows[bare(session_id)], stamp | fields, self.clock.now)

    def add(self, org_id: str, **fields: Any) -> str:
        """Add a session created now, whose life is up to the caller.

        Args:
            org_id: Its organisation; KeyError if there is none.
            fields: Values for the item; the rest is as bare as the contract allows.

        Returns:
            Its id, without prefix.
        """
        with self.lock:
            new_id = Dice(self.past.seed, "added", next(self._tickets)).token(32)
            row = Row(self._blank(org_id, new_id) | fields)
            self.ledger.book(row.item | {"acus_consumed": 0}, row.item, self.clock.now)
            self._insert(row)
            return row.id

    def remove(self, session_id: str) -> None:
        """Delete a session as if it had never been; what it burned stays burned."""
        with self.lock:
            row = self._rows.pop(bare(session_id))
            del self._orgs[row.org_id][row.id]
            self.version += 1

    def advance(self, seconds: int) -> None:
        """Move the clock by whole seconds and let everything happen that falls into them."""
        with self.lock:
            now = self.clock.advance(seconds)
            while self._planned <= now:
                self._plan_hour()
            while self._due and self._due[0][0] <= now:
                self._happen(*heappop(self._due))

    def _plan_hour(self) -> None:
        for life in self._lives.values():
            for story in life.hour(self._planned):
                self._wait(story.born, story.session_id, story)
        self._planned += HOUR

    def _wait(self, at: int, session_id: str, event: Story | Moment) -> None:
        # The ticket keeps events of the same second in the order they were written.
        heappush(self._due, (at, next(self._tickets), session_id, event))

    def _happen(self, at: int, _ticket: int, session_id: str, event: Story | Moment) -> None:
        if isinstance(event, Story):
            self._begin(event)
        elif session_id in self._rows:
            self._change(self._rows[session_id], _stamped(event), at)

    def _begin(self, story: Story) -> None:
        """Let a session be born and live until now; what is still to come has to wait."""
        now = self.clock.now
        for moment in story.moments:
            if moment.at > now:
                self._wait(moment.at, story.session_id, moment)
                continue
            self.ledger.book(story.item, moment.fields, moment.at)
            story.item.update(moment.fields)
            if moment.bumps and moment.at > story.item["updated_at"]:
                story.item["updated_at"] = moment.at
        self._insert(Row(story.item, story.schedule_id))
        if story.listed_by in self._rows:
            self._list_child(self._rows[story.listed_by], story)

    def _list_child(self, parent: Row, child: Story) -> None:
        children = [*(parent.item.get("child_session_ids") or ()), child.session_id]
        updated_at = max(child.born, parent.item["updated_at"])
        self._change(parent, {"child_session_ids": children, "updated_at": updated_at}, child.born)

    def _insert(self, row: Row) -> None:
        self._orgs[row.org_id][row.id] = row
        self._rows[row.id] = row
        self.version += 1

    def _change(self, row: Row, fields: dict[str, Any], at: int) -> None:
        self.ledger.book(row.item, fields, at)
        row.change(fields)
        self.version += 1

    def _blank(self, org_id: str, session_id: str) -> dict[str, Any]:
        return {
            "session_id": session_id,
            "url": app_url(session_id),
            "status": "new",
            "tags": [],
            "org_id": org_id,
            "created_at": self.clock.now,
            "updated_at": self.clock.now,
            "acus_consumed": 0,
            "pull_requests": [],
        }


def _stamped(moment: Moment) -> dict[str, Any]:
    return moment.fields | {"updated_at": moment.at} if moment.bumps else moment.fields


def _creation(row: Row) -> tuple[int, str]:
    return row.item["created_at"], row.id
