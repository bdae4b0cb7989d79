"""The models as their files have them: what each answers, its columns, and its SQL.

A file is one SELECT in DuckDB's dialect behind a comment of `Question:`, `Grain:`, `Cannot know:`
and `Columns:`. A line that is indented goes on with the one before.
"""

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Any

import sqlglot
from sqlglot import exp
from sqlglot.errors import ParseError

from sources.devin.errors import ConfigurationError

from . import FOLDER

_ENTRY = re.compile(r"^-- ([^:]+): *(.*)$")
_MORE = re.compile(r"^--   +(.*)$")
_HEADINGS = ("Question", "Grain", "Cannot know")


class ModelBroken(ConfigurationError):
    """The file of a model is not what it should be; the message names it, and the line."""

    advice = "Correct the file, then run devin-elt models apply: what is loaded is not touched."


@dataclass(frozen=True)
class Model:
    """A model.

    Attributes:
        name: Its name, also that of the view.
        question: What it answers.
        grain: What a row of it is.
        cannot_know: What it can't tell.
        columns: What each column holds, in their order.
        sql: The SELECT, in DuckDB's dialect, without the comment.
        path: The file.
    """

    name: str
    question: str
    grain: str
    cannot_know: str
    columns: Mapping[str, str]
    sql: str
    path: Path

    def as_json(self) -> dict[str, Any]:
        """What it answers, and its columns, as JSON can hold it."""
        said = {"name": self.name, "question": self.question, "grain": self.grain}
        return said | {"cannot_know": self.cannot_know, "columns": dict(self.columns)}

    @property
    def description(self) -> str:
        """All that its comment says of it, as sentences."""
        return f"{self.question} {self.grain} Cannot know: {self.cannot_know}"

    @cached_property
    def relations(self) -> frozenset[str]:
        """The tables and models that it reads."""
        query = parsed(self.sql)
        own = {cte.alias_or_name for cte in query.find_all(exp.CTE)}
        return frozenset(table.name for table in query.find_all(exp.Table)) - own


def catalogue(
    folder: Path = FOLDER,
) -> tuple[tuple[Model, ...], tuple[ModelBroken, ...]]:
    """The models of a folder, those first that others read.

    Returns:
        The models, and what is wrong with the files that hold none.
    """
    models, broken = [], []
    for path in sorted(folder.glob("*.sql")):
        try:
            models.append(read(path))
        except ModelBroken as problem:
            broken.append(problem)
    try:
        return in_order(models), tuple(broken)
    except ModelBroken as problem:
        return (), (*broken, problem)


def read(path: Path) -> Model:
    """The model in a file.

    Raises:
        ModelBroken: The comment lacks a part, or the SQL is none.
    """
    lines = path.read_text(encoding="utf-8").splitlines()
    head = next((at for at, line in enumerate(lines) if not line.startswith("--")), len(lines))
    said = _entries(lines[:head])
    for heading in _HEADINGS:
        if not said.get(heading):
            raise ModelBroken(f"{path.name}: its comment has no {heading}:")
    # Empty lines in place of the comment, so that an error names the line of the file.
    sql = "\n" * head + "\n".join(lines[head:])
    _check(sql, path)
    columns = {name: text for name, text in said.items() if name not in (*_HEADINGS, "Columns")}
    question, grain, cannot_know = (said[heading] for heading in _HEADINGS)
    return Model(path.stem, question, grain, cannot_know, columns, sql, path)


def in_order(models: Iterable[Model]) -> tuple[Model, ...]:
    """Models so that each comes after those it reads; else by name.

    Raises:
        ModelBroken: Some of them read each other in a circle.
    """
    by_name = {model.name: model for model in sorted(models, key=lambda model: model.name)}
    reads = {name: sorted(model.relations & set(by_name)) for name, model in by_name.items()}
    try:
        return tuple(by_name[name] for name in TopologicalSorter(reads).static_order())
    except CycleError as error:
        circle = " -> ".join(error.args[1])
        raise ModelBroken(f"models read each other in a circle: {circle}") from None


def named(name: str, folder: Path = FOLDER) -> Model:
    """The model of a name.

    Raises:
        ConfigurationError: There is none, or its file is broken.
    """
    path = folder / f"{name}.sql"
    known = sorted(path.stem for path in folder.glob("*.sql"))
    if name not in known:
        raise ConfigurationError(f"there is no model {name!r}", f"Name one of {', '.join(known)}.")
    return read(path)


def without(models: Iterable[Model], missing: Collection[str]) -> tuple[Model, ...]:
    """The models that read none of the missing ones, neither themselves nor through others."""
    gone, left = set(missing), []
    for model in models:
        if model.name in gone or model.relations & gone:
            gone.add(model.name)
        else:
            left.append(model)
    return tuple(left)


def _entries(comment: Iterable[str]) -> dict[str, str]:
    said: dict[str, str] = {}
    name = ""
    for line in comment:
        if more := _MORE.match(line):
            said[name] = f"{said.get(name, '')} {more[1]}".strip()
        elif entry := _ENTRY.match(line):
            name = entry[1]
            said[name] = entry[2].strip()
        elif line.rstrip() == "-- Columns:":
            name = "Columns"
    return said


@lru_cache(maxsize=100)  # it takes longest of all that is done with a model, and is asked thrice
def parsed(sql: str) -> exp.Query:
    """The SELECT of a model; to be copied by whoever changes it.

    Raises:
        ParseError: It is no SQL of DuckDB's.
        ModelBroken: It is not one SELECT.
    """
    statements = sqlglot.parse(sql, read="duckdb")
    if len(statements) != 1 or not isinstance(statements[0], exp.Query):
        raise ModelBroken("it is not one SELECT")
    return statements[0]


def _check(sql: str, path: Path) -> None:
    try:
        parsed(sql)
    except ParseError as error:
        first = error.errors[0]
        raise ModelBroken(
            f"{path.name}, line {first['line']}: {first['description']} near {first['highlight']!r}"
        ) from None
    except ModelBroken as problem:
        raise ModelBroken(f"{path.name}: {problem.message}") from None
