"""Counts that the service makes itself: of sessions, searches and pull requests."""

from collections import Counter
from collections.abc import Iterator
from typing import Any, NamedTuple

from starlette.requests import Request

from .access import ORGANIZATION, Access
from .dice import Dice
from .filters import matcher
from .ledger import listed
from .query import Filters, parse
from .remembered import Remembered
from .rhythm import DAY
from .windows import Window

_STATES = {"merged": "merged", "closed": "closed"}  # whatever else there is, is still open
_COUNTED = ("created", "opened", "closed", "merged")
_TAKEN_OVER = ("taken_over", "taken_over_opened", "taken_over_closed", "taken_over_merged")
_SEARCHES = (0, 12)  # a day


class _PullRequest(NamedTuple):
    first_listed_at: int
    state: str
    sessions: int


class _PullRequestQuery(Window):
    user_ids: frozenset[str] | None = None
    service_user_ids: frozenset[str] | None = None
    playbook_id: str | None = None

    @property
    def filters(self) -> Filters:
        """Whose sessions the pull requests are counted of."""
        return Filters(
            user_ids=self.user_ids,
            service_user_ids=self.service_user_ids,
            playbook_id=self.playbook_id,
        )


class Metrics:
    """Counts what an organisation did in a span of time.

    A pull request counts in the span in which a session first listed it, with the state it has now.

    Args:
        access: Who may read it.
    """

    def __init__(self, access: Access) -> None:
        self._world = access.world
        self._pulls = Remembered(access.world, self._look)
        path, permission = f"{ORGANIZATION}/metrics", "ViewOrgMetrics"
        self.routes = [
            access.route(f"{path}/usage", permission, self.usage),
            access.route(f"{path}/prs", permission, self.pull_requests),
        ]

    def usage(self, request: Request) -> dict[str, Any]:
        """Sessions, searches and pull requests."""
        org_id = request.path_params["org_id"]
        window = parse(request.query_params.multi_items(), Window)
        created = (row.item["created_at"] for row in self._world.rows(org_id))
        counts = self._counts(org_id, window, Filters())
        return {
            "sessions_count": sum(map(window.holds, created)),
            "searches_count": sum(map(window.holds, self._searches(org_id))),
            "prs_created_count": counts["created"],
            "prs_merged_count": counts["merged"],
        }

    def pull_requests(self, request: Request) -> dict[str, Any]:
        """Pull requests by state; taken over are those that several sessions worked on."""
        query = parse(request.query_params.multi_items(), _PullRequestQuery)
        counts = self._counts(request.path_params["org_id"], query, query.filters)
        return {f"prs_{name}_count": counts[name] for name in (*_COUNTED, *_TAKEN_OVER)}

    def _counts(self, org_id: str, window: Window, filters: Filters) -> Counter[str]:
        counts: Counter[str] = Counter()
        for pull in self._pulls[org_id, filters]:
            if window.holds(pull.first_listed_at):
                counts.update(("created", pull.state))
                if pull.sessions > 1:
                    counts.update(("taken_over", f"taken_over_{pull.state}"))
        return counts

    def _look(self, question: tuple[str, Filters]) -> list[_PullRequest]:
        """The pull requests of an organisation, or of some of its sessions."""
        org_id, filters = question
        sessions: Counter[str] = Counter()
        states: dict[str, str] = {}
        for row in filter(matcher(filters), self._world.rows(org_id)):
            for pr_url, state in listed(row.item):
                sessions[pr_url] += 1
                states[pr_url] = _STATES.get((state or "").lower(), "opened")
        opened = self._world.ledger.opened
        return [_PullRequest(opened[org_id, url], states[url], sessions[url]) for url in states]

    def _searches(self, org_id: str) -> Iterator[int]:
        """When people searched until now."""
        past, now = self._world.past, self._world.clock.now
        for day in range(past.start // DAY * DAY, now, DAY):
            dice = Dice(past.seed, "searches", org_id, day)
            for _ in range(dice.between(*_SEARCHES)):
                at = day + dice.between(0, DAY - 1)
                if past.start <= at <= now:
                    yield at
