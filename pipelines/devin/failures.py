"""Any exception as an error that says what to do."""

import errno
import re
from collections.abc import Iterator

from dlt.common.destination.exceptions import DestinationException

from sources.devin.errors import DestinationBusy, DevinError, TryAgainLater

from .misconfiguration import misconfiguration, sentence

_DRIVERS = ("duckdb", "_duckdb", "psycopg2")
_DUCKDB_HELD = re.compile(r'Could not set lock on file "([^"]+)".*?PID (\d+)', re.DOTALL)
_LOCAL = {
    errno.EACCES,
    errno.EDQUOT,
    errno.EFBIG,
    errno.EISDIR,
    errno.ENOSPC,
    errno.ENOTDIR,
    errno.EPERM,
    errno.EROFS,
}


class DestinationFailed(TryAgainLater):
    """The destination refused, or could not be reached."""

    advice = (
        "Check the destination and its credentials (devin-elt check), then run again: what is "
        "read already is kept, and loaded first."
    )


class DiskRefused(TryAgainLater):
    """A file could not be written on this machine."""

    advice = (
        "Make room or correct the permissions, or name another folder in DLT_DATA_DIR; then run "
        "again: it continues from what is loaded."
    )


class Stopped(DevinError):
    """Somebody stopped the run."""

    advice = "Run again: it continues from what is loaded."


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
    misconfigured = next(filter(None, map(misconfiguration, chain)), None)
    return misconfigured or _of_destination(chain) or _of_disk(chain)


def out_of_memory(failure: BaseException) -> bool:
    """Whether DuckDB had less memory than it needed."""
    return any("Out of Memory Error" in str(cause) for cause in _chain(failure))


def _chain(failure: BaseException | None) -> Iterator[BaseException]:
    seen: set[int] = set()
    while failure is not None and id(failure) not in seen:
        seen.add(id(failure))
        yield failure
        # The second is where dlt's loader puts what made a job fail.
        inner = failure.__cause__ or getattr(failure, "client_exception", None)
        failure = inner or failure.__context__


def _of_destination(chain: list[BaseException]) -> DevinError | None:
    for cause in chain:
        if held := _DUCKDB_HELD.search(str(cause)):
            return DestinationBusy(f"the DuckDB file {held[1]} is open in process {held[2]}")
    if not any(
        isinstance(cause, DestinationException) or type(cause).__module__.startswith(_DRIVERS)
        for cause in chain
    ):
        return None
    said = [text for cause in chain if (text := str(cause).strip())]
    return DestinationFailed(f"the destination failed: {sentence(said[-1].splitlines()[0])}")


def _of_disk(chain: list[BaseException]) -> DevinError | None:
    for cause in chain:
        if isinstance(cause, OSError) and cause.errno in _LOCAL:
            where = f": {cause.filename}" if cause.filename else ""
            return DiskRefused(f"{cause.strerror}{where}")
    return None
