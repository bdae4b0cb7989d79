"""What the API makes of each session: how large it was, and its analysis if there is one.

Filters restrict them as they do the sessions; the walk of other filters is another one.
The walk of an organisation only grows: there is no end to what it asks for, and what changes
meanwhile comes with the next one.
"""

from .asking import Asking, Rows
from .endpoints import Endpoint
from .fields import (
    MICROSECONDS,
    Item,
    Row,
    count,
    needed,
    needed_moment,
    number,
    part,
    rows_of,
    text,
)
from .session import bare_id
from .texts import json_text
from .usage_tables import INSIGHTS

ENDPOINT = Endpoint("/v3/organizations/{org_id}/sessions/insights", "ViewOrgSessions")


def read(asking: Asking, org_id: str) -> Rows:
    """The insights of an organisation's sessions that changed since they were last read."""
    filters = asking.filters.describe()
    scope = f"{org_id}?{filters}" if filters else org_id
    memory = asking.remembered(INSIGHTS, scope)
    bounds = [*asking.filters.params(), ("created_after", str(asking.start - 1))]
    # Read on from what is loaded, unless sessions from before it are wanted now.
    if memory and memory["start"] <= asking.start:
        bounds.append(("updated_after", str(memory["as_of"] - asking.overlap)))
    began = None
    for reply in ENDPOINT.items(asking.client, bounds, org_id=org_id):
        began = reply.began if began is None else began
        yield from rows_of(reply.value, insight, reply.began)
    as_of = (asking.now if began is None else began) - asking.settle
    asking.remember(INSIGHTS, scope, start=asking.start, as_of=as_of)


def insight(item: Item, seen_at: int) -> Row:
    """The row of a session."""
    analysis = item.get("analysis")
    classified = part(part(item, "analysis"), "classification")
    return (
        bare_id(needed(item, "session_id")),
        needed(item, "org_id"),
        needed_moment(item, "updated_at"),
        count(item, "num_user_messages"),
        count(item, "num_devin_messages"),
        text(item, "session_size"),
        text(classified, "category"),
        number(classified, "confidence"),
        json_text(analysis),
        seen_at * MICROSECONDS,
    )
