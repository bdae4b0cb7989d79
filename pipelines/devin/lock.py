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

LOCK_NAME = "sync.lock"
HOLDER_NAME = "sync.holder.json"


@contextmanager
def only_one(folder: str | Path) -> Iterator[None]:
    """Hold the lock of a pipeline's working directory; the system frees it if this process dies.

    Raises:
        SyncRunning: Another process holds it; the message says which, and since when.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    holder = folder / HOLDER_NAME
    lock = FileLock(folder / LOCK_NAME)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise SyncRunning(f"another sync is running: {_described(holder)}") from None
    try:
        holder.write_text(
            json.dumps(
                {
                    "pid": os.getpid(),
                    "host": socket.gethostname(),
                    "since": datetime.now(UTC).isoformat(timespec="seconds"),
                }
            )
        )
        yield
    finally:
        holder.unlink(missing_ok=True)
        lock.release()


def _described(holder: Path) -> str:
    try:
        who = json.loads(holder.read_text())
        return f"process {who['pid']} on {who['host']}, since {who['since']}"
    except (OSError, ValueError, KeyError):
        return "it began this very moment"
