"""A cycle: what it loads, what it recognises, what it puts off, and what a failure leaves."""

from collections.abc import Iterator
from email.utils import formatdate
from functools import partial
from typing import Any

import pytest
from dlt.pipeline.exceptions import PipelineStepFailed

from pipelines.devin.demo_api import DemoServer, Fault, World
from sources.devin import errors, load
from sources.devin.plan import Plan
from sources.devin.runs import Journal
from sources.devin.scope import MOST_REMEMBERED
from sources.devin.session import MARKER
from tests.support import truth
from tests.support.organisations import Synced
from tests.support.warehouse import DuckdbWarehouse

NOW = 1_780_000_000
ORG = "org-demo"


@pytest.fixture
def synced(duckdb_warehouse: DuckdbWarehouse) -> Iterator[Synced]:
    world = World.build(0, start=NOW - 1, now=NOW)
    for age in range(6):
        world.add(ORG, created_at=NOW - 10 * age - 5, updated_at=NOW - 10 * age - 5, tags=["t"])
    with DemoServer(world) as server:
        yield Synced(server, duckdb_warehouse)


def scopes(synced: Synced) -> dict[str, Any]:
    state = synced.pipeline().state["sources"]["devin"]["resources"]["sessions"]
    found: dict[str, Any] = state["scopes"]
    return found


def journal(synced: Synced) -> list[str]:
    return [run.outcome for run in Journal(synced.pipeline().working_dir).read()]


def cause(failure: BaseException) -> BaseException:
    while failure.__cause__ is not None and not isinstance(failure, errors.DevinError):
        failure = failure.__cause__
    return failure


def test_after_a_cycle_coverage_is_one_segment_from_the_start_date_to_now(synced: Synced) -> None:
    synced.sync(start_date="2026-01-01", settle="5s")
    synced.world.clock.advance(100)
    synced.world.touch(synced.items[0]["session_id"])
    synced.sync(start_date="2026-01-01", settle="5s")

    ((begin, end, as_of),) = scopes(synced)["v3/org-demo"]["coverage"]
    assert begin == int(truth.moment(0).replace(year=2026).timestamp())
    assert NOW + 98 <= end <= NOW + 100
    assert as_of == end - 5


def test_rows_that_the_overlap_brings_again_are_recognised(synced: Synced) -> None:
    synced.sync(overlap="1h")
    synced.world.add(ORG, title="new")
    synced.world.clock.advance(60)

    synced.sync(overlap="1h")

    runs = sorted(synced.warehouse.rows("sync_runs"), key=lambda run: run["started_at"])
    assert [(run["rows"].get("sessions", 0), run["unchanged"]) for run in runs] == [(6, 0), (1, 6)]


def test_a_row_that_changed_without_a_trace_in_updated_at_is_not_recognised(
    synced: Synced,
) -> None:
    synced.sync(overlap="1h")
    synced.world.touch(synced.items[0]["session_id"], bump=False, title="changed")

    synced.sync(overlap="1h")

    assert synced.differences() == {}


def test_no_more_than_so_many_rows_are_remembered_and_the_others_loaded_again(
    synced: Synced,
) -> None:
    for _ in range(MOST_REMEMBERED):
        synced.world.add(ORG)
    synced.world.clock.advance(10)
    synced.sync(overlap="1h")
    assert len(scopes(synced)["v3/org-demo"]["recent"]) == MOST_REMEMBERED

    synced.sync(overlap="1h", concurrency=1)

    last = max(synced.warehouse.rows("sync_runs"), key=lambda run: run["started_at"])
    assert (last["unchanged"], last["rows"]["sessions"]) == (MOST_REMEMBERED, 6)
    assert synced.differences() == {}


def test_idle_cycles_are_recorded_with_the_next_one_that_loads(synced: Synced) -> None:
    synced.sync()
    synced.sync()
    synced.sync()
    assert journal(synced) == ["unchanged", "unchanged"]
    synced.world.add(ORG)
    synced.world.clock.advance(10)

    synced.sync()

    runs = sorted(synced.warehouse.rows("sync_runs"), key=lambda run: run["started_at"])
    assert [run["outcome"] for run in runs] == ["loaded", "unchanged", "unchanged", "loaded"]
    synced.sync()
    assert journal(synced) == ["unchanged"]


def test_a_failed_cycle_loads_nothing_claims_nothing_and_is_recorded(synced: Synced) -> None:
    synced.sync()
    before = scopes(synced)
    synced.world.add(ORG, title="new")
    synced.world.clock.advance(10)
    synced.server.faults.push(None, Fault(status=400, body='{"detail": "no"}'))

    with pytest.raises(PipelineStepFailed) as caught:
        synced.sync()

    assert isinstance(cause(caught.value), errors.RequestRefused)
    assert scopes(synced) == before
    assert journal(synced) == ["failed"]
    synced.sync()
    assert synced.differences() == {}
    outcomes = {run["outcome"]: run["error"] for run in synced.warehouse.rows("sync_runs")}
    assert outcomes["failed"].startswith("GET /v3/organizations/org-demo/sessions was refused")


def test_retries_and_traffic_are_in_the_record(synced: Synced) -> None:
    synced.server.faults.push(Fault(status=503), Fault(status=429, headers={"Retry-After": "0"}))

    synced.sync(retry_attempts=3)

    (run,) = synced.warehouse.rows("sync_runs")
    assert (run["pages"], run["requests"], run["retries"]) == (1, 3, 2)
    assert run["bytes"] > 1_000
    assert run["versions"].keys() == {"devin_elt", "dlt", "python"}


def test_a_broken_item_is_quarantined_with_its_text_and_the_rest_loads(synced: Synced) -> None:
    victim = synced.items[2]["session_id"]
    synced.world.touch(victim, bump=False, acus_consumed="many")

    synced.sync()
    synced.sync()

    (row,) = synced.warehouse.rows("rejected_items")
    assert row["reason"].startswith("acus_consumed: Input should be a valid number")
    assert f'"session_id": "{victim}"' in row["raw"]
    assert (row["scope"], row["request"]) == (
        "v3/org-demo",
        "/v3/organizations/org-demo/sessions",
    )
    assert row["first_seen_at"] == row["last_seen_at"]
    assert len(synced.loaded("sessions")) == 5
    assert journal(synced) == ["unchanged"]


def test_a_text_that_would_pass_for_a_marker_is_rejected(synced: Synced) -> None:
    first, second, *_ = (item["session_id"] for item in synced.items)
    synced.world.touch(first, bump=False, tags=[f"{MARKER}2030-01-01"])
    url = f"{MARKER}https://github.com/a/b/pull/1"
    synced.world.touch(second, bump=False, pull_requests=[{"pr_url": url, "pr_state": None}])

    synced.sync()

    reasons = sorted(row["reason"] for row in synced.warehouse.rows("rejected_items"))
    assert reasons == [
        f"pull_requests.0.pr_url: Value error, begins with {MARKER}, which is reserved",
        f"tags.0: Value error, begins with {MARKER}, which is reserved",
    ]
    assert len(synced.loaded("sessions")) == 4


def test_when_an_item_was_first_rejected_is_remembered(synced: Synced) -> None:
    victim = synced.items[0]["session_id"]
    synced.world.touch(victim, bump=False, acus_consumed="many")
    synced.sync(overlap="1h")
    state = scopes(synced)["v3/org-demo"]
    # Once out of the overlap it is forgotten among the rows, not among the rejected.
    synced.world.clock.advance(2 * 3_600)
    synced.world.add(ORG)
    synced.world.clock.advance(10)
    synced.sync(overlap="1h")
    synced.sync(overlap="3h")

    (row,) = synced.warehouse.rows("rejected_items")
    assert list(state["rejected"]) == [row["item_hash"]]
    assert int(row["first_seen_at"].timestamp()) == state["rejected"][row["item_hash"]]


def test_a_start_date_in_the_future_is_refused_by_the_clock_of_the_api(synced: Synced) -> None:
    with pytest.raises(PipelineStepFailed) as caught:
        synced.sync(start_date="2030-01-01")

    error = cause(caught.value)
    assert isinstance(error, errors.ConfigurationError)
    assert "start_date is in the future" in str(error)


def test_one_answer_with_a_date_far_ahead_hides_nothing_for_good(synced: Synced) -> None:
    day, clock = 86_400, synced.world.clock
    synced.server.faults.push(
        Fault(
            status=200,
            headers={"Date": formatdate(NOW + 365 * day, usegmt=True)},
            body='{"items": [], "has_next_page": false, "total": 0}',
        )
    )
    synced.sync(start_date="2026-01-01")
    ahead = scopes(synced)["v3/org-demo"]["coverage"][0][2]
    clock.advance(60)
    synced.world.add(ORG, title="new")
    clock.advance(60)

    synced.sync(start_date="2026-01-01")
    synced.sync(start_date="2026-01-01")

    assert synced.differences() == {}
    ((_, end, as_of),) = scopes(synced)["v3/org-demo"]["coverage"]
    assert as_of < end <= clock.now < ahead


def test_an_older_copy_from_a_replica_that_lags_makes_no_package(synced: Synced) -> None:
    session_id = synced.items[0]["session_id"]
    old = synced.items[0]
    synced.sync(overlap="1h")
    synced.world.touch(session_id, title="new")
    synced.world.clock.advance(10)
    synced.sync(overlap="1h")
    synced.server.settings.transform = lambda page: (
        page
        | {"items": [old if item["session_id"] == session_id else item for item in page["items"]]}
    )

    lagging = synced.sync(overlap="1h")
    synced.server.settings.transform = None
    again = synced.sync(overlap="1h")

    assert (lagging.loads_ids, again.loads_ids) == ([], [])
    assert synced.differences() == {}


def test_a_newer_copy_of_what_left_in_a_batch_is_loaded_by_the_next_cycle(synced: Synced) -> None:
    newest = synced.items[0]["session_id"]

    def changes(page: int) -> None:
        if page == 2:
            synced.world.clock.advance(1)
            synced.world.touch(newest, title="changed")

    synced.server.settings.order = "updated_asc"
    synced.server.settings.before_page = changes
    synced.sync(page_size=5, batch_size=1, overlap="0s", settle="0s")
    synced.server.settings.before_page = None

    synced.sync(page_size=5, batch_size=1, overlap="0s", settle="0s")

    assert synced.differences() == {}


DAY = 86_400


def deleted(synced: Synced) -> list[str]:
    return sorted(
        row["session_id"] for row in synced.warehouse.rows("sessions") if row["deleted_at"]
    )


def test_a_rescan_finds_what_changed_without_a_trace_and_what_is_gone(synced: Synced) -> None:
    synced.sync(rescan="30d", most_deleted=1)
    changed, gone = (item["session_id"] for item in synced.items[2:4])
    synced.world.touch(changed, bump=False, title="changed")
    synced.world.remove(gone)
    synced.world.clock.advance(DAY - 100)
    synced.sync(rescan="30d")
    assert (deleted(synced), set(synced.differences())) == (
        [],
        {"sessions", "session_snapshots", "session_tags"},
    )

    synced.world.clock.advance(101)
    synced.sync(rescan="30d")

    assert deleted(synced) == [truth.bare(gone)]
    titles = {row["session_id"]: row["title"] for row in synced.warehouse.rows("sessions")}
    assert titles[truth.bare(changed)] == "changed"
    assert len(titles) == 6


def test_a_rescan_reads_no_more_than_its_days_and_only_once_in_a_while(synced: Synced) -> None:
    synced.sync(start_date="2026-01-01", rescan="7d", rescan_every="1h")
    synced.world.clock.advance(3_600)
    synced.sync(start_date="2026-01-01", rescan="7d", rescan_every="1h")
    before = len(synced.listed())

    synced.world.clock.advance(60)
    synced.sync(start_date="2026-01-01", rescan="7d", rescan_every="1h")

    whole = [query for query in synced.listed()[1:before] if "updated_after" not in query]
    tail, rescan = sorted(whole, key=lambda query: "created_before" in query)
    assert "created_before" not in tail
    assert int(rescan["created_before"]) - int(rescan["created_after"]) == 7 * DAY + 2
    assert [
        query
        for query in synced.listed()[before:]
        if "updated_after" not in query and "created_before" in query
    ] == []


def test_far_too_many_sessions_that_are_gone_fail_the_cycle_and_are_not_marked(
    synced: Synced,
) -> None:
    synced.sync(rescan="30d")
    for item in synced.items[:3]:
        synced.world.remove(item["session_id"])
    synced.world.clock.advance(DAY)

    with pytest.raises(PipelineStepFailed) as caught:
        synced.sync(rescan="30d")

    assert isinstance(cause(caught.value), errors.SpanShrank)
    assert deleted(synced) == []
    synced.sync(rescan="30d", most_deleted=1)
    assert len(deleted(synced)) == 3


def test_a_pull_request_that_is_merged_without_a_trace_is_found_by_the_next_cycle(
    synced: Synced,
) -> None:
    session_id = synced.items[3]["session_id"]
    pull_request = {"pr_url": "https://github.com/a/b/pull/1", "pr_state": "open"}
    synced.world.touch(session_id, bump=False, pull_requests=[pull_request])
    synced.sync(overlap="0s")
    synced.world.clock.advance(1_000)
    synced.world.touch(
        session_id, bump=False, pull_requests=[pull_request | {"pr_state": "merged"}]
    )

    synced.sync(overlap="0s")
    synced.world.clock.advance(1_000)
    quiet = synced.sync(overlap="0s")

    assert synced.differences() == {}
    assert [truth.bare(name) for name in synced.looked_after()] == [truth.bare(session_id)]
    assert quiet.loads_ids == []


def test_a_long_load_is_done_in_packages_one_cycle_in_all(
    duckdb_warehouse: DuckdbWarehouse,
) -> None:
    with DemoServer(World.build(400)) as server:
        synced = Synced(server, duckdb_warehouse)
        load(synced.pipeline(), **synced.options(page_size=20, commit_every=100, concurrency=1))

        assert synced.differences() == {}
        (run,) = synced.warehouse.rows("sync_runs")
        assert run["outcome"] == "loaded"
        loads = synced.warehouse.sql("select count(*) from devin._dlt_loads")
        assert loads[0][0] > 1


@pytest.mark.parametrize(("left", "packages"), [(1, 1), (4, 1), (30, 2)])
def test_a_few_sessions_that_are_left_go_with_the_package_that_is_complete(
    duckdb_warehouse: DuckdbWarehouse, left: int, packages: int
) -> None:
    with DemoServer(World.build(100 + left)) as server:
        synced = Synced(server, duckdb_warehouse)
        load(synced.pipeline(), **synced.options(page_size=20, commit_every=100, concurrency=1))

        assert synced.differences() == {}
        loads = synced.warehouse.sql("select count(*) from devin._dlt_loads")
        assert loads == [(packages,)]


def test_where_the_api_is_slow_a_package_is_complete_after_a_while(
    duckdb_warehouse: DuckdbWarehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sources.devin.assembly.Plan", partial(Plan, commit_after=0.0))
    with DemoServer(World.build(100)) as server:
        synced = Synced(server, duckdb_warehouse)
        load(synced.pipeline(), **synced.options(page_size=20, concurrency=1))

        assert synced.differences() == {}
        loads = synced.warehouse.sql("select count(*) from devin._dlt_loads")
        assert loads[0][0] > 2


def test_what_one_organisation_lacks_keeps_no_other_from_being_loaded(
    duckdb_warehouse: DuckdbWarehouse,
) -> None:
    world = World.build(60, org_ids=["org-a", "org-b", "org-c"])
    with DemoServer(world) as server:
        synced = Synced(server, duckdb_warehouse)
        server.settings.readable_orgs = frozenset({"org-a", "org-c"})

        with pytest.raises(errors.ScopesFailed) as caught:
            load(synced.pipeline(), **synced.options())

        assert [*map(type, caught.value.failed.values())] == [errors.PermissionMissing]
        told = [item for name in ("org-a", "org-c") for item in world.items(name)]
        assert synced.differences(told) == {}
        assert {run["scope"]: run["outcome"] for run in duckdb_warehouse.rows("sync_runs")} == {
            "v3/org-a": "loaded",
            "v3/org-b": "failed",
            "v3/org-c": "loaded",
        }
        server.settings.readable_orgs = None
        load(synced.pipeline(), **synced.options())
        assert synced.differences() == {}


def test_where_the_order_of_a_listing_breaks_all_is_read_again_without_relying_on_it(
    synced: Synced,
) -> None:
    for age, changed in ((100, 3), (110, 9), (120, 1)):
        synced.world.add(ORG, created_at=NOW - age, updated_at=NOW - changed)
    synced.world.clock.advance(10)

    def changes(page: int) -> None:
        if page > 2:
            synced.server.settings.order = "created_asc"

    synced.server.settings.before_page = changes
    options = {"page_size": 4, "concurrency": 1, "start_date": "2026-05-01"}

    synced.sync(**options)

    assert synced.differences() == {}
    assert scopes(synced)["v3/org-demo"]["in_order"] is False
    assert len(scopes(synced)["v3/org-demo"]["coverage"]) == 1


def test_where_fewer_sessions_came_than_were_counted_the_span_is_read_again(
    synced: Synced,
) -> None:
    for age, changed in ((100, 3), (110, 9), (120, 1)):
        synced.world.add(ORG, created_at=NOW - age, updated_at=NOW - changed)
    synced.world.clock.advance(10)
    hidden = synced.items[-2]["session_id"]

    def hides(page: dict[str, Any]) -> dict[str, Any]:
        """A listing by creation with one session out of its place, as long as it is asked so."""
        if "after" in dict(synced.server.requests[-1].query) or len(synced.server.requests) > 5:
            return page
        return page | {"items": [i for i in page["items"] if i["session_id"] != hidden]}

    synced.server.settings.transform = hides
    synced.sync(page_size=4, concurrency=1, start_date="2026-05-01")

    assert synced.differences() == {}
    assert len(synced.listed()) > 5
