"""Configuration, token, organisations, permissions and destination, each looked at once."""

from collections.abc import Callable, Iterator
from inspect import signature, unwrap
from typing import Any, NamedTuple

import dlt

from sources.devin import devin
from sources.devin.errors import DevinError
from sources.devin.merging import check_destination, duckdb_file

from .failures import DestinationFailed, explained
from .misspelt import misspelt
from .warehouse import location, refuse_strangers, stored_state


class Finding(NamedTuple):
    """One thing that was looked at.

    Attributes:
        subject: What was looked at.
        problem: What is wrong with it, and what to do; None if it is all right.
        note: What is good to know, where a sync does without it.
    """

    subject: str
    problem: DevinError | None
    note: str | None = None

    def __str__(self) -> str:
        """A line for people."""
        if self.problem:
            return f"FAIL  {self.subject}: {self.problem}"
        return f"note  {self.subject}: {self.note}" if self.note else f"ok    {self.subject}"


def check(pipeline: dlt.Pipeline, **options: Any) -> Iterator[Finding]:
    """Look at everything that a sync needs, without loading anything.

    Args:
        pipeline: The pipeline into the destination.
        options: Arguments of `devin` that are not left to the configuration.

    Yields:
        Findings, in the order in which things would go wrong.
    """
    configuration = _finding("configuration", lambda: devin(**options))
    yield configuration
    for written, option in misspelt(signature(unwrap(devin)).parameters):
        yield Finding(written, None, f"there is no such option; is {option} meant?")
    if configuration.problem is None:
        yield from _access(**options)
    name = pipeline.destination.destination_name
    suitable = _finding(f"{name} can hold the tables", lambda: check_destination(pipeline))
    yield suitable
    if suitable.problem is None:
        file = duckdb_file(pipeline)
        where = f" ({location(pipeline)})" if file else ""
        yield _finding(f"{name} answers{where}", lambda: _connect(pipeline))


def _access(**options: Any) -> Iterator[Finding]:
    found: list[Any] = []
    token = _finding("token", lambda: found.extend(devin(**options).resources["access"]))
    yield token
    for scope, problem in found:
        # An organisation is named by its id, and a scope of v2 by its version and what it is of.
        yield Finding(f"{'scope' if '/' in scope else 'organisation'} {scope}", problem)
    if token.problem is None:
        for part, why_not in devin(**options).resources["usage_access"]:
            yield Finding(part, None, why_not)


def _connect(pipeline: dlt.Pipeline) -> None:
    file = duckdb_file(pipeline)
    if file is not None and not file.exists():  # connecting would create it
        folder = file.absolute().parent
        if not folder.is_dir():
            raise DestinationFailed(f"the folder of the DuckDB file does not exist: {folder}")
        return
    with pipeline.sql_client() as client:
        client.execute_sql("SELECT 1")
    if stored_state(pipeline) is None:
        refuse_strangers(pipeline)


def _finding(subject: str, look: Callable[[], Any]) -> Finding:
    try:
        look()
    except Exception as failure:
        problem = explained(failure)
        if problem is None:
            raise
        return Finding(subject, problem)
    return Finding(subject, None)
