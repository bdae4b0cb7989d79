"""Any exception as an error that says what to do."""

import re
from collections.abc import Iterator

from dlt.common.configuration.exceptions import ConfigFieldMissingException, ConfigurationException
from dlt.common.destination.exceptions import UnknownDestinationModule
from dlt.common.exceptions import MissingDependencyException

from sources.devin.errors import (
    ConfigurationError,
    DestinationBusy,
    DevinError,
    TokenRejected,
    TryAgainLater,
)

_CONFIGURATION: dict[type[BaseException], str] = {
    UnknownDestinationModule: "Name a dlt destination, such as duckdb or postgres.",
    MissingDependencyException: "Install it into the same environment.",
    ConfigurationException: "Correct it in .dlt/ or in the environment.",
}
_DESTINATION_MODULES = ("dlt.destinations", "duckdb", "_duckdb", "psycopg2")
_DUCKDB_HELD = re.compile(r'Could not set lock on file "([^"]+)".*?(PID \d+)', re.DOTALL)


class DestinationFailed(TryAgainLater):
    """The destination refused, or could not be reached."""

    advice = (
        "Check the destination and its credentials (`devin-elt check`), then run again: what was "
        "extracted already is kept, and loaded first."
    )


class Stopped(TryAgainLater):
    """Somebody stopped the run."""

    advice = "Run again: it continues by itself where it stopped."


def explained(failure: BaseException) -> DevinError | None:
    """The error behind an exception, whatever it is wrapped in.

    Args:
        failure: What was caught; dlt wraps what a source raises in errors of its own.

    Returns:
        An error that says what to do; None for a defect of this program.
    """
    chain = list(_chain(failure))
    for cause in chain:
        if isinstance(cause, DevinError):
            return cause
    if any(isinstance(cause, KeyboardInterrupt) for cause in chain):
        return Stopped("the run was stopped")
    for cause in chain:
        if found := _translated(cause):
            return found
    return None


def _chain(failure: BaseException | None) -> Iterator[BaseException]:
    seen: set[int] = set()
    while failure is not None and id(failure) not in seen:
        seen.add(id(failure))
        yield failure
        failure = failure.__cause__ or failure.__context__


def _translated(cause: BaseException) -> DevinError | None:
    if held := _DUCKDB_HELD.search(str(cause)):
        return DestinationBusy(f"the DuckDB file {held[1]} is open in another process ({held[2]})")
    if isinstance(cause, ConfigFieldMissingException):
        return _missing(cause)
    for kind, advice in _CONFIGURATION.items():
        if isinstance(cause, kind):
            return ConfigurationError(_first_line(cause), advice)
    if type(cause).__module__.startswith(_DESTINATION_MODULES):
        return DestinationFailed(f"the destination failed: {_first_line(cause)}")
    return None


def _missing(cause: ConfigFieldMissingException) -> ConfigurationError:
    fields = list(cause.fields)
    if "api_key" in fields:
        return TokenRejected("no token is configured: api_key is missing")
    variables = dict.fromkeys(re.findall(r"\b[A-Z][A-Z0-9_]*__[A-Z0-9_]+\b", str(cause)))
    return ConfigurationError(
        f"{', '.join(fields)} of {cause.spec_name} is not configured",
        f"Set it in .dlt/config.toml or .dlt/secrets.toml, or one of {', '.join(variables)}.",
    )


def _first_line(cause: BaseException) -> str:
    lines = [line.strip() for line in str(cause).splitlines() if line.strip()]
    return (lines[0] if lines else type(cause).__name__).rstrip(".")
