"""Whatever was used is in each model exactly once: for any small organisation."""

from itertools import accumulate
from math import isclose
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.models.engines import DuckdbEngine
from tests.models.harness import Models
from tests.models.rows import Row, at, session, snapshot

_IDS = [f"s{number}" for number in range(7)]
_COUNTED = (
    "acu_daily",
    "acu_by_user",
    "acu_by_repository",
    "acu_by_playbook",
    "acu_by_tag",
    "acu_by_category",
    "acu_by_origin",
)
_few = st.sampled_from(["a", "b", None])
_acus = st.integers(0, 40).map(lambda quarters: quarters / 4)
_hours = st.lists(st.integers(1, 30), max_size=4)


@st.composite
def _organisations(draw: st.DrawFn) -> dict[str, list[Row]]:
    """Sessions with any parents, any history, and any tags and pull requests."""
    ids = draw(st.lists(st.sampled_from(_IDS), unique=True))
    parents = st.sampled_from([*_IDS, None])
    rows: dict[str, list[Row]] = {
        "sessions": [
            session(
                each,
                parent_session_id=draw(parents),
                user_id=draw(_few),
                playbook_id=draw(_few),
                category=draw(_few),
                origin=draw(_few),
            )
            for each in ids
        ],
        "session_snapshots": [
            snapshot(each, f"2026-03-{1 + hours // 24:02} {hours % 24:02}:00", draw(_acus))
            for each in ids
            for hours in accumulate(draw(_hours))
        ],
        "users": [{"user_id": "a", "name": "Ann"}],
        "playbooks": [{"playbook_id": "b", "title": "Fix"}],
        "sync_runs": [{"run_id": "1", "as_of": at("2026-03-09 00:00")}],
    }
    pairs = st.tuples(st.sampled_from(_IDS), st.sampled_from(["x", "y", "z"]))
    tags = draw(st.lists(pairs, unique=True, max_size=8))
    rows["session_tags"] = [{"session_id": each, "tag": tag} for each, tag in tags]
    addresses = draw(st.lists(st.tuples(pairs, st.booleans()), unique=True, max_size=8))
    rows["session_pull_requests"] = [
        {"session_id": each, "pr_url": f"{name}{known}", "repository": name if known else None}
        for (each, name), known in addresses
    ]
    links = draw(st.lists(st.tuples(st.sampled_from(_IDS), st.sampled_from(_IDS)), max_size=5))
    rows["session_links"] = [
        {"parent_session_id": parent, "child_session_id": child} for parent, child in links
    ]
    return rows


def _newest(snapshots: list[Row]) -> float:
    newest: dict[str, float] = {}
    for row in sorted(snapshots, key=lambda row: row["updated_at"]):
        newest[row["session_id"]] = row["acus_consumed"]
    return sum(newest.values())


@settings(max_examples=50)
@given(_organisations())
def test_every_model_of_acus_sums_to_what_the_sessions_used(rows: dict[str, Any]) -> None:
    engine = DuckdbEngine()
    engine.make_datasets()
    models = Models(engine)
    models.load(prices={"2026-01-01": 2.0}, **rows)
    used = _newest(rows["session_snapshots"])

    for model in _COUNTED:
        found = models.rows(model, "acus", "cost")
        assert isclose(sum(acus for acus, _ in found), used, abs_tol=1e-4), model
        assert isclose(sum(cost for _, cost in found), 2 * used, abs_tol=1e-4), model
    forecast = models.rows("cycle_forecast", "acus")
    assert isclose(sum(acus for (acus,) in forecast), used, abs_tol=1e-4)
    trees = models.rows("session_tree", "session_id", "root_session_id", "tree_acus", "own_acus")
    assert [each for each, *_ in trees] == sorted(row["session_id"] for row in rows["sessions"])
    at_the_top = sum(tree for each, root, tree, _ in trees if each == root)
    assert isclose(at_the_top, used, abs_tol=1e-4)
    assert isclose(sum(own for *_, own in trees), used, abs_tol=1e-4)
    engine.close()
