"""A whole enterprise through v2, and what becomes of it beside v3."""

from collections.abc import Iterator
from typing import Any, get_args

import pytest
from dlt.common.pipeline import LoadInfo
from dlt.pipeline.exceptions import PipelineStepFailed

from pipelines.devin.demo_api import DemoServer, Fault, Settings, World
from pipelines.devin.demo_api.enterprise import PullRequestDialect
from sources.devin.errors import FilterIgnored, TokenRejected
from tests.support import truth
from tests.support.organisations import TABLES, Synced
from tests.support.warehouse import DuckdbWarehouse, Warehouse

ORGS = ("org-demo", "org_other")
ENTERPRISE_PATH = "/v2/enterprise/sessions"


@pytest.fixture
def server() -> Iterator[DemoServer]:
    with DemoServer(World.build(60, org_ids=ORGS), Settings()) as server:
        yield server


@pytest.fixture
def enterprise(server: DemoServer, duckdb_warehouse: DuckdbWarehouse) -> Synced:
    """Two organisations, read into DuckDB."""
    return Synced(server, duckdb_warehouse)


@pytest.fixture
def both(server: DemoServer, warehouse: Warehouse) -> Synced:
    """The same, read into each warehouse."""
    return Synced(server, warehouse)


def through_v2(synced: Synced, **options: Any) -> LoadInfo:
    """Load the enterprise, all of it if nothing else is said."""
    key = synced.server.settings.enterprise_token
    return synced.sync(**({"org_ids": None, "api_key": key, "api_version": "v2"} | options))


def change(synced: Synced) -> None:
    """Let a quarter of an hour pass, in which something happens to a session of each kind."""
    for item in synced.items[::7]:
        synced.world.touch(item["session_id"], tags=["changed"], acus_consumed=99.5)
    synced.world.advance(900)


@pytest.mark.parametrize("dialect", get_args(PullRequestDialect))
def test_every_session_of_every_organisation_is_loaded_in_every_dialect(
    dialect: PullRequestDialect, enterprise: Synced
) -> None:
    enterprise.server.settings.pull_request_dialect = dialect

    through_v2(enterprise, page_size=7)

    assert enterprise.differences(api_version="v2") == {}
    assert {request.path for request in enterprise.server.requests} == {ENTERPRISE_PATH}


def test_what_changed_is_caught_up_on(enterprise: Synced) -> None:
    through_v2(enterprise)
    change(enterprise)

    through_v2(enterprise)

    assert enterprise.differences(api_version="v2") == {}
    assert any("updated_date_from" in query for query in enterprise.listed())


def test_nothing_is_loaded_where_nothing_changed(enterprise: Synced) -> None:
    enterprise.world.clock.advance(30 * 86_400)
    through_v2(enterprise)

    assert through_v2(enterprise).loads_ids == []


def test_only_the_organisations_that_are_named_are_loaded(enterprise: Synced) -> None:
    through_v2(enterprise, org_ids=[ORGS[1]])

    told = enterprise.world.items(ORGS[1])
    assert enterprise.differences(told, api_version="v2") == {}


def test_a_session_of_another_organisation_ends_the_cycle(enterprise: Synced) -> None:
    def moved(envelope: dict[str, Any]) -> dict[str, Any]:
        return envelope | {"items": [item | {"org_id": "x"} for item in envelope["items"]]}

    enterprise.server.settings.transform = moved

    with pytest.raises(PipelineStepFailed) as caught:
        through_v2(enterprise, org_ids=[ORGS[0]])

    assert "was asked for org_ids" in str(cause(caught.value, FilterIgnored))


@pytest.mark.parametrize("status", [401, 403])
def test_a_key_that_v2_does_not_take_is_told_what_to_do(status: int, enterprise: Synced) -> None:
    enterprise.server.faults.push(Fault(status=status))

    with pytest.raises(PipelineStepFailed) as caught:
        through_v2(enterprise)

    assert "apk_user_" in str(cause(caught.value, TokenRejected))
    assert [request.path for request in enterprise.server.requests] == [ENTERPRISE_PATH]


def cause(failure: BaseException | None, kind: type[Exception]) -> Exception:
    while not isinstance(failure, kind):
        assert failure is not None
        failure = failure.__cause__ or failure.__context__
    return failure


# Beside v3


def test_v3_takes_the_place_of_what_v2_loaded(both: Synced) -> None:
    through_v2(both)

    both.sync()

    assert both.differences() == {}


@pytest.mark.parametrize("changed", [False, True], ids=["at the same time", "later"])
def test_v2_leaves_what_v3_loaded_as_it_is(changed: bool, both: Synced) -> None:
    both.sync()
    told = both.items
    if changed:
        change(both)
    before = {name: both.warehouse.rows(name) for name in ("sessions", "session_snapshots")}
    known = {item["session_id"].removeprefix("devin-") for item in told}

    through_v2(both)

    after = {
        name: [row for row in both.warehouse.rows(name) if row["session_id"] in known]
        for name in before
    }
    assert before["sessions"] == after["sessions"]
    assert [
        row for row in before["session_snapshots"] if row not in after["session_snapshots"]
    ] == []
    for name in ("session_tags", "session_pull_requests", "session_links"):
        expected = TABLES[name](told)
        assert expected == [row for row in both.loaded(name) if row["session_id"] in known]


def test_v2_adds_what_v3_does_not_read(both: Synced) -> None:
    first, other = (both.world.items(org_id) for org_id in ORGS)
    both.sync(org_ids=[ORGS[0]])

    through_v2(both)

    rows = both.loaded("sessions")
    of_first = [row for row in rows if row["org_id"] == ORGS[0]]
    assert truth.sessions(first) == of_first
    assert truth.sessions(truth.as_told(other, "v2"), "v2") == [
        row for row in rows if row not in of_first
    ]


def test_v3_and_v2_by_turns_end_in_what_v3_tells(both: Synced) -> None:
    for _ in range(2):
        through_v2(both)
        both.sync()
        change(both)
    through_v2(both)

    both.sync()

    assert both.differences() == {}


def test_v3_does_not_take_the_place_of_a_later_state(both: Synced) -> None:
    session_id = both.items[0]["session_id"]
    through_v2(both)
    newer = both.items[0]["updated_at"]

    def older(envelope: dict[str, Any]) -> dict[str, Any]:
        items = [
            item | {"updated_at": newer - 1, "tags": ["old"]}
            if item["session_id"] == session_id
            else item
            for item in envelope["items"]
        ]
        return envelope | {"items": items}

    both.server.settings.transform = older
    both.sync()

    bare = session_id.removeprefix("devin-")
    versions = {row["session_id"]: row["api_version"] for row in both.loaded("sessions")}
    assert [name for name, version in versions.items() if version == "v2"] == [bare]
    assert {"session_id": bare, "tag": "old"} not in both.loaded("session_tags")
