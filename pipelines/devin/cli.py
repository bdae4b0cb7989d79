"""The command line: a thin layer, each verb a few lines over the module that does the work.

What a verb needs is imported by the verb: dlt takes half a second, which `--help` can do without.
"""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from sources.devin.errors import DevinError

from .display import showing
from .failures import explained

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    add_completion=False,
    help="A warehouse copy of your Devin sessions, kept up to date.",
)

REJECTED_EXIT_CODE = 3


class LogFormat(StrEnum):
    """How the log is written."""

    text = "text"
    json = "json"


Destination = Annotated[
    str, typer.Option(help="dlt destination; its credentials are dlt's own configuration.")
]
Dataset = Annotated[str, typer.Option(help="Dataset (schema) that holds the tables.")]
Debug = Annotated[bool, typer.Option("--debug", help="Show tracebacks, and every log line.")]
Json = Annotated[bool, typer.Option("--json", help="Print the result as one line of JSON.")]
Sessions = Annotated[int, typer.Option(min=1, help="Sessions of the made-up organisation.")]
Logging = Annotated[LogFormat, typer.Option(help="Form of the log on stderr.")]


@app.command()
def sync(
    destination: Destination = "duckdb",
    dataset: Dataset = "devin",
    every: Annotated[
        str | None, typer.Option(help="Repeat until stopped, this far apart: 90s, 15m, 1h.")
    ] = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="Exit with 3 if an item broke its contract.")
    ] = False,
    as_json: Json = False,
    log_format: Logging = LogFormat.text,
    debug: Debug = False,
) -> None:
    """Load everything that is new: one cycle, or one after another with --every."""
    from .sync import SyncResult
    from .sync import sync as run_sync
    from .warehouse import open_pipeline
    from .words import sync_in_words

    def cycle() -> SyncResult:
        result = run_sync(open_pipeline(destination, dataset))
        _print(json.dumps(result.as_json()) if as_json else sync_in_words(result))
        return result

    with _failures(debug=debug), showing(log_format.value, debug=debug):
        if every is not None:
            _repeat(cycle, every, debug=debug)
            return
        result = cycle()
    if strict and result.rejected:
        raise typer.Exit(REJECTED_EXIT_CODE)


def _repeat(cycle: Callable[[], object], every: str, *, debug: bool) -> None:
    from sources.devin.errors import ConfigurationError
    from sources.devin.settings import duration

    from .schedule import repeat

    try:
        seconds = duration(every)
    except ValueError as error:
        raise ConfigurationError(f"--every: {error}", "Give it as 90s, 15m or 1h.") from None

    def guarded() -> DevinError | None:
        try:
            cycle()
        except (Exception, KeyboardInterrupt) as failure:
            error = explained(failure)
            if error is None or debug:
                raise
            _complain(error)
            return error
        return None

    final = repeat(guarded, seconds)
    if final is not None:
        raise typer.Exit(final.exit_code)


@app.command()
def status(
    destination: Destination = "duckdb",
    dataset: Dataset = "devin",
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Show what is loaded as of when, the last cycles, and what is pending or rejected."""
    from .status import read_status
    from .warehouse import open_pipeline
    from .words import status_in_words

    with _failures(debug=debug):
        found, now = read_status(open_pipeline(destination, dataset)), datetime.now(UTC)
        _print(json.dumps(found.as_json(now)) if as_json else status_in_words(found, now))


@app.command()
def check(
    destination: Destination = "duckdb", dataset: Dataset = "devin", debug: Debug = False
) -> None:
    """Check configuration, token, organisations, permissions and destination."""
    from .check import check as look
    from .warehouse import open_pipeline

    worst = 0
    with _failures(debug=debug):
        for subject, problem in look(open_pipeline(destination, dataset)):
            _print(f"FAIL  {subject}: {problem}" if problem else f"ok    {subject}")
            worst = max(worst, problem.exit_code if problem else 0)
    raise typer.Exit(worst)


@app.command()
def demo(
    folder: Annotated[Path, typer.Option(help="Where its warehouse goes; emptied first.")] = Path(
        "devin_demo"
    ),
    sessions: Annotated[
        int, typer.Option(min=1, help="Sessions of the made-up organisation.")
    ] = 2000,
    debug: Debug = False,
) -> None:
    """Show the whole thing against a made-up organisation on this machine."""
    from .demo import run_demo

    with _failures(debug=debug):
        run_demo(folder, sessions)


@app.command("demo-api")
def demo_api(
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Port on loopback; 0 for any.")
    ] = 8931,
    sessions: Annotated[int, typer.Option(min=0, help="Sessions of the organisation.")] = 2000,
    seed: Annotated[int, typer.Option(help="Another seed, another organisation.")] = 7,
) -> None:
    """Serve the made-up organisation alone, to point a sync at."""
    from .demo import serve_demo_api

    serve_demo_api(port, sessions, seed)


def _print(text: str) -> None:
    typer.echo(text)


def _complain(error: DevinError) -> None:
    typer.echo(f"error: {error}", err=True)


@contextmanager
def _failures(*, debug: bool) -> Iterator[None]:
    """Turn failures into one error on stderr and an exit code; tracebacks only with --debug."""
    try:
        yield
    except typer.Exit:
        raise
    except (Exception, KeyboardInterrupt) as failure:
        error = explained(failure)
        if error is None or debug:
            raise
        _complain(error)
        raise typer.Exit(error.exit_code) from None


def main() -> NoReturn:
    """The entry point of `devin-elt`."""
    app()
    sys.exit(0)
