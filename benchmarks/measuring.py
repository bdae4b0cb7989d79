"""What a command takes as a whole process: time, processor and memory, descendants included."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread

_A_LOOK = 0.02  # seconds between two looks at the memory
_PAGE = os.sysconf("SC_PAGE_SIZE")
_KIB = 1024
_MIB = 1024 * 1024
_QUOTED = 4000  # characters of what a failed command said last


@dataclass(frozen=True)
class Measured:
    """What a command took.

    Attributes:
        wall: Seconds from its start to its exit.
        processor: Seconds of processor time, of all processes that it waited for too.
        peak: The most resident memory of the whole tree of processes, in MiB; a page that two of
            them share counts for both.
        own_peak: The most resident memory of the command itself, in MiB.
        status: What it exited with.
    """

    wall: float
    processor: float
    peak: float
    own_peak: float
    status: int


def end_at_sigterm() -> None:
    """Let SIGTERM end this program as Ctrl-C does, and what it measures with it.

    A command that stayed would go on in a folder that the next race takes for its own.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)


def measure(
    command: list[str], environment: dict[str, str], folder: Path, output: Path
) -> Measured:
    """Run a command to its end; what it says goes to the end of a file.

    Where it fails, the last of what it said is shown on stderr. Where this program is stopped, the
    command and all that it started end too.
    """
    with output.open("ab") as said:
        begun = time.monotonic()
        process = subprocess.Popen(  # noqa: S603 - our own programs
            command,
            env=environment,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
            start_new_session=True,
        )
    watch = _MemoryWatch(process.pid)
    try:
        # Not `process.wait`, which does not tell what the process took.
        _, status, usage = os.wait4(process.pid, 0)
    except BaseException:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        raise
    finally:
        watch.end()
    wall = time.monotonic() - begun
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.stderr.write(output.read_text(errors="replace")[-_QUOTED:] + "\n")
    return Measured(
        wall,
        usage.ru_utime + usage.ru_stime,
        max(watch.peak, watch.own_peak) / _MIB,
        watch.own_peak / _MIB,
        process.returncode,
    )


class _MemoryWatch:
    """Looks at the memory of a tree of processes again and again, from a thread."""

    def __init__(self, pid: int) -> None:
        self.peak = self.own_peak = 0
        self._pid = pid
        self._over = Event()
        self._thread = Thread(target=self._look_on, daemon=True)
        self._thread.start()

    def end(self) -> None:
        self._over.set()
        self._thread.join()

    def _look_on(self) -> None:
        before = 0
        while True:
            now = sum(map(_resident, _tree(self._pid)))
            # Only what two looks in a row saw: a process that is about to become another program
            # has, for a moment, all the memory of the one that started it once more.
            self.peak, before = max(self.peak, min(before, now)), now
            self.own_peak = max(self.own_peak, _highest(self._pid))
            if self._over.wait(_A_LOOK):
                return


def _tree(pid: int) -> Iterator[int]:
    yield pid
    for listed in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in _read(listed).split():
            yield from _tree(int(child))


def _resident(pid: int) -> int:
    fields = _read(Path(f"/proc/{pid}/statm")).split()
    return int(fields[1]) * _PAGE if fields else 0


def _highest(pid: int) -> int:
    """The most that a process had so far, which a look now and then would miss."""
    lines = _read(Path(f"/proc/{pid}/status")).splitlines()
    return next((int(line.split()[1]) * _KIB for line in lines if line.startswith("VmHWM")), 0)


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""  # the process has just ended
