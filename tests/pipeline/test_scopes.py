"""Several scopes in one warehouse: each is loaded, and fails, on its own."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from pipelines.devin.demo_api import DemoServer, Fault, World
from tests.pipeline.conftest import Verb, configure
from tests.support.isolation import reset_dlt
from tests.support.organisations import Synced
from tests.support.truth import bare

ORGS = ("org-a", "org-b", "org-c")
DONE_BY = "Ask an administrator of the organisation to grant it to the token's service user."


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[DemoServer]:
    with DemoServer(World.build(120, org_ids=ORGS)) as server:
        configure(server, monkeypatch)
        order(monkeypatch, ORG_IDS=json.dumps(ORGS))
        yield server


def order(monkeypatch: pytest.MonkeyPatch, **options: str) -> None:
    """Configure the source."""
    for name, value in options.items():
        monkeypatch.setenv(f"SOURCES__DEVIN__{name}", value)
    reset_dlt()


def organisations(synced: Synced) -> list[str]:
    """The organisations that have rows."""
    return sorted({row["org_id"] for row in synced.warehouse.rows("sessions")})


def outcomes(stdout: str) -> dict[str, str]:
    return {run["scope"]: run["outcome"] for run in json.loads(stdout)["runs"]}


def status(verb: Verb) -> dict[str, dict[str, Any]]:
    found = json.loads(verb("status", "--json").stdout)["scopes"]
    return {scope["scope"]: scope for scope in found}


def complaints(stderr: str) -> list[str]:
    return [line for line in stderr.splitlines() if line.startswith("error: ")]


def test_one_that_may_not_be_read_fails_alone_and_is_named_with_the_reason(
    verb: Verb, synced: Synced
) -> None:
    synced.server.settings.readable_orgs = frozenset({"org-a", "org-c"})

    result = verb("sync", "--json")

    error = (
        "1 of 3 scopes failed: v3/org-b: the token is valid, but may not list the sessions of "
        "organisation org-b: it needs ViewOrgSessions there (GET "
        "/v3/organizations/org-b/sessions was refused with HTTP 403: Forbidden: The permission "
        f"ViewOrgSessions is missing in org-b.). {DONE_BY}"
    )
    assert (result.exit_code, complaints(result.stderr)) == (1, [f"error: {error}"])
    assert outcomes(result.stdout) == {
        "v3/org-a": "loaded",
        "v3/org-b": "failed",
        "v3/org-c": "loaded",
    }
    assert [json.loads(result.stdout)[name] for name in ("outcome", "error")] == ["failed", error]
    assert organisations(synced) == ["org-a", "org-c"]


def test_one_that_is_unknown_fails_alone(
    verb: Verb, synced: Synced, monkeypatch: pytest.MonkeyPatch
) -> None:
    order(monkeypatch, ORG_IDS='["org-a", "org-nope"]')

    result = verb("sync")

    [error] = complaints(result.stderr)
    assert result.exit_code == 1
    assert error.startswith(
        "error: 1 of 2 scopes failed: v3/org-nope: organisation org-nope is unknown to http"
    )
    assert result.stdout.splitlines()[1] == "v3/org-nope: failed; nothing new is loaded."
    assert organisations(synced) == ["org-a"]


def test_it_is_caught_up_on_once_it_may_be_read_again(verb: Verb, synced: Synced) -> None:
    synced.server.settings.readable_orgs = frozenset({"org-a", "org-c"})
    verb("sync")
    failed = status(verb)["v3/org-b"]
    synced.server.settings.readable_orgs = None

    result = verb("sync", "--json")

    assert ([cycle["outcome"] for cycle in failed["last_cycles"]], failed["covered"]) == (
        ["failed"],
        [],
    )
    assert (result.exit_code, outcomes(result.stdout)["v3/org-b"]) == (0, "loaded")
    assert synced.differences() == {}


def test_where_none_may_be_read_nothing_is_made(verb: Verb, synced: Synced) -> None:
    synced.server.settings.readable_orgs = frozenset()

    result = verb("sync")

    [error] = complaints(result.stderr)
    assert (result.exit_code, result.stdout) == (1, "")
    assert error.startswith("error: 3 of 3 scopes failed: v3/org-a: the token is valid, but ")
    assert synced.warehouse.columns("sessions") == []


def test_a_schedule_goes_on_and_complains_each_time(
    verb: Verb, synced: Synced, monkeypatch: pytest.MonkeyPatch
) -> None:
    cycles: list[float] = []

    def next_cycle(seconds: float) -> None:
        cycles.append(seconds)
        synced.world.add("org-c", title="New")
        synced.world.clock.advance(60)
        if len(cycles) == 3:
            raise KeyboardInterrupt

    monkeypatch.setattr("pipelines.devin.schedule.repeat.__defaults__", (lambda: 0.0, next_cycle))
    synced.server.settings.readable_orgs = frozenset({"org-a", "org-c"})

    result = verb("sync", "--every", "1h", "--json")

    told = complaints(result.stderr)
    assert (result.exit_code, len(told), len(set(told))) == (0, 3, 1)
    assert [outcomes(line)["v3/org-c"] for line in result.stdout.splitlines()] == ["loaded"] * 3


def test_one_that_is_taken_out_keeps_its_rows(
    verb: Verb, synced: Synced, monkeypatch: pytest.MonkeyPatch
) -> None:
    verb("sync")
    order(monkeypatch, ORG_IDS='["org-a"]')
    synced.world.clock.advance(86_400)

    result = verb("sync", "--json")

    assert (result.exit_code, list(outcomes(result.stdout))) == (0, ["v3/org-a"])
    assert list(status(verb)) == ["v3/org-a", "v3/org-b", "v3/org-c"]
    assert synced.differences() == {}


def test_other_filters_are_a_scope_of_their_own(
    verb: Verb, synced: Synced, monkeypatch: pytest.MonkeyPatch
) -> None:
    order(monkeypatch, ORG_IDS='["org-a"]', TAGS='["backend"]')
    verb("sync")
    order(monkeypatch, TAGS="[]")
    verb("sync")

    scopes = status(verb)

    assert list(scopes) == ["v3/org-a?tags=backend", "v3/org-a"]
    assert [len(scope["covered"]) for scope in scopes.values()] == [1, 1]
    assert len(synced.warehouse.rows("sessions")) == 40


def test_an_earlier_start_date_fills_the_hole_and_reads_nothing_else(
    verb: Verb, synced: Synced, monkeypatch: pytest.MonkeyPatch
) -> None:
    order(monkeypatch, ORG_IDS='["org-a"]', START_DATE="2026-05-01")
    verb("sync")
    order(monkeypatch, START_DATE="2026-04-01")
    synced.server.requests.clear()

    result = verb("sync", "--json")

    april = {
        bare(item["session_id"])
        for item in synced.world.items("org-a")
        if 1_775_001_600 <= item["created_at"] < 1_777_593_600
    }
    whole = [
        query for query in synced.listed() if {"updated_after", "session_ids"}.isdisjoint(query)
    ]
    [run] = json.loads(result.stdout)["runs"]
    assert run["rows"]["sessions"] == len(april)
    assert sorted(query["created_after"] for query in whole) == ["1775001599", "1782820798"]
    assert {row["session_id"] for row in synced.warehouse.rows("sessions")} >= april


LONG = {"PAGE_SIZE": "10", "COMMIT_EVERY": "20", "CONCURRENCY": "1", "RETRY_ATTEMPTS": "1"}


@pytest.mark.parametrize(("status_code", "code"), [(503, 1), (400, 2), (401, 2)])
def test_what_a_long_load_had_finished_when_it_failed_stays_loaded(
    verb: Verb,
    synced: Synced,
    monkeypatch: pytest.MonkeyPatch,
    status_code: int,
    code: int,
) -> None:
    order(monkeypatch, ORG_IDS='["org-a"]', **LONG)
    synced.server.faults.push(None, None, None, Fault(status=status_code))

    failed = verb("sync", "--json")
    loaded = len(synced.warehouse.rows("sessions"))
    synced.server.requests.clear()
    result = verb("sync", "--json")

    [run] = json.loads(result.stdout)["runs"]
    [error] = complaints(failed.stderr)
    assert (failed.exit_code, f"HTTP {status_code}" in error) == (code, True)
    assert json.loads(failed.stdout)["error"] == error.removeprefix("error: ")
    # A page begins with the last second of the one before, so that one session comes twice.
    assert (result.exit_code, 20 < loaded < 30) == (0, True)
    assert run["rows"]["sessions"] in (40 - loaded, 41 - loaded)
    assert synced.differences([*synced.world.items("org-a")]) == {}


def enterprise(monkeypatch: pytest.MonkeyPatch, **options: str) -> None:
    monkeypatch.delenv("SOURCES__DEVIN__ORG_IDS")
    order(monkeypatch, API_VERSION="v2", **options)


def test_v2_is_one_scope_of_all_organisations(
    verb: Verb, synced: Synced, monkeypatch: pytest.MonkeyPatch
) -> None:
    enterprise(monkeypatch, API_KEY="apk_user_demo")

    result = verb("sync")

    assert (result.exit_code, list(status(verb))) == (0, ["v2/enterprise"])
    assert result.stdout.startswith("v2/enterprise: loaded 120 sessions, ")
    assert organisations(synced) == list(ORGS)
    assert synced.differences(api_version="v2") == {}


@pytest.mark.parametrize("name", ["sync", "check"])
def test_v2_with_the_key_of_a_service_user_says_which_key_it_takes(
    verb: Verb, server: DemoServer, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    enterprise(monkeypatch)

    result = verb(name)

    assert result.exit_code == 2
    assert (
        "v2 of the API takes the personal key of an Enterprise Admin only (GET "
        "/v2/enterprise/sessions was refused with HTTP 403: Forbidden: The token is not valid.). "
        "Put such a key (it begins with apk_user_) into SOURCES__DEVIN__API_KEY. With a service "
        'user key (cog_) read v3: api_version = "v3" under [sources.devin] in .dlt/config.toml.\n'
    ) in result.output


def test_v2_is_checked_as_a_scope(
    verb: Verb, server: DemoServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    enterprise(monkeypatch, API_KEY="apk_user_demo")

    assert verb("check").stdout.splitlines()[:3] == [
        "ok    configuration",
        "ok    token",
        "ok    scope v2/enterprise",
    ]
