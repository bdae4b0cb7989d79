"""The tables beside the sessions: when they are read, and what becomes of what cannot be."""

from __future__ import annotations

import random
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest

from pipelines.devin.sync import sync
from sources.devin import devin, errors, load
from sources.devin.tables import TABLES
from sources.devin.usage_tables import USAGE_TABLES
from tests.support.places import MOMENTS, Died, dying
from tests.usage.conftest import EIGHT, ORG, OTHER, Api, Place

ENTERPRISE = "/v3/enterprise"
NAMES = [table.name for table in USAGE_TABLES]
ENDPOINTS = {
    "organizations": f"{ENTERPRISE}/organizations",
    "service_users": f"{ENTERPRISE}/members/service-users",
    "playbooks": f"/v3/organizations/{ORG}/playbooks",
    "consumption_daily": f"{ORG}/consumption/daily",
    "billing_cycles": f"{ENTERPRISE}/consumption/cycles",
    "acu_limits": f"{ENTERPRISE}/consumption/acu-limits/devin",
    "metrics_usage": "/metrics/usage",
    "metrics_pull_requests": "/metrics/prs",
    "session_insights": "/sessions/insights",
}
PERMISSIONS = {
    "organizations": "ManageOrganizations",
    "service_users": "ViewAccountMembership",
    "playbooks": "ManageOrgPlaybooks",
    "consumption_daily": "ManageBilling",
    "billing_cycles": "ViewAccountConsumption",
    "acu_limits": "ViewAccountConsumption",
    "metrics_usage": "ViewAccountMetrics",
    "metrics_pull_requests": "ViewAccountMetrics",
    "session_insights": "ViewOrgSessions",
}

each_endpoint = pytest.mark.parametrize("name", ENDPOINTS)


@pytest.fixture(autouse=True)
def _filled(api: Api) -> None:
    """Every endpoint has something to say."""
    api.work("s", "ann")
    api.lists |= {
        f"{ENTERPRISE}/organizations": [{"org_id": ORG, "name": "Acme"}],
        f"{ENTERPRISE}/members/users": [{"user_id": "ann", "email": "ann@acme.example"}],
        f"{ENTERPRISE}/members/idp-users": [{"user_id": "ann"}, {"user_id": "bob"}],
        f"{ENTERPRISE}/members/service-users": [{"service_user_id": "ci", "deleted_at": EIGHT}],
        f"/v3/organizations/{ORG}/playbooks": [{"playbook_id": "p", "body": "long"}],
        f"{ENTERPRISE}/consumption/cycles": [{"after": EIGHT, "before": EIGHT + 9}],
        f"{ENTERPRISE}/consumption/acu-limits/devin": [
            {"scope": "org", "org_id": ORG, "cycle_acu_limit": 9},
            {"scope": "user", "user_id": "ann", "cycle_acu_limit": 0},
        ],
        f"/v3/organizations/{ORG}/sessions/insights": [
            {"session_id": "s", "org_id": ORG, "updated_at": EIGHT}
        ],
    }
    for scope, org_id, name in (
        ("enterprise", "", "enterprise"),
        ("organization", ORG, ORG),
        ("user", ORG, "ann"),
    ):
        api.book(scope, org_id, name, EIGHT - 86_400, devin=1.5)


def everything(place: Place) -> dict[str, list[dict[str, Any]]]:
    """All tables but the one that says how much came of each."""
    return {name: place.table(name) for name in NAMES if name != "endpoint_reads"}


def outcomes(place: Place) -> set[tuple[Any, ...]]:
    names = ("endpoint", "org_id", "outcome", "permission", "rows")
    return {tuple(row[name] for name in names) for row in place.table("endpoint_reads")}


# What is read


def test_a_first_sync_fills_every_table_after_the_sessions(anywhere: Place) -> None:
    result = anywhere.sync(insights=True)

    filled = {name: len(anywhere.table(name)) for name in NAMES}
    assert filled == {
        "organizations": 1,
        "users": 2,
        "service_users": 1,
        "playbooks": 1,
        "consumption_daily": 3,
        "billing_cycles": 1,
        "acu_limits": 2,
        "metrics_usage": 13,
        "metrics_pull_requests": 13,
        "session_insights": 1,
        "endpoint_reads": 11,
    }
    assert result.usage is not None
    assert result.usage.rows == {n: rows for n, rows in filled.items() if n != "endpoint_reads"}
    assert (result.usage.denied, result.failure, len(result.load_ids)) == ([], None, 2)
    assert {row[2] for row in outcomes(anywhere)} == {"loaded"}
    times = [call.path for call in anywhere.api.calls]
    listed = [place for place, path in enumerate(times) if path.endswith("/sessions")]
    others = [times.index(call.path) for call in anywhere.api.asked()]
    assert max(listed) < min(others)


def test_a_second_reading_changes_nothing(anywhere: Place) -> None:
    anywhere.sync(insights=True)
    before = everything(anywhere)

    anywhere.sync(insights=True)

    assert everything(anywhere) == before


def test_who_has_left_stays(place: Place) -> None:
    place.sync()
    people = f"{ENTERPRISE}/members/users"
    place.api.lists[people] = [{"user_id": "cy", "name": "Cy"}]

    place.sync()

    assert [row["user_id"] for row in place.table("users")] == ["ann", "bob", "cy"]


def test_only_those_whom_no_other_list_has_are_known_through_the_identity_provider(
    place: Place,
) -> None:
    result = place.sync()

    assert result.usage is not None
    assert result.usage.rows["users"] == 2
    known = {row["user_id"]: row["from_identity_provider"] for row in place.table("users")}
    assert known == {"ann": False, "bob": True}


def test_limits_are_replaced_as_a_whole_also_by_none(anywhere: Place) -> None:
    path = f"{ENTERPRISE}/consumption/acu-limits/devin"
    anywhere.sync()
    anywhere.api.lists[path] = [{"scope": "enterprise", "cycle_acu_limit": 5}]
    anywhere.sync()

    limits = [(row["scope"], row["cycle_acu_limit"]) for row in anywhere.table("acu_limits")]
    assert limits == [("enterprise", 5.0)]

    anywhere.api.lists[path] = []
    anywhere.sync()

    assert anywhere.table("acu_limits") == []


@pytest.mark.parametrize("status", [403, 500])
def test_limits_that_cannot_be_read_stay_as_they_were(anywhere: Place, status: int) -> None:
    anywhere.sync()
    before = anywhere.table("acu_limits")
    anywhere.api.refused["/acu-limits/devin"] = (status, "No.")

    anywhere.sync()

    assert (len(before), anywhere.table("acu_limits")) == (2, before)


def test_an_item_without_its_key_is_left_out_and_told(place: Place) -> None:
    place.api.lists[f"{ENTERPRISE}/organizations"] += [{"name": "?"}, {"name": "??"}]

    place.sync()

    (note,) = [r for r in place.table("endpoint_reads") if r["endpoint"] == "organizations"]
    assert (note["outcome"], note["rows"], note["message"]) == (
        "loaded",
        1,
        "2 left out: it has no org_id",
    )


def test_each_organisation_is_read(place: Place) -> None:
    place.api.org_ids = [ORG, OTHER]
    place.api.book("organization", OTHER, OTHER, EIGHT, devin=4)
    place.api.work("other", "ann", org_id=OTHER)
    place.api.book("user", OTHER, "ann", EIGHT, devin=4)

    place.sync()

    subjects = {(row["org_id"], row["subject_id"]) for row in place.table("consumption_daily")}
    assert subjects == {
        ("", "enterprise"),
        (ORG, ORG),
        (ORG, "ann"),
        (OTHER, OTHER),
        (OTHER, "ann"),
    }


# When


def test_they_are_read_when_they_are_due(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [1_800_000_000.0]
    monkeypatch.setattr("sources.devin.wall_clock", lambda: clock[0])
    read = []
    for hours in (0, 1, 5, 5.9, 6.1, 11.9, -24):
        clock[0] = 1_800_000_000.0 + hours * 3600
        read.append(place.sync(usage_every="6h").usage is not None)

    assert read == [True, False, False, True, False, True, True]


def test_a_sync_in_between_asks_for_nothing_more_and_loads_nothing(place: Place) -> None:
    place.sync(usage_every="6h")
    place.api.calls.clear()

    result = place.sync(usage_every="6h")

    assert (place.api.asked(), result.load_ids, result.usage) == ([], [], None)


@pytest.mark.parametrize(
    "options",
    [{"usage_every": "0"}, {"backfill": ("2026-06-01", "2026-06-02")}],
    ids=["never", "in a backfill"],
)
def test_they_are_not_read(place: Place, options: dict[str, Any]) -> None:
    result = place.sync(**options)

    assert (place.api.asked(), result.usage, result.failure) == ([], None, None)
    assert place.warehouse.columns("users") == []


def test_insights_that_are_switched_on_do_not_wait(place: Place) -> None:
    place.sync(usage_every="6h")
    place.api.calls.clear()

    result = place.sync(usage_every="6h", insights=True)

    assert result.usage is not None
    assert result.usage.rows == {"session_insights": 1}
    assert {call.path for call in place.api.asked()} == {
        f"/v3/organizations/{ORG}/sessions/insights"
    }


# What cannot be read


@each_endpoint
def test_what_may_not_be_read_leaves_all_else_as_it_would_be(
    api: Api, place: Place, name: str
) -> None:
    api.refused[ENDPOINTS[name]] = (403, "Forbidden.")

    result = place.sync(insights=True)

    assert (result.failure, place.table(name)) == (None, _rest(name, place))
    assert result.usage is not None
    (denied,) = result.usage.denied
    assert (denied.table, denied.permission) == (name, PERMISSIONS[name])
    of = ORG if "{org" in ENDPOINTS[name] or denied.org_id else ""
    assert (name, of, "denied", PERMISSIONS[name], 0) in outcomes(place)
    loaded = {table for table in NAMES if place.table(table)}
    assert loaded >= set(NAMES) - {name}


def _rest(name: str, place: Place) -> list[dict[str, Any]]:
    """Of consumption, that of the enterprise is an endpoint of its own."""
    rows = place.table(name)
    return [row for row in rows if row.get("scope") == "enterprise"]


def test_the_permission_that_the_api_names_is_the_one_to_ask_for(place: Place) -> None:
    place.api.refused["/metrics/prs"] = (403, "You need ViewOrgMetrics for this.")

    result = place.sync()

    assert result.usage is not None
    assert [str(each) for each in result.usage.denied] == [
        f"metrics_pull_requests of {ORG}: needs ViewOrgMetrics"
    ]


def test_an_endpoint_that_is_not_there_is_told(place: Place) -> None:
    place.api.refused["/playbooks"] = (404, "Not found.")

    result = place.sync()

    assert (result.failure, place.table("playbooks")) == (None, [])
    assert ("playbooks", ORG, "denied", None, 0) in outcomes(place)


def test_one_organisation_that_is_denied_keeps_no_other_from_being_read(place: Place) -> None:
    place.api.org_ids = [ORG, OTHER]
    for org_id in place.api.org_ids:
        path = f"/v3/organizations/{org_id}/playbooks"
        place.api.lists[path] = [{"playbook_id": f"of {org_id}", "org_id": org_id}]
    place.api.refused[f"{ORG}/playbooks"] = (403, "No.")

    place.sync()

    assert [row["playbook_id"] for row in place.table("playbooks")] == [f"of {OTHER}"]
    assert {row for row in outcomes(place) if row[0] == "playbooks"} == {
        ("playbooks", ORG, "denied", "ManageOrgPlaybooks", 0),
        ("playbooks", OTHER, "loaded", None, 1),
    }


def test_what_was_denied_is_read_once_it_is_granted(place: Place) -> None:
    place.api.refused["/daily"] = (403, "No.")
    place.sync()
    place.api.refused.clear()

    place.sync()

    assert len(place.table("consumption_daily")) == 3
    assert {row[2] for row in outcomes(place)} == {"loaded"}


def test_people_of_the_organisations_stand_in_for_those_of_the_enterprise(place: Place) -> None:
    place.api.refused[f"{ENTERPRISE}/members/users"] = (403, "No.")
    members = f"/v3beta1/organizations/{ORG}/members"
    place.api.lists[f"{members}/users"] = [{"user_id": "dan"}]

    result = place.sync()

    assert [row["user_id"] for row in place.table("users")] == ["dan"]
    assert result.usage is not None
    assert result.usage.denied == []
    assert {row for row in outcomes(place) if row[0] == "users"} == {
        ("users", ORG, "loaded", None, 1),
    }


def test_what_no_longer_holds_is_older_than_what_was_noted_last(place: Place) -> None:
    place.api.org_ids = [ORG, OTHER]
    place.api.refused = {"/members/users": (403, "No."), f"{OTHER}/playbooks": (403, "No.")}
    place.sync()
    both = {("users", ""), ("users", ORG), ("users", OTHER), ("playbooks", OTHER)}
    assert denied_last(place) == both
    place.api.org_ids = [ORG]
    place.api.refused = {f"{ENTERPRISE}/members/users": (403, "No.")}
    place.api.now += 3600

    place.sync()

    assert denied_last(place) == set()


def denied_last(place: Place) -> set[tuple[str, str]]:
    """What is denied according to the newest rows of each endpoint."""
    rows = place.warehouse.rows("endpoint_reads")
    newest: dict[str, Any] = {}
    for row in rows:
        name = row["endpoint"]
        newest[name] = max(newest.get(name, row["read_at"]), row["read_at"])
    last = [row for row in rows if row["read_at"] == newest[row["endpoint"]]]
    return {(row["endpoint"], row["org_id"]) for row in last if row["outcome"] == "denied"}


def test_where_neither_may_be_read_the_permission_of_the_organisation_is_told(
    place: Place,
) -> None:
    place.api.refused["/members/users"] = (403, "No.")

    result = place.sync()

    assert result.usage is not None
    assert [str(each) for each in result.usage.denied] == [
        f"users of {ORG}: needs ViewOrgMembership"
    ]


@each_endpoint
def test_what_fails_leaves_all_else_as_it_would_be_and_is_asked_for_again(
    api: Api, place: Place, name: str
) -> None:
    api.refused[ENDPOINTS[name]] = (500, "Down.")

    result = place.sync(insights=True, usage_every="6h")

    assert isinstance(result.failure, errors.TablesFailed)
    assert [failed.split(" of ")[0] for failed in result.failure.failed] == [name]
    loaded = {table for table in NAMES if place.table(table)}
    assert loaded >= set(NAMES) - {name}
    assert len(place.table("sessions")) == 1

    api.refused.clear()
    api.calls.clear()
    again = place.sync(insights=True, usage_every="6h")

    assert again.failure is None
    assert again.usage is not None
    assert list(again.usage.rows) == [name]
    assert place.table(name) != []


def test_an_api_that_answers_nothing_is_not_asked_for_everything(place: Place) -> None:
    place.api.refused = dict.fromkeys(ENDPOINTS.values(), (503, "Down."))
    place.api.refused["/members/users"] = (503, "Down.")

    result = place.sync()

    assert isinstance(result.failure, errors.TablesFailed)
    assert list(result.failure.failed) == ["organizations", "users"]
    assert {call.path for call in place.api.asked()} == {
        f"{ENTERPRISE}/organizations",
        f"{ENTERPRISE}/members/users",
    }


def test_every_table_is_there_whatever_is_denied(anywhere: Place) -> None:
    anywhere.api.refused = dict.fromkeys(ENDPOINTS.values(), (403, "No."))
    anywhere.api.refused["/members/users"] = (404, "No.")

    anywhere.sync()

    for table in USAGE_TABLES:
        there = {"_dlt_load_id", *(column.name for column in table.columns)}
        assert set(anywhere.warehouse.columns(table.name)) == there


# Interrupted


@pytest.mark.parametrize(
    "moment",
    ["a package is read", "before anything is loaded", "between two tables", "before it is noted"],
)
def test_an_interrupted_reading_is_finished_by_the_next_sync(anywhere: Place, moment: str) -> None:
    anywhere.sync(usage_every="0")
    calls = 1 if moment != "between two tables" else random.Random(moment).randint(1, 5)
    with suppress(Died), dying(MOMENTS[moment], calls, lambda: None):
        anywhere.sync(insights=True)

    anywhere.sync(insights=True, usage_every="6h")

    assert [name for name in NAMES if not anywhere.table(name)] == []
    assert {row[2] for row in outcomes(anywhere)} == {"loaded"}
    assert len(anywhere.table("consumption_daily")) == 3


# Without the command line


def test_a_plain_run_reads_them_in_the_same_package(anywhere: Place) -> None:
    anywhere.pipeline.run(devin(**anywhere.options(insights=True)))
    anywhere.pipeline.run(devin(**anywhere.options(insights=True)))

    assert [name for name in NAMES if not anywhere.table(name)] == []
    assert len(anywhere.table("sessions")) == 1
    # Whose sessions there are is known from the second run on.
    assert len(anywhere.table("consumption_daily")) == 3


def test_a_plain_run_that_finds_nothing_due_makes_no_package(place: Place) -> None:
    pipeline = place.pipeline
    pipeline.run(devin(**place.options(usage_every="6h")))

    again = pipeline.run(devin(**place.options(usage_every="6h")))

    assert again.loads_ids == []


def test_a_plain_run_goes_on_without_what_fails(
    place: Place, caplog: pytest.LogCaptureFixture
) -> None:
    place.api.refused["/playbooks"] = (500, "Down.")

    place.pipeline.run(devin(**place.options()))

    assert len(place.table("sessions")) == 1
    assert any("playbooks of" in record.message for record in caplog.records)


def test_load_does_what_sync_does(place: Place) -> None:
    place.api.refused["/playbooks"] = (500, "Down.")

    with pytest.raises(errors.TablesFailed, match="but not playbooks of org-demo: GET"):
        load(place.pipeline, **place.options())

    assert len(place.table("sessions")) == 1
    assert len(place.table("users")) == 2


def test_some_of_them_may_be_selected(place: Place) -> None:
    sessions = [table.name for table in TABLES]
    source = devin(**place.options(usage_every="6h"))

    place.pipeline.run(source.with_resources(*sessions, "users"))

    assert {call.path.rpartition("/")[2] for call in place.api.asked()} == {"users", "idp-users"}
    assert len(place.table("users")) == 2

    place.api.calls.clear()
    place.pipeline.run(devin(**place.options(usage_every="6h")))

    assert f"{ENTERPRISE}/members/users" not in {call.path for call in place.api.asked()}
    assert len(place.table("playbooks")) == 1


def test_they_may_be_selected_without_the_sessions(place: Place) -> None:
    place.pipeline.run(devin(**place.options()).with_resources("billing_cycles"))

    (cycle,) = place.table("billing_cycles")
    assert cycle["starts_at"] == datetime.fromtimestamp(EIGHT, UTC)
    assert [call for call in place.api.calls if call.path.endswith("/sessions")] == []


def test_a_key_of_v2_is_tried_as_it_is(place: Place) -> None:
    place.api.refused = {"": (401, "No such token.")}
    told = place.api.answer

    def answer(call: Any) -> tuple[int, Any]:
        if call.path.startswith("/v2"):
            return 200, {"items": [], "total": 0, "skip": 0, "limit": 200, "has_more": False}
        return told(call)

    place.api.answer = answer  # type: ignore[method-assign]

    result = sync(place.pipeline, **place.options(api_version="v2"))

    assert result.failure is None
    assert result.usage is not None
    assert {denied.permission for denied in result.usage.denied} == {None}
    assert len(result.usage.denied) == 10
