"""A sync that finds nothing new costs little more than importing dlt."""

from __future__ import annotations

import ctypes
import itertools
import json
import sys
from typing import Any

import duckdb
import pyarrow as pa
import pytest

from pipelines.devin.cli import plain_sync
from pipelines.devin.demo_api import DemoServer
from tests.pipeline.conftest import Processes, Verb, ended
from tests.support.organisations import Synced

FORBIDDEN = {
    "altair",
    "click",
    "httpx._main",
    "hypothesis",
    "marimo",
    "numpy",
    "pandas",
    "pipelines.devin.cli_verbs",
    "pipelines.devin.demo",
    "pipelines.devin.report",
    "pyarrow",
    "pygments",
    "rich",
    "sources.devin.models",
    "sources.devin.models_v2",
    "sources.devin.rows",
    "sqlglot.dialects.duckdb",
    "starlette",
    "typer",
    "uvicorn",
    "vl_convert",
}
"""What takes its time to import, and is not needed to find out that nothing is new."""

SYNC = """
import atexit, json, sys
from pipelines.devin.cli import main
sys.argv = ["devin-elt", "sync"]
modules = lambda: sorted(name for name, module in sys.modules.items() if module)
atexit.register(lambda: print(json.dumps(modules())))
main()
"""

CONNECTING = """
import sys, duckdb
from pipelines.devin.cli import main
connect = duckdb.connect
def counted(*arguments, **options):
    print("connected")
    return connect(*arguments, **options)
duckdb.connect = counted
sys.argv = ["devin-elt", "sync"]
main()
"""

MEMORY_OF_A_SYNC = """
import atexit, sys
from pipelines.devin.cli import main
sys.argv = ["devin-elt", "sync"]
pool = lambda: sys.modules["pyarrow"].default_memory_pool().backend_name
atexit.register(lambda: print("pool", pool()))
main()
"""

MEMORY = """
import os, sys
from pipelines.devin.starting import keep_heaps_few
assert "pyarrow" not in sys.modules
keep_heaps_few()
import pyarrow
print(os.environ["ARROW_DEFAULT_MEMORY_POOL"], pyarrow.default_memory_pool().backend_name)
"""

HEAPS = """
import ctypes, threading
from pathlib import Path
from pipelines.devin.starting import keep_heaps_few
keep_heaps_few()
libc, count = ctypes.CDLL(None), 8
libc.fopen.restype = libc.malloc.restype = ctypes.c_void_p
barrier = threading.Barrier(count)
def allocate():
    libc.malloc(1000)
    barrier.wait(20)
threads = [threading.Thread(target=allocate) for _ in range(count)]
for thread in threads: thread.start()
for thread in threads: thread.join()
file = ctypes.c_void_p(libc.fopen(b"heaps.xml", b"w"))
libc.malloc_info(0, file)
libc.fclose(file)
print(Path("heaps.xml").read_text().count("<heap "))
"""


@pytest.fixture
def server(unchanging_server: DemoServer) -> DemoServer:
    return unchanging_server


def test_a_sync_that_finds_nothing_imports_only_what_it_takes_to_ask(
    processes: Processes, verb: Verb, synced: Synced
) -> None:
    assert verb("sync").exit_code == 0

    code, out, err = ended(processes.start(sys.executable, "-c", SYNC))

    assert (code, "nothing new" in out) == (0, True), err
    assert FORBIDDEN & set(json.loads(out.splitlines()[-1])) == set()


def test_a_sync_that_finds_nothing_makes_no_package_and_leaves_no_trace_of_one(
    verb: Verb, synced: Synced, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert verb("sync").exit_code == 0
    monkeypatch.setattr("dlt.Pipeline.extract", _refuse)

    assert "nothing new" in verb("sync").stdout


def test_a_sync_that_finds_nothing_looks_at_the_destination_all_the_same(
    processes: Processes, verb: Verb, synced: Synced
) -> None:
    assert verb("sync").exit_code == 0

    _, out, _ = ended(processes.start(sys.executable, "-c", CONNECTING))
    looks = out.splitlines().count("connected")
    with duckdb.connect(synced.warehouse.credentials) as connection:
        connection.execute("DROP SCHEMA devin CASCADE")
    again = verb("sync")

    assert 1 <= looks <= 2
    assert "loaded 250 sessions" in again.stdout


OTHERS = sorted({*pa.supported_memory_backends()} - {"system"})


@pytest.fixture
def _nothing_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ARROW_DEFAULT_MEMORY_POOL", "MALLOC_ARENA_MAX"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.usefixtures("_nothing_chosen")
@pytest.mark.parametrize("chosen", [None, *OTHERS])
def test_arrow_takes_memory_from_where_all_do_unless_told_otherwise(
    processes: Processes, chosen: str | None
) -> None:
    told = {"ARROW_DEFAULT_MEMORY_POOL": chosen} if chosen else {}

    code, out, err = ended(processes.start(sys.executable, "-c", MEMORY, **told))

    assert (code, out.split()) == (0, [chosen or "system"] * 2), err


@pytest.mark.usefixtures("_nothing_chosen")
def test_so_it_does_in_a_sync(processes: Processes, synced: Synced) -> None:
    code, out, err = ended(processes.start(sys.executable, "-c", MEMORY_OF_A_SYNC))

    assert (code, out.splitlines()[-1]) == (0, "pool system"), err


@pytest.mark.skipif(
    not hasattr(ctypes.CDLL(None), "malloc_info"), reason="only glibc tells of its heaps"
)
@pytest.mark.usefixtures("_nothing_chosen")
@pytest.mark.parametrize(("chosen", "expected"), [(None, 3), ("5", 5)])
def test_threads_share_three_heaps_unless_told_otherwise(
    processes: Processes, chosen: str | None, expected: int
) -> None:
    told = {"MALLOC_ARENA_MAX": chosen} if chosen else {}

    code, out, err = ended(processes.start(sys.executable, "-c", HEAPS, **told))

    assert (code, out.strip()) == (0, str(expected)), err


PLAIN = (["--json"], ["--strict"], ["--debug"], ["--destination", "x"], ["--dataset", "y"])


@pytest.mark.parametrize("number", range(len(PLAIN) + 1))
def test_what_is_read_without_typer_is_what_typer_reads(
    verb: Verb, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    told: list[dict[str, Any]] = []
    monkeypatch.setattr(
        "pipelines.devin.cli_verbs.run_sync",
        lambda *names, **flags: told.append({"names": names, **flags}),
    )
    for chosen in itertools.combinations(PLAIN, number):
        words = [word for option in chosen for word in option]

        assert verb("sync", *words).exit_code == 0
        read = plain_sync(["sync", *words])
        assert read is not None

        names = (read.pop("destination", "duckdb"), read.pop("dataset", "devin"), None, "text")
        flags = dict.fromkeys(("strict", "as_json", "debug"), False)
        assert told.pop() == {"names": names, **flags, **read}


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["--help"],
        ["status"],
        ["sync", "--help"],
        ["sync", "--every", "15m"],
        ["sync", "--log-format", "json"],
        ["sync", "--dataset"],
        ["sync", "--dataset", ""],
        ["sync", "--dataset", "--json"],
        ["sync", "--dataset=copy"],
        ["sync", "--destination", " duckdb"],
        ["sync", "more"],
        ["sync", "--jso"],
        ["--debug", "sync"],
    ],
)
def test_all_else_is_left_to_typer(arguments: list[str]) -> None:
    assert plain_sync(arguments) is None


def _refuse(*_: object, **__: object) -> None:
    raise AssertionError("a load package was made")
