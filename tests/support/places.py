"""Where a life is loaded to: by dlt into DuckDB, or into this process's memory, which is faster."""

import importlib
import json
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, cast

import pyarrow as pa
import pytest
from dlt.pipeline.exceptions import PipelineStepFailed

from pipelines.devin.sync import sync
from pipelines.devin.warehouse import scopes_of, stored_state
from sources.devin.batching import Batch
from sources.devin.client import Client
from sources.devin.coverage import Span
from sources.devin.cycle import Cycle
from sources.devin.errors import DevinError
from sources.devin.filters import Filters
from sources.devin.held import Held, Ownership
from sources.devin.listing import Listing
from sources.devin.plan import Plan
from sources.devin.rereads import Look, OpenSession
from sources.devin.retry import RetryPolicy
from sources.devin.runs import Journal
from sources.devin.session import MARKER
from sources.devin.tables import CHILDREN, SESSIONS, TABLES, Table
from sources.devin.walk import Limits
from tests.support.warehouse import DuckdbWarehouse

Row = dict[str, Any]
Rows = dict[str, list[Row]]

MOMENTS: dict[str, tuple[str, str, str]] = {
    "a page is asked for": ("sources.devin.listing", "Listing", "page"),
    "sessions are asked for by name": ("sources.devin.listing", "Listing", "reread"),
    "a package begins": ("dlt.pipeline.pipeline", "Pipeline", "extract"),
    "a package is read": ("dlt.pipeline.pipeline", "Pipeline", "normalize"),
    "it is normalized": ("dlt.normalize.normalize", "Normalize", "run"),
    "before anything is loaded": ("dlt.load.load", "Load", "run"),
    "between two tables": ("dlt.common.storages.load_package", "PackageStorage", "complete_job"),
    "before the last stroke": ("dlt.load.load", "Load", "complete_package"),
    "after it": ("dlt.common.storages.load_storage", "LoadStorage", "complete_load_package"),
    "before it is noted": ("pipelines.devin", "sync", "built_on_this"),
}
"""Module, owner and name of what the process does last."""


class Died(BaseException):
    """The process is gone: nothing catches it."""


@contextmanager
def dying(
    moment: tuple[str, str, str], calls: int, last_words: Callable[[], None]
) -> Iterator[None]:
    """Within this, the process dies as it does this for so many times."""
    module, owner, name = moment
    found = importlib.import_module(f"{module}.{owner}" if owner.islower() else module)
    kind = found if owner.islower() else getattr(found, owner)
    whole, left = getattr(kind, name), iter(range(calls - 1))

    def last(*args: Any, **kwargs: Any) -> Any:
        if next(left, None) is None:
            last_words()
            raise Died
        return whole(*args, **kwargs)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kind, name, last)
        yield


class Place(Protocol):
    """A destination, and the machine that loads into it."""

    @property
    def moments(self) -> Sequence[str]:
        """Where it can crash."""

    def sync(self, crash: tuple[str, int] | None, **options: Any) -> DevinError | None:
        """Do what `devin-elt sync` does: what could not be read; `Died` where it crashed."""

    def scopes(self) -> dict[str, Any]:
        """What the destination says that each scope remembers."""

    def table(self, table: Table) -> list[Row]:
        """The rows of a table; none where there is no such table yet."""

    def becomes_another(self, earlier: int | None) -> None:
        """Go on with an empty working directory, or with one of those of before."""


class InDuckdb:
    """A DuckDB file and a working directory of dlt's."""

    moments = tuple(MOMENTS)

    def __init__(self, folder: Path) -> None:
        self.warehouse = DuckdbWarehouse(folder)
        self._local = folder / "pipelines"
        self._folder = folder
        self._kept: list[Path] = []

    def sync(self, crash: tuple[str, int] | None, **options: Any) -> DevinError | None:
        try:
            with self._crashing(crash):
                return self._sync(options)
        finally:
            if self._last.exists():
                shutil.rmtree(self._local, ignore_errors=True)
                self._last.rename(self._local)
            self._keep()

    def scopes(self) -> dict[str, Any]:
        return scopes_of(stored_state(self._pipeline()))

    def table(self, table: Table) -> list[Row]:
        names = [column.name for column in table.columns]
        if not Path(self.warehouse.credentials).exists():
            return []
        if not self.warehouse.columns(table.name):
            return []
        found = self.warehouse.sql(f'SELECT {", ".join(names)} FROM devin."{table.name}"')
        return [dict(zip(names, row, strict=True)) for row in found]

    def becomes_another(self, earlier: int | None) -> None:
        shutil.rmtree(self._local, ignore_errors=True)
        if earlier is not None and self._kept:
            shutil.copytree(self._kept[earlier % len(self._kept)], self._local)

    @property
    def _last(self) -> Path:
        return self._folder / "last"

    def _pipeline(self) -> Any:
        return self.warehouse.pipeline(pipelines_dir=self._local)

    def _sync(self, options: dict[str, Any]) -> DevinError | None:
        try:
            return sync(self._pipeline(), **options).failure
        except DevinError as error:
            return error
        except PipelineStepFailed as failure:
            cause: BaseException | None = failure
            while cause is not None and not isinstance(cause, DevinError):
                cause = cause.__cause__
            if cause is None:
                raise
            return cause

    @contextmanager
    def _crashing(self, crash: tuple[str, int] | None) -> Iterator[None]:
        """Whatever Python still tidies up after the death counts for nothing."""
        if crash is None:
            yield
            return
        with dying(MOMENTS[crash[0]], crash[1], self._die):
            yield

    def _die(self) -> None:
        """Whichever walker gets there first: the others die with it."""
        if not self._last.exists():
            self._copy(self._last)

    def _keep(self) -> None:
        self._copy(self._folder / f"kept-{len(self._kept)}")
        self._kept.append(self._folder / f"kept-{len(self._kept)}")

    def _copy(self, to: Path) -> None:
        self._local.mkdir(exist_ok=True)
        shutil.copytree(self._local, to)


Package = tuple[list[Batch], dict[str, Any]]


@dataclass
class _Local:
    """A working directory: the state, what it was made on top of, and what is pending."""

    state: dict[str, Any] = field(default_factory=dict)
    built_on: dict[str, Any] = field(default_factory=dict)
    pending: list[Package] = field(default_factory=list)
    journal: str = ""


class AtHand(Held):
    """Dictionaries, and the rules of `merging` and `recovery` once more, in Python."""

    moments = (
        "a page is asked for",
        "sessions are asked for by name",
        "a package begins",
        "before anything is loaded",
        "before it is noted",
    )

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._stored: dict[str, Any] = {}
        self._local = _Local()
        self._kept: list[_Local] = []
        self._tables: dict[str, dict[tuple[Any, ...], Row]] = {table.name: {} for table in TABLES}

    def wait(self) -> None:
        """Nothing is loaded while something is read."""

    def sync(self, crash: tuple[str, int] | None, **options: Any) -> DevinError | None:
        try:
            if crash is None:
                return self._sync(options)
            own = {
                "a package begins": "_extract",
                "before anything is loaded": "_load",
                "before it is noted": "_note",
            }
            if crash[0] in own:
                moment = (type(self).__module__, type(self).__name__, own[crash[0]])
            else:
                moment = MOMENTS[crash[0]]
            with dying(moment, crash[1], lambda: None):
                return self._sync(options)
        finally:
            path = self._folder / "devin_cycles.jsonl"
            self._local.journal = path.read_text() if path.exists() else ""
            self._kept.append(deepcopy(self._local))

    def scopes(self) -> dict[str, Any]:
        return dict(self._stored.get("scopes", {}))

    def table(self, table: Table) -> list[Row]:
        json_columns = [column.name for column in table.columns if column.kind == "json"]
        rows = deepcopy(list(self._tables[table.name].values()))
        for row in rows:
            row.update({name: row[name] and json.loads(row[name]) for name in json_columns})
        return rows

    def becomes_another(self, earlier: int | None) -> None:
        self._local = _Local()
        if earlier is not None and self._kept:
            self._local = deepcopy(self._kept[earlier % len(self._kept)])
        (self._folder / "devin_cycles.jsonl").write_text(self._local.journal)

    def _sync(self, options: dict[str, Any]) -> DevinError | None:
        self._recover()
        with (
            Client(
                options["base_url"], options["api_key"], policy=RetryPolicy(attempts=1)
            ) as client,
            Cycle() as cycle,
        ):
            plan = _plan(client, options)
            try:
                while not cycle.finished:
                    self._extract(cycle, plan)
                    self._load()
                    self._note()
            except DevinError as error:
                return error
            return cycle.failure

    def _recover(self) -> None:
        if self._local.pending:
            if self._stored in (self._local.state, self._local.built_on):
                self._load()
            else:
                self._local.pending.clear()
        if self._stored != self._local.state:
            self._local.state = deepcopy(self._stored)
        self._note()

    def _extract(self, cycle: Cycle, plan: Plan) -> None:
        state = deepcopy(self._local.state)
        package = cycle.package(lambda: plan, state, Journal(self._folder), self)
        if batches := cast(list[Batch], list(package)):  # nothing is read ahead here
            self._local.pending.append((batches, state))
            self._local.state = state

    def _load(self) -> None:
        while self._local.pending:
            batches, state = self._local.pending[0]
            for batch in batches:
                self._merge(batch)
            self._stored = deepcopy(state)
            self._local.pending.pop(0)

    def _note(self) -> None:
        self._local.built_on = deepcopy(self._local.state)

    def _merge(self, batch: Batch) -> None:
        kept = self._tables[SESSIONS.name]
        rows = {name: table.to_pylist() for name, table in batch.items()}
        fresh = [row for row in rows.pop(SESSIONS.name, []) if not _stale(row, kept)]
        ids = {row["session_id"] for row in fresh}
        for table in TABLES:
            arriving = rows.get(table.name, fresh if table is SESSIONS else [])
            if table in CHILDREN and table.name in rows:
                here = self._tables[table.name]
                for key in [key for key, row in here.items() if row["session_id"] in ids]:
                    del here[key]
                arriving = [
                    row for row in arriving if row["session_id"] in ids and not _is_marker(row)
                ]
            for row in arriving:
                self._tables[table.name][tuple(row[name] for name in table.key)] = row

    def _listed(self, ownership: Ownership) -> Iterator[Row]:
        for row in self._tables[SESSIONS.name].values():
            if row["deleted_at"] is None and row["org_id"] in (ownership.org_ids or ()):
                yield row

    @property
    def wants_markers(self) -> bool:
        """It does, as any destination that dlt merges into."""
        return True

    def open_pull_requests(
        self, look: Look, ownership: Ownership, came: Callable[[str], bool]
    ) -> list[OpenSession]:
        pulls: dict[str, dict[str, str | None]] = {}
        for row in self._tables["session_pull_requests"].values():
            pulls.setdefault(row["session_id"], {})[row["pr_url"]] = row["pr_state"]
        found = []
        for row in sorted(self._listed(ownership), key=lambda row: str(row["session_id"])):
            listed = pulls.get(row["session_id"], {})
            if not {"merged", "closed"}.issuperset(listed.values()):
                session = OpenSession(row["session_id"], int(row["updated_at"].timestamp()), listed)
                wanted = look.reads(*session[:2]) and not came(session.session_id)
                found += [session] * wanted
        return found

    def session_ids(self, ownership: Ownership, spans: Sequence[tuple[int, int]]) -> set[str]:
        return {
            row["session_id"]
            for row in self._listed(ownership)
            if any(begin <= row["created_at"].timestamp() < end for begin, end in spans)
        }

    def rows(self, session_ids: Iterable[str]) -> pa.Table:
        kept = self._tables[SESSIONS.name]
        rows = [kept[name,] for name in sorted(set(session_ids)) if (name,) in kept]
        return pa.Table.from_pylist(rows, schema=SESSIONS.arrow_schema)


def _stale(row: Row, kept: dict[tuple[Any, ...], Row]) -> bool:
    here = kept.get((row["session_id"],))
    version = row["updated_at"], row["extracted_at"]
    return here is not None and (here["updated_at"], here["extracted_at"]) > version


def _is_marker(row: Row) -> bool:
    return any(str(value).startswith(MARKER) for value in row.values())


def _plan(client: Client, options: dict[str, Any]) -> Plan:
    filters = Filters(**{name: options[name] for name in Filters.model_fields if name in options})
    span = options.get("backfill")
    return Plan(
        client,
        [
            Listing(client.counting(), org_id, filters, options["page_size"])
            for org_id in options["org_ids"]
        ],
        options["start_date"],
        settle=options["settle"],
        batch_size=options["batch_size"],
        limits=Limits(overlap=options["overlap"]),
        walkers=options["concurrency"],
        commit_every=options["commit_every"],
        backfill=span and Span(*span),
        rescan=options["rescan"],
        rescan_every=options["rescan_every"],
        most_deleted=options["most_deleted"],
    )
