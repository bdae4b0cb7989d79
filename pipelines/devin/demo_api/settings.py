"""What can be changed about the server while it runs."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .cursors import CursorKind
from .enterprise import PullRequestDialect
from .listing import Order, Paging


@dataclass
class Settings:
    """How the demo answers. Each request looks again, so tests may change it in between.

    Attributes:
        token: The one bearer token that v3 accepts.
        enterprise_token: The one bearer token that v2 accepts.
        order: The order of the listing.
        cursors: What its cursors remember.
        totals: Whether pages tell the number of all matching sessions.
        pull_request_dialect: How items of v2 write pull requests.
        readable_orgs: Organisations the token of v3 may read; None for all.
        missing_permissions: Permissions of v3 that the token lacks, such as ViewOrgMetrics.
        page_latency: Seconds each page or other answer takes.
        rate_limit: Requests a second, over all of the API; above it is 429. None for any number.
        transform: Gets each page of sessions as a dict and returns what to send in its place.
        before_page: Called before a page of sessions is cut, with the number of that page counted
            from 1 over the life of the server; the place to change the world under a walking
            client.
    """

    token: str = "cog_demo"  # noqa: S105 - the well-known token of a demo
    enterprise_token: str = "apk_user_demo"  # noqa: S105 - as above
    order: Order = "created_desc"
    cursors: CursorKind = "keyset"
    totals: bool = True
    pull_request_dialect: PullRequestDialect = "pr_url"
    readable_orgs: frozenset[str] | None = None
    missing_permissions: frozenset[str] = frozenset()
    page_latency: float = 0.0
    rate_limit: float | None = None
    transform: Callable[[dict[str, Any]], dict[str, Any]] | None = None
    before_page: Callable[[int], None] | None = None

    @property
    def paging(self) -> Paging:
        """The settings of the listing."""
        return Paging(self.order, self.cursors, self.totals)

    def may_read(self, org_id: str) -> bool:
        """Whether the token may read an organisation."""
        return self.readable_orgs is None or org_id in self.readable_orgs
