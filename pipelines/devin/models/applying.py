"""The models as views in the destination, in a dataset of their own beside that of the tables."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import dlt

from sources.devin.errors import ConfigurationError
from sources.devin.tables import SESSIONS, TABLES
from sources.devin.usage_tables import USAGE_TABLES

from ..comments import COMMENTED, literal
from ..warehouse import has_dataset, location
from . import FOLDER, analytics_dataset
from .catalogue import Model, ModelBroken, catalogue, without
from .config import ModelSettings, model_settings
from .rendering import render

_TABLES = (*TABLES, *USAGE_TABLES)


@dataclass(frozen=True)
class Applied:
    """What became of the models.

    Attributes:
        dataset: Where the views are; empty if nothing had to be done.
        created: The models that are views now, in the order in which they were made.
        broken: What is wrong with files that hold no model.
        skipped: Why the destination has no view of a model, by its name.
    """

    dataset: str = ""
    created: tuple[str, ...] = ()
    broken: tuple[ModelBroken, ...] = ()
    skipped: Mapping[str, str] = field(default_factory=dict)

    @property
    def failure(self) -> ModelBroken | None:
        """The files that hold no model, as one error."""
        problems = "; ".join(problem.message for problem in self.broken)
        return ModelBroken(problems) if problems else None

    def as_json(self) -> dict[str, Any]:
        """The same as JSON can hold it."""
        return {
            "dataset": self.dataset,
            "created": list(self.created),
            "broken": [problem.message for problem in self.broken],
            "skipped": dict(self.skipped),
        }


def apply(pipeline: dlt.Pipeline, folder: Path = FOLDER) -> Applied:
    """Make a view of every model: what is wrong with one does not keep the others from it.

    Args:
        pipeline: The pipeline, which has loaded something.
        folder: Where the files of the models are.

    Raises:
        ConfigurationError: Nothing is loaded, or what the models are told is wrong.
        Exception: Whatever dlt raises where the destination cannot be reached.
    """
    settings = model_settings()
    models, broken = catalogue(folder)
    if not has_dataset(pipeline):
        raise ConfigurationError(f"nothing is loaded yet: {location(pipeline)}", _LOAD_FIRST)
    with pipeline.destination_client() as destination:
        return _Views(destination, settings).make(models, broken)


_LOAD_FIRST = "Run devin-elt sync first."


class _Views:
    """The views of one destination."""

    def __init__(self, client: Any, settings: ModelSettings) -> None:
        self._sql = client.sql_client
        self._dialect: str = client.capabilities.sqlglot_dialect or "duckdb"
        self._comments = self._dialect in COMMENTED
        self._settings = settings
        self._of_tables = self._sql.dataset_name
        self._dataset = analytics_dataset(self._of_tables)
        stored = client.get_storage_tables([table.name for table in _TABLES])
        self._columns = {name: frozenset(columns) for name, columns in stored if columns}
        if SESSIONS.name not in self._columns:
            raise ConfigurationError(
                f"there is no table {SESSIONS.name} in dataset {self._of_tables}", _LOAD_FIRST
            )

    def make(self, models: Sequence[Model], broken: tuple[ModelBroken, ...]) -> Applied:
        """Make all, each after those it reads."""
        if reason := _refusal(self._make_dataset):
            return Applied(self._dataset, (), broken, {model.name: reason for model in models})
        # A view that changes its columns some databases only make anew once it is dropped, and drop
        # only after those that read it. One that still cannot be dropped stays, with what reads it.
        refused = self._made(models, "CREATE OR REPLACE VIEW")
        left = {model.name for model in without(models, refused)}
        again = [model for model in models if model.name not in left]
        for model in reversed(again):
            _refusal(partial(self._run, f"DROP VIEW IF EXISTS {self._name(model.name)}"))
        skipped = self._made(again, "CREATE VIEW")
        made = [model for model in models if model.name not in skipped]
        comments = list(self._described(made))
        # All at once: by itself each one is written through to the disk.
        if _refusal(partial(self._run_all, comments)):
            for statement in comments:
                _refusal(partial(self._run, statement))
        return Applied(self._dataset, tuple(model.name for model in made), broken, skipped)

    def _made(self, models: Iterable[Model], verb: str) -> dict[str, str]:
        """Make them; why not, by the name of each that was not made."""
        failed: dict[str, str] = {}
        for model in models:
            if reason := _refusal(partial(self._make, model, verb)):
                missing = sorted(model.relations & set(failed))
                failed[model.name] = f"it reads {missing[0]}" if missing else reason
        return failed

    def _make(self, model: Model, verb: str) -> None:
        self._run(self._statement(model, verb))

    def _statement(self, model: Model, verb: str) -> str:
        sql = render(
            model.sql, self._dialect, self._settings, name=self._name, columns=self._columns
        )
        return f"{verb} {self._name(model.name)} AS\n{sql}"

    def _name(self, relation: str) -> str:
        """The name of a table or a model; without the database, which may be moved."""
        of_tables = relation in _NAMES
        dataset = self._of_tables if of_tables else self._dataset
        with self._sql.with_alternative_dataset_name(dataset) as client:
            name: str = client.make_qualified_table_name(relation)
        return name

    def _run(self, statement: str) -> None:
        self._sql.execute_sql(statement)

    def _run_all(self, statements: Iterable[str]) -> None:
        with self._sql.begin_transaction():
            for statement in statements:
                self._run(statement)

    def _make_dataset(self) -> None:
        with self._sql.with_alternative_dataset_name(self._dataset) as client:
            if not client.has_dataset():
                client.create_dataset()

    def _described(self, models: Iterable[Model]) -> Iterable[str]:
        """The statements that describe views and their columns, where those are kept."""
        for model in models if self._comments else ():
            name = self._name(model.name)
            yield f"COMMENT ON VIEW {name} IS {literal(model.description)}"
            for column, text in model.columns.items():
                place = f"{name}.{self._sql.escape_column_name(column)}"
                yield f"COMMENT ON COLUMN {place} IS {literal(text)}"


def _refusal(do: Callable[[], None]) -> str | None:
    """Do something; the reason if that is refused, by the destination or because of the SQL."""
    try:
        do()
    except ModelBroken as broken:
        return broken.message
    except Exception as refusal:  # each driver has its own
        return str(refusal).strip().splitlines()[0]
    return None


_NAMES = frozenset(table.name for table in _TABLES)
