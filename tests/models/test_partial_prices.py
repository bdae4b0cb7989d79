"""A cost that leaves out a day without a price is no cost."""

import pytest

from tests.models.harness import Models
from tests.models.rows import at, pull_request, session, snapshot

COSTS = {
    "pull_requests": ("cost",),
    "pull_request_outcomes": ("cost", "cost_per_merged"),
    "session_tree": ("own_cost", "tree_cost"),
    "stuck_sessions": ("cost",),
    "wasted_acus": ("cost",),
}
MODELS = sorted(COSTS)


def load(models: Models, since: str) -> None:
    """One session that used 8 ACUs on a day and 2 on the next, for a price from a day on."""
    models.load(
        prices={since: 2.0},
        sessions=[
            session("a", status="error", status_detail="waiting_for_user", acus_consumed=10.0)
        ],
        session_pull_requests=[pull_request("a", 1, "closed")],
        session_snapshots=[
            snapshot("a", "2026-03-01 12:00", 8.0, pull_request_count=1),
            snapshot("a", "2026-03-02 12:00", 10.0, pull_request_count=1),
        ],
        sync_runs=[{"run_id": "1", "scope": "v3/org", "as_of": at("2026-03-03 00:00")}],
    )


@pytest.mark.parametrize("model", MODELS)
def test_where_a_day_has_no_price_there_is_no_cost(models: Models, model: str) -> None:
    load(models, "2026-03-02")

    assert models.rows(model, *COSTS[model]) == [(None,) * len(COSTS[model])]


@pytest.mark.parametrize("model", MODELS)
def test_where_every_day_has_one_the_cost_is_of_all(models: Models, model: str) -> None:
    load(models, "2026-01-01")

    assert models.rows(model, *COSTS[model])[0][0] == 20.0
