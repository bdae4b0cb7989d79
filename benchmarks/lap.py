"""One contender doing its task once: its folder before, the clock around it, the rows after."""

import os
import shutil
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import duckdb

from .cases import A_MONTH, Case, Entrant, Task
from .contenders import Contender
from .measuring import Measured, measure
from .prepared import TOKEN, Change, Desk, PreparedServer, Served
from .stock import ORG_ID


@dataclass(frozen=True)
class Lap:
    """What came of it.

    Attributes:
        entrant: Whose it is.
        round: In which round, counted from 1.
        measured: What it took.
        served: What it made the server do.
        load: How busy the machine was in the minute until its end, others included.
        fault: Why it does not count; None if it does.
    """

    entrant: str
    round: int
    measured: Measured
    served: Served
    load: float
    fault: str | None

    def as_json(self) -> dict[str, Any]:
        """For the file of results, with as many digits as mean something."""
        figures = {name: round(value, 4) for name, value in asdict(self.measured).items()}
        served = {
            "requests": self.served.requests,
            "bytes": self.served.sent,
            "server_processor": round(self.served.processor, 4),
        }
        rest = {"load_average": round(self.load, 2), "fault": self.fault}
        return {"entrant": self.entrant, "round": self.round} | figures | served | rest


class Track:
    """Where the laps of a case are run.

    Args:
        case: The case.
        contenders: Everybody who takes part, by name.
        servers: The API, by its number of sessions.
        folder: Where the folders of all entrants go.
    """

    def __init__(
        self,
        case: Case,
        contenders: dict[str, Contender],
        servers: dict[int, PreparedServer],
        folder: Path,
    ) -> None:
        self._case = case
        self._contenders = contenders
        self._servers = servers
        self._folder = folder
        self._changes: dict[int, Change] = {}
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)

    def load(self, entrant: Entrant) -> None:
        """Load a folder for an entrant that is to find one, untimed.

        Raises:
            RuntimeError: It did not load what there is.
        """
        lap = self._run(entrant, Task.FIRST, 0)
        if lap.fault:
            raise RuntimeError(f"{entrant.name} could not load a folder: {lap.fault}")
        self._home(entrant).rename(self._loaded(entrant))

    def change(self) -> None:
        """Let the sessions of all servers change, as the case has it."""
        question = partial(Desk.change, share=self._case.changed)
        self._changes = {size: server.ask(question) for size, server in self._servers.items()}

    def lap(self, entrant: Entrant, number: int) -> Lap:
        """Run an entrant in a fresh folder, or a fresh copy of the loaded one."""
        if entrant.task is not Task.FIRST:
            # To the path where it was loaded: some programs write down where they are.
            shutil.copytree(self._loaded(entrant), self._home(entrant), symlinks=True)
        lap = self._run(entrant, entrant.task, number)
        shutil.rmtree(self._home(entrant))
        return lap

    def _run(self, entrant: Entrant, task: Task, number: int) -> Lap:
        contender, home = self._contenders[entrant.contender], self._home(entrant)
        server = self._servers[entrant.sessions]
        home.mkdir(exist_ok=True)
        told = contender.environment(server.base_url, TOKEN, ORG_ID, home)
        if entrant.walkers:
            told |= {"SOURCES__DEVIN__CONCURRENCY": str(entrant.walkers)}
        command = contender.command
        if task is Task.BACKFILL:
            command = [*command[:-1], "backfill", *A_MONTH]  # in place of `sync`
        os.sync()  # what the lap before left to be written is not this one's to wait for
        server.ask(Desk.reset)
        measured = measure(command, told, home, self._output(entrant))
        served = server.ask(Desk.served)
        fault = self._fault(entrant, measured)
        return Lap(entrant.name, number, measured, served, os.getloadavg()[0], fault)

    def _fault(self, entrant: Entrant, measured: Measured) -> str | None:
        contender = self._contenders[entrant.contender]
        if measured.status:
            # The next round overwrites the rest of it.
            said = self._output(entrant).read_text(errors="replace").strip().splitlines()
            last = said[-1].replace(str(self._home(entrant)), ".") if said else "nothing was said"
            return f"exit status {measured.status}: {last}"
        if not contender.sessions_table:
            return None
        count = f"SELECT count(*) FROM {contender.sessions_table}"
        path = self._home(entrant) / contender.database
        with duckdb.connect(str(path), read_only=True) as connection:
            loaded = _number(connection, count)
            if loaded != entrant.sessions:
                return f"{loaded:,} sessions loaded, and there are {entrant.sessions:,}"
            change = self._changes.get(entrant.sessions)
            if change is None or contender.updated_column is None:
                return None
            newest = f"{count} WHERE {contender.updated_column} = {change.at}"
            found = _number(connection, newest)
        if found != change.sessions:
            return f"{found:,} changed sessions loaded, and there are {change.sessions:,}"
        return None

    def _output(self, entrant: Entrant) -> Path:
        """What it said in its last lap."""
        return self._folder / f"{self._home(entrant).name}.txt"

    def _home(self, entrant: Entrant) -> Path:
        return self._folder / entrant.name.replace(", ", "-").replace(" ", "-").replace(",", "")

    def _loaded(self, entrant: Entrant) -> Path:
        home = self._home(entrant)
        return home.with_name(f"{home.name}.loaded")


def _number(connection: duckdb.DuckDBPyConnection, query: str) -> int:
    row = connection.execute(query).fetchone()
    return int(row[0]) if row else 0
