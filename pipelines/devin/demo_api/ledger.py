"""What sessions burned and opened, booked at the moment it showed."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from .billing import billing_day

UNITS = 1_000_000
"""Of an ACU: whole numbers add up exactly."""

NOBODY = ""

_MOST = 1e12  # ACUs; more than that, or nothing like a number, is a test that breaks things

_Days = defaultdict[int, Counter[str]]


class Ledger:
    """The books of a world: what is written is never taken back, also not with its session.

    Attributes:
        opened: When a session of an organisation first listed a pull request, by both: two
            organisations may list the same one.
    """

    def __init__(self) -> None:
        self.opened: dict[tuple[str, str], int] = {}
        self._burned: defaultdict[str, _Days] = defaultdict(lambda: defaultdict(Counter))

    def book(self, item: Mapping[str, Any], fields: Mapping[str, Any], at: int) -> None:
        """Book what a change of a session adds.

        Args:
            item: The session before the change.
            fields: What changes. An `updated_at` among them that is a time says when it did.
            at: When it happens otherwise.
        """
        told = fields.get("updated_at")
        at = told if isinstance(told, int) else at
        before = item["acus_consumed"]
        after = fields.get("acus_consumed", before)
        if after != before:
            self._burn(item, _units(after) - _units(before), at)
        if fields.get("pull_requests"):
            self._open(item["org_id"], fields, at)

    def burned(self, org_id: str) -> Mapping[int, Mapping[str, int]]:
        """Units of ACUs by the first second of a billing day and the one who burned them.

        That is a user, a service user or `NOBODY`.
        """
        return self._burned[org_id]

    def _open(self, org_id: str, fields: Mapping[str, Any], at: int) -> None:
        for pr_url, _ in listed(fields):
            key = org_id, pr_url
            if at < self.opened.get(key, at + 1):
                self.opened[key] = at

    def _burn(self, item: Mapping[str, Any], growth: int, at: int) -> None:
        if growth:
            who = item.get("user_id") or item.get("service_user_id") or NOBODY
            self._burned[item["org_id"]][billing_day(at)][str(who)] += growth


def listed(item: Mapping[str, Any]) -> Iterator[tuple[str, str | None]]:
    """The pull requests of a session and their states; what a test broke on purpose is none."""
    pulls = item["pull_requests"]
    for pull in pulls if isinstance(pulls, list) else ():
        if isinstance(pull, dict) and isinstance(pr_url := pull.get("pr_url"), str):
            state = pull.get("pr_state")
            yield pr_url, state if isinstance(state, str) else None


def _units(acus: Any) -> int:
    told = isinstance(acus, int | float) and abs(acus) < _MOST
    return round(acus * UNITS) if told else 0
