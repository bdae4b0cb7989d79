"""The record of a cycle: what it did for one scope, and the journal of those not loaded yet."""

import contextlib
import json
import platform
import uuid
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .tables import RUNS

if TYPE_CHECKING:
    import pyarrow as pa

JOURNAL_NAME = "devin_cycles.jsonl"
JOURNAL_LENGTH = 10_000
"""Cycles that the journal keeps at most, the newest ones."""


@dataclass
class Run:
    """What one cycle did for one scope. Times are epoch seconds, fractions included.

    Attributes are the columns of `sync_runs`; `as_of` is by the API's clock, None until the scope
    was raised.
    """

    scope: str
    started_at: float
    run_id: str = field(default_factory=lambda: uuid.uuid4().hex)
    finished_at: float = 0.0
    as_of: int | None = None
    spans_raised: list[list[int | None]] = field(default_factory=list)
    pages: int = 0
    requests: int = 0
    retries: int = 0
    seconds_throttled: float = 0.0
    bytes: int = 0
    rows: dict[str, int] = field(default_factory=dict)
    unchanged: int = 0
    rejected: int = 0
    versions: dict[str, str] = field(default_factory=lambda: dict(versions()))
    outcome: str = "unchanged"
    error: str | None = None

    def count(self, tables: dict[str, int]) -> None:
        """Add rows that were sent to tables."""
        for name, rows in tables.items():
            self.rows[name] = self.rows.get(name, 0) + rows

    def as_json(self) -> dict[str, Any]:
        """The record with times as ISO 8601 in UTC, for people and programs."""
        moments = ("started_at", "finished_at", "as_of")
        return {
            key: _iso(value) if key in moments else value for key, value in asdict(self).items()
        }


def versions() -> dict[str, str]:
    """The versions that a record names."""
    try:
        own = version("devin-elt")
    except PackageNotFoundError:  # copied by `dlt init`, so not installed as a package
        own = "source"
    return {"devin_elt": own, "dlt": version("dlt"), "python": platform.python_version()}


def run_table(runs: Iterable[Run]) -> "pa.Table":
    """Records as rows of `sync_runs`."""
    from .rows import MICROSECONDS, arrow_table
    from .texts import json_text

    def cell(run: Run, name: str, kind: str) -> Any:
        value = getattr(run, name)
        if kind == "timestamp" and value is not None:
            return round(value * MICROSECONDS)
        return json_text(value) if kind == "json" else value

    rows = [tuple(cell(run, column.name, column.kind) for column in RUNS.columns) for run in runs]
    return arrow_table(RUNS, rows)


def _iso(epoch: float | None) -> str | None:
    return None if epoch is None else datetime.fromtimestamp(epoch, UTC).isoformat()


class Journal:
    """Cycles that made no load package: they are loaded with the next one that does.

    A file in the pipeline's working directory, so a machine that starts with an empty one each
    time does not remember its idle cycles.

    Args:
        folder: The pipeline's working directory.
    """

    def __init__(self, folder: str | Path) -> None:
        self._path = Path(folder) / JOURNAL_NAME

    def read(self) -> list[Run]:
        """The records, oldest first."""
        if not self._path.exists():
            return []
        runs = []
        for line in self._path.read_text(encoding="utf-8").splitlines():
            # Passed over: a line torn by a crash, or written by another version.
            with contextlib.suppress(ValueError, TypeError):
                runs.append(Run(**json.loads(line)))
        return runs

    def append(self, runs: Iterable[Run]) -> None:
        """Add records; the oldest go where there are too many."""
        self._write([*self.read(), *runs])

    def forget_through(self, run_id: str | None) -> None:
        """Forget the records up to this one, which are in the destination."""
        runs = self.read()
        names = [run.run_id for run in runs]
        if run_id in names:
            self._write(runs[names.index(run_id) + 1 :])

    def _write(self, runs: list[Run]) -> None:
        lines = [json.dumps(asdict(run)) + "\n" for run in runs[-JOURNAL_LENGTH:]]
        self._path.parent.mkdir(parents=True, exist_ok=True)
        whole = self._path.with_suffix(".new")
        whole.write_text("".join(lines), encoding="utf-8")
        whole.replace(self._path)
