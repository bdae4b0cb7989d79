"""What the API counts of an organisation, by calendar month in UTC."""

from datetime import UTC, datetime

from .asking import Asking, Rows
from .endpoints import Endpoint
from .fields import MICROSECONDS, count
from .tables import Table
from .usage_tables import METRICS_PULL_REQUESTS, METRICS_USAGE

FIRST_MONTHS = 13
"""Months that are read first, the current one among them."""

_MONTHS = 12
_OF_ORGANIZATION = "/v3/organizations/{org_id}/metrics/"
_PERMISSION = "ViewAccountMetrics"
ENDPOINTS = {
    METRICS_USAGE.name: Endpoint(_OF_ORGANIZATION + "usage", _PERMISSION, is_list=False),
    METRICS_PULL_REQUESTS.name: Endpoint(_OF_ORGANIZATION + "prs", _PERMISSION, is_list=False),
}


def month_begin(moment: int, later: int = 0) -> int:
    """The first moment of the month of a moment, or of one so many months later."""
    at = datetime.fromtimestamp(moment, UTC)
    years, month = divmod(at.year * _MONTHS + at.month - 1 + later, _MONTHS)
    return int(datetime(years, month + 1, 1, tzinfo=UTC).timestamp())


def months(as_of: int | None, now: int) -> list[tuple[int, int]]:
    """The months to read: the one before the last that was read, and all that follow it.

    Args:
        as_of: When they were last read; None for never.
        now: Now.

    Returns:
        First moment of each, and the first one after it.
    """
    begin = month_begin(now, 1 - FIRST_MONTHS)
    if as_of is not None:
        begin = max(begin, month_begin(as_of, -1))
    found = []
    while begin < now:
        found.append((begin, month_begin(begin, 1)))
        begin = found[-1][1]
    return found


def read(asking: Asking, table: Table, org_id: str) -> Rows:
    """One kind of metrics of an organisation."""
    endpoint = ENDPOINTS[table.name]
    for begin, end in months(asking.remembered(table, org_id).get("as_of"), asking.now):
        window = [("time_after", str(begin)), ("time_before", str(min(end, asking.now)))]
        reply = endpoint.object(asking.client, window, org_id=org_id)
        counts = [
            count(reply.value, column.name)
            for column in table.columns
            if column.name.endswith("_count")
        ]
        span = begin * MICROSECONDS, end * MICROSECONDS
        yield org_id, *span, *counts, reply.began * MICROSECONDS
    asking.remember(table, org_id, as_of=asking.now - asking.settle)
