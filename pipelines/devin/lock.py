"""One sync of a pipeline at a time, on this machine."""

import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock, Timeout

from sources.devin.errors import SyncRunning


@contextmanager
def only_one(folder: str | Path) -> Iterator[None]:
    """Hold the lock of a pipeline; the system frees it if this process dies.

    It lies beside the working directory, which dlt may empty in the middle of a run.

    Args:
        folder: The pipeline's working directory.

    Raises:
        SyncRunning: Another process holds it; the message says which, and since when.
    """
    folder = Path(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    holder = folder.with_name(f"{folder.name}.holder.json")
    lock = FileLock(folder.with_name(f"{folder.name}.lock"))
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise SyncRunning(f"another sync is running: {_described(holder)}") from None
    try:
        holder.write_text(json.dumps(_who()))
        yield
    finally:
        holder.unlink(missing_ok=True)
        lock.release()


def _who() -> dict[str, str | int]:
    since = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    return {"pid": os.getpid(), "host": socket.gethostname(), "since": since}


def _described(holder: Path) -> str:
    try:
        who = json.loads(holder.read_text())
        return f"process {who['pid']} on {who['host']}, since {who['since']}"
    except (OSError, ValueError, KeyError):
        return "it began this very moment"
