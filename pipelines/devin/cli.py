"""The command line: where the program begins and ends.

A sync is often asked for, and mostly finds nothing, so what it does not need is left away: typer
where the options are easily read, and looking for garbage where there is none.
"""

import gc
import os
import sys
from collections.abc import Sequence
from typing import Any, Literal, NoReturn

from .ending import REJECTED_EXIT_CODE
from .starting import importing, keep_heaps_few, leave_out

UNUSABLE = 2
"""The exit code of a configuration that has to be changed."""

ABORTED = 1
"""The exit code of a run that was ended before it could be stopped in good order."""

_WITHOUT_PANDAS = ("duckdb", "postgres")
"""Destinations that need no pandas. DuckDB takes it where it is, with numpy and Arrow, as soon as a
statement has parameters."""

_FLAGS = {"--strict": "strict", "--json": "as_json", "--debug": "debug"}
_NAMES = {"--destination": "destination", "--dataset": "dataset"}


def main() -> NoReturn:
    """The entry point of `devin-elt`."""
    keep_heaps_few()
    # dlt reports to its makers unless told otherwise; this program reports to nobody.
    os.environ.setdefault("RUNTIME__DLTHUB_TELEMETRY", "false")
    # httpx has a command line of its own, which takes rich, click and pygments wherever they are.
    leave_out("httpx._main")
    try:
        _run(sys.argv[1:])
    except ValueError as failure:
        # dlt looks at this variable as it is imported, and can be asked about nothing before.
        if type(failure).__name__ != "InvalidTimezoneName":
            raise
        zone = os.environ.get("DLT_INTERVAL_TIMEZONE")
        advice = "Correct or unset DLT_INTERVAL_TIMEZONE."
        sys.stderr.write(f"error: {zone!r} is not a time zone. {advice}\n")
        sys.exit(UNUSABLE)
    except KeyboardInterrupt:
        sys.exit(ABORTED)
    except BrokenPipeError:
        # Whoever read the result has left, and Python would complain once more as it ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(ABORTED)
    finally:
        # What is still there goes with the process. Python would look through all of it before.
        gc.freeze()
    sys.exit(0)


def plain_sync(arguments: Sequence[str]) -> dict[str, Any] | None:
    """What a sync is told, if that is easily read.

    Args:
        arguments: What the program is called with.

    Returns:
        Arguments of `run_sync`; None for other verbs, and for all that typer has to look at.
    """
    told: dict[str, Any] = {}
    verb, *rest = arguments or ("",)
    if verb != "sync":
        return None
    words = iter(rest)
    for word in words:
        if word in _FLAGS:
            told[_FLAGS[word]] = True
        elif word in _NAMES and (name := next(words, "")).isidentifier():
            told[_NAMES[word]] = name
        else:
            return None
    return told


def run_sync(
    destination: str = "duckdb",
    dataset: str = "devin",
    every: float | None = None,
    log_format: Literal["text", "json"] = "text",
    *,
    strict: bool = False,
    as_json: bool = False,
    debug: bool = False,
) -> None:
    """Load everything that is new: one cycle, or one after another.

    Args:
        destination: The destination's name.
        dataset: The dataset.
        every: Seconds from the begin of one cycle to that of the next; None for one cycle.
        log_format: Form of the log.
        strict: Whether to end with an exit code of its own if items were rejected.
        as_json: Whether to print results as JSON.
        debug: Whether to show tracebacks and every log line.

    Raises:
        SystemExit: With the exit code, if that is not 0.
    """
    if destination in _WITHOUT_PANDAS:
        leave_out("pandas")
    with importing():
        from .running import running
        from .schedule import repeat

    with running(destination, dataset, log_format, as_json=as_json, debug=debug) as run:
        if every is None:
            run.cycle()
        else:
            repeat(run.cycle, every, run.complain)
    if strict and run.rejected:
        sys.exit(REJECTED_EXIT_CODE)


def _run(arguments: Sequence[str]) -> None:
    told = plain_sync(arguments)
    if told is None:
        from .cli_verbs import app

        app()
    else:
        run_sync(**told)
