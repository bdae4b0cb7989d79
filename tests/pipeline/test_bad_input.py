"""Whatever is wrong is said in one error on stderr, with what to do about it, and an exit code."""

from __future__ import annotations

import errno
import os
import re
import resource
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipelines.devin.demo_api import DemoServer, Fault
from pipelines.devin.failures import explained
from tests.pipeline.conftest import PROGRAM, Processes, Verb, ended, lines_until
from tests.support.organisations import Synced

KEY = (
    "Put a valid service user key (it begins with cog_) into SOURCES__DEVIN__API_KEY, or into "
    "api_key under [sources.devin] in .dlt/secrets.toml."
)
RESUMES = (
    "Check base_url under [sources.devin] and the network, then run again: it continues by itself "
    "where it stopped."
)
REPORT = "Please report it with this message."
CHECK = (
    "Check the destination and its credentials (devin-elt check), then run again: what is read "
    "already is kept, and loaded first."
)
LISTING = "/v3/organizations/org-demo/sessions"

Fails = Callable[..., str]


@pytest.fixture
def server(unchanging_server: DemoServer) -> DemoServer:
    return unchanging_server


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCES__DEVIN__RETRY_ATTEMPTS", "1")


@pytest.fixture
def fails(verb: Verb, server: DemoServer, monkeypatch: pytest.MonkeyPatch) -> Fails:
    """Runs a sync that must fail: gives its one error; the rest of stderr is our own log."""

    def fails(code: int, *arguments: str, **settings: str) -> str:
        for name, value in settings.items():
            monkeypatch.setenv(name, value)
        result = verb("sync", *arguments)
        *log, last = result.stderr.splitlines()
        assert (result.exit_code, result.stdout) == (code, "")
        assert [line for line in log if " INFO " not in line] == []
        assert last.startswith("error: ")
        assert settings.get("SOURCES__DEVIN__API_KEY", "cog_demo") not in last or code == 0
        return last.removeprefix("error: ").replace(server.base_url, "<demo>")

    return fails


def test_no_token(fails: Fails, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SOURCES__DEVIN__API_KEY")

    assert fails(2) == f"no token is configured: api_key is missing. {KEY}"


def test_a_token_that_could_not_be_one(fails: Fails) -> None:
    assert fails(2, SOURCES__DEVIN__API_KEY="cog two words") == (
        f"api_key is malformed: it holds characters no key has. {KEY}"
    )


@pytest.mark.parametrize("org_ids", ["[]", '["org-demo"]'], ids=["none given", "given"])
def test_a_token_that_is_rejected_with_403(fails: Fails, org_ids: str) -> None:
    error = fails(2, SOURCES__DEVIN__API_KEY="cog_wrong", SOURCES__DEVIN__ORG_IDS=org_ids)

    assert error == (
        "the API does not accept the token: "
        f"GET /v3/self was refused with HTTP 403: Forbidden: The token is not valid. {KEY}"
    )


def test_a_token_that_is_rejected_with_401(fails: Fails, server: DemoServer) -> None:
    server.faults.push(Fault(status=401))

    assert fails(2) == (
        "the API does not accept the token: "
        "GET /v3/self was refused with HTTP 401: Unauthorized: This answer was ordered by a test. "
        + KEY
    )


def test_an_organisation_that_is_unknown(fails: Fails) -> None:
    assert fails(2, SOURCES__DEVIN__ORG_IDS='["org-nope"]') == (
        "organisation org-nope is unknown to <demo> (GET /v3/organizations/org-nope/sessions was "
        "refused with HTTP 404: Not Found: There is no organization org-nope.). Correct org_ids "
        "under [sources.devin] in .dlt/config.toml (or SOURCES__DEVIN__ORG_IDS)."
    )


def test_a_permission_that_is_missing_is_named(fails: Fails, server: DemoServer) -> None:
    server.settings.readable_orgs = frozenset()

    assert fails(1, SOURCES__DEVIN__ORG_IDS='["org-demo"]') == (
        "the token is valid, but may not list the sessions of organisation org-demo: it needs "
        f"ViewOrgSessions there (GET {LISTING} was refused with HTTP 403: Forbidden: The "
        "permission ViewOrgSessions is missing in org-demo.). Ask an administrator of the "
        "organisation to grant it to the token's service user."
    )


def test_a_start_date_in_the_future(fails: Fails, server: DemoServer) -> None:
    tomorrow = str(server.world.clock.now + 86_400)

    error = fails(2, SOURCES__DEVIN__START_DATE=tomorrow)

    assert re.sub(r"8640\d s", "a day", error) == (
        "start_date is in the future: by the API's clock it is a day away. Correct start_date "
        "under [sources.devin] in .dlt/config.toml."
    )


def test_a_start_date_that_is_unreadable(fails: Fails) -> None:
    assert fails(2, SOURCES__DEVIN__START_DATE="soon") == (
        "start_date is wrong: 'soon' is not a date such as 2026-03-01 or 2026-03-01T08:00:00Z. "
        "Correct start_date under [sources.devin] in .dlt/config.toml, or "
        "SOURCES__DEVIN__START_DATE."
    )


def test_an_option_of_another_type(fails: Fails) -> None:
    assert fails(2, SOURCES__DEVIN__PAGE_SIZE="lots") == (
        "page_size is wrong: 'lots' is not a whole number. Correct it where it is set: page_size "
        "in .dlt/config.toml, or a variable that ends in __PAGE_SIZE."
    )


def test_a_host_that_is_unreachable(fails: Fails) -> None:
    assert fails(
        1, SOURCES__DEVIN__BASE_URL="http://127.0.0.1:9", SOURCES__DEVIN__RETRY_ATTEMPTS="2"
    ) == (
        "GET http://127.0.0.1:9/v3/self failed after 2 attempts: ConnectError: [Errno 111] "
        f"Connection refused. {RESUMES}"
    )


def test_html_instead_of_json(fails: Fails, server: DemoServer) -> None:
    server.faults.push(None, Fault(html=True))

    assert fails(1) == (
        f"GET <demo>{LISTING} failed after 1 attempt: not JSON: Expecting value: line 1 column 1 "
        "(char 0); the body begins: <html><head><title>Gateway Time-out</title></head><body><h1>"
        "upstream</h1></body></html>. Check base_url under [sources.devin]: a proxy or another "
        "server may be answering. If it is right, please report this message."
    )


def test_an_endless_cursor(verb: Verb, server: DemoServer) -> None:
    cursors: list[str] = []

    def endless(envelope: dict[str, Any]) -> dict[str, Any]:
        cursors.append(envelope.get("end_cursor") or cursors[0])
        return envelope | {"has_next_page": True, "end_cursor": cursors[0]}

    server.settings.order = "updated_desc"  # else no cursor is followed
    server.settings.transform = endless

    result = verb("sync")

    assert result.exit_code == 1
    assert result.stdout.startswith("v3/org-demo: failed; till then it loaded 250 sessions, ")
    error = re.sub(r"page \d names cursor '[^']+'", "a page names a cursor", result.stderr)
    assert error.splitlines()[-1] == (
        "error: v3/org-demo: a page names a cursor, which this walk has followed already: the "
        f"pages repeat themselves. {REPORT}"
    )


def test_a_server_that_ignores_filters(fails: Fails, server: DemoServer) -> None:
    def unfiltered(envelope: dict[str, Any]) -> dict[str, Any]:
        stranger = {"session_id": "old", "created_at": 1, "updated_at": 2}
        return envelope | {"items": [envelope["items"][0] | stranger]}

    server.settings.transform = unfiltered

    assert fails(1) == (
        "v3/org-demo was asked for created_after=1704067199, and returned session old (created 1, "
        "updated 2), which that excludes. This API version does not apply that filter, so what it "
        "returns cannot be trusted to be complete. Remove the filter, or report it with this "
        "message."
    )


def test_a_pause_that_is_too_long(fails: Fails, server: DemoServer) -> None:
    server.faults.push(None, Fault(status=429, headers={"Retry-After": "4000"}))

    error = fails(1, SOURCES__DEVIN__RETRY_ATTEMPTS="2")

    assert " HTTP 429: Too Many Requests" in error
    assert "Run again in 4000 s" in error
    assert "retry_budget" in error


def test_a_configuration_file_that_is_broken(processes: Processes) -> None:
    processes.folder /= "project"
    (processes.folder / ".dlt").mkdir(parents=True)
    (processes.folder / ".dlt" / "config.toml").write_text("[sources.devin\n")

    code, out, err = processes.run("sync")

    [error] = err.splitlines()
    assert (code, out) == (2, "")
    assert error.startswith("error: the configuration cannot be read: A problem encountered when ")
    assert error.endswith(" at line 1 col 14. Correct it in .dlt/ or in the environment.")


def test_a_destination_that_is_unknown(fails: Fails) -> None:
    assert fails(2, "--destination", "ducky") == (
        "there is no destination 'ducky'. Name one that dlt has: duckdb, postgres, ..."
    )


def test_a_destination_whose_driver_is_missing(fails: Fails) -> None:
    address = "clickhouse://loader:password@127.0.0.1:9000/db"

    error = fails(2, "--destination", "clickhouse", DESTINATION__CLICKHOUSE__CREDENTIALS=address)

    assert error == (
        "the clickhouse destination needs 'dlt[clickhouse]', which is not installed. Install it "
        "into the same environment: pip install 'dlt[clickhouse]'"
    )


def test_a_destination_without_credentials(fails: Fails) -> None:
    assert fails(2, "--destination", "postgres") == (
        "the credentials of destination postgres are missing or incomplete. Put them into "
        "DESTINATION__POSTGRES__CREDENTIALS, or under [destination.postgres] in .dlt/secrets.toml."
    )


def test_credentials_that_are_unreadable(fails: Fails) -> None:
    error = fails(2, "--destination", "postgres", DESTINATION__POSTGRES__CREDENTIALS="hidden:9/db")

    assert error == (
        "the configuration cannot be read: The expected representation for PostgresCredentials is "
        "a standard database connection string with the following format: "
        "postgresql://username:password@host:port/database. Correct it in .dlt/ or in the "
        "environment."
    )


def test_a_postgres_that_is_down(fails: Fails) -> None:
    address = "postgresql://loader:hidden@127.0.0.1:9/db"

    error = fails(1, "--destination", "postgres", DESTINATION__POSTGRES__CREDENTIALS=address)

    assert error == (
        'the destination failed: connection to server at "127.0.0.1", port 9 failed: Connection '
        f"refused. {CHECK}"
    )


def test_a_destination_that_cannot_replace_tags(fails: Fails) -> None:
    error = fails(2, "--destination", "filesystem", DESTINATION__FILESYSTEM__BUCKET_URL="lake")

    assert error == (
        "destination filesystem does not merge by delete-insert (it offers: upsert, insert-only, "
        "cdc), so a tag that was taken off would stay. Choose a destination that merges by "
        "delete-insert: DuckDB, Postgres, or a warehouse."
    )


def test_a_duckdb_file_with_the_name_of_the_dataset(fails: Fails) -> None:
    assert fails(2, DESTINATION__DUCKDB__CREDENTIALS="devin.duckdb") == (
        "the DuckDB file devin.duckdb has the name of the dataset, devin, which DuckDB cannot "
        "tell apart. Name the file differently (DESTINATION__DUCKDB__CREDENTIALS) or choose "
        "another --dataset."
    )


def test_a_file_that_is_no_duckdb(fails: Fails, tmp_path: Path) -> None:
    path = tmp_path / "x.duckdb"
    path.write_text("plain text" * 1000)

    assert fails(1, DESTINATION__DUCKDB__CREDENTIALS=str(path)) == (
        f'the destination failed: IO Error: The file "{path}" exists, but it is not a valid '
        f"DuckDB database file. {CHECK}"
    )


def test_a_duckdb_file_that_another_process_holds(
    fails: Fails, processes: Processes, synced: Synced
) -> None:
    path = synced.warehouse.credentials
    script = f"import duckdb, time; held = duckdb.connect({path!r}); print('held'); time.sleep(600)"
    holder = processes.start(sys.executable, "-c", script)
    lines_until(holder.stdout, "held")

    assert fails(1) == (
        f"the DuckDB file {path} is open in process {holder.pid}. Close what has the file open "
        "(a DuckDB shell, a notebook), then run again."
    )


def test_a_working_folder_that_cannot_be_one(fails: Fails, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    error = fails(1, DLT_DATA_DIR=str(tmp_path / "file"))

    assert error == (
        f"Not a directory: {tmp_path}/file/pipelines/devin_warehouse/state.json. Make room or "
        "correct the permissions, or name another folder in DLT_DATA_DIR; then run again: it "
        "continues from what is loaded."
    )


@pytest.mark.parametrize("number", [errno.EACCES, errno.ENOSPC, errno.EROFS])
def test_a_disk_that_refuses_to_be_written(number: int) -> None:
    told = explained(OSError(number, os.strerror(number), "folder/file"))

    assert str(told).startswith(f"{os.strerror(number)}: folder/file. Make room or correct the ")
    assert told is not None
    assert told.exit_code == 1


def test_a_disk_that_is_full_loses_nothing(processes: Processes, synced: Synced) -> None:
    """A limit on the size of files stands in for it: the system refuses a write half way."""
    code = (
        "import os, resource, signal, sys; signal.signal(signal.SIGXFSZ, signal.SIG_IGN); "
        f"resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, {resource.RLIM_INFINITY})); "
        f"os.execv({PROGRAM!r}, [{PROGRAM!r}, 'sync'])"
    )

    full, out, err = ended(processes.start(sys.executable, "-c", code))
    again, _, _ = processes.run("sync")

    assert (full, out, again) == (1, "", 0)
    assert "Traceback" not in err
    assert err.splitlines()[-1].startswith("error: ")
    assert synced.differences() == {}


@pytest.mark.parametrize("name", ["sync", "backfill", "status", "check"])
def test_a_time_zone_of_the_scheduler_that_is_none(processes: Processes, name: str) -> None:
    assert processes.run(name, DLT_INTERVAL_TIMEZONE="Mars") == (
        2,
        "",
        "error: 'Mars' is not a time zone. Correct or unset DLT_INTERVAL_TIMEZONE.\n",
    )


def test_an_unknown_verb_or_option(verb: Verb) -> None:
    assert verb("sink").exit_code == 2
    assert verb("sync", "--evry", "5s").exit_code == 2


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ("5x", "'5x' is not a duration such as 90s, 15m, 1h or 7d."),
        ("0", "'0' is shorter than 1s."),
    ],
)
def test_an_interval_that_is_none(verb: Verb, given: str, problem: str) -> None:
    result = verb("sync", "--every", given)

    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.splitlines()[-1] == f"Error: Invalid value for '--every': {problem}"


def test_a_dataset_without_a_name(verb: Verb) -> None:
    result = verb("sync", "--dataset", "")

    assert result.exit_code == 2
    assert result.stderr.splitlines()[-1] == "Error: Invalid value for '--dataset': it is empty."


def test_a_traceback_is_shown_with_debug_and_the_exit_code_is_the_same(
    verb: Verb, server: DemoServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCES__DEVIN__API_KEY", "cog_wrong")

    result = verb("sync", "--debug")

    assert result.exit_code == 2
    assert "Traceback (most recent call last)" in result.stderr
    assert result.stderr.splitlines()[-1].startswith("error: the API does not accept the token")
    assert "cog_wrong" not in result.stderr


def test_a_defect_of_the_program_is_not_dressed_up(
    verb: Verb, server: DemoServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def defect(*_: object) -> None:
        raise LookupError("a defect")

    monkeypatch.setattr("pipelines.devin.sync.recover", defect)

    assert isinstance(verb("sync").exception, LookupError)
