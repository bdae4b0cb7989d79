"""On a terminal one line moves, and is gone when the results are printed."""

from __future__ import annotations

import io
import logging
import os
import pty
import re
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest
from rich.console import Console

from pipelines.devin.demo_api import DemoServer, Fault
from pipelines.devin.progress import Progress
from pipelines.devin.showing import showing
from tests.pipeline.conftest import PATIENCE, PROGRAM, Processes

HIDE, SHOW = "\x1b[?25l", "\x1b[?25h"
WIDTH = 100

log = logging.getLogger("devin.test")


@pytest.fixture
def screen(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    """What is written to a terminal of 100 columns."""
    written = io.StringIO()

    def console(**_: Any) -> Console:
        return Console(file=written, force_terminal=True, width=WIDTH, color_system=None)

    monkeypatch.setattr("pipelines.devin.progress.Console", console)
    return written


@pytest.fixture
def progress(screen: io.StringIO) -> Iterator[Progress]:
    progress = Progress()
    yield progress
    progress.clear()


def record(message: str, event: str | None = None, **extra: Any) -> logging.LogRecord:
    made = logging.makeLogRecord({"msg": message, "levelno": logging.INFO, **extra})
    if event:
        made.event = event
    return made


def without_rate(text: str) -> str:
    return re.sub(r"[\d,]+ sessions/s", "N sessions/s", text)


def test_it_shows_pages_sessions_rate_and_what_is_waited_for(progress: Progress) -> None:
    told = []
    for shown in (
        record("sync started", "started"),
        record("page", "page", scope="v3/org-demo", sessions=200),
        record("page", "page", scope="v3/org-demo", sessions=50),
        record("waiting 4.0 s", "waiting"),
        record("v3/org-demo: loaded", "cycle"),
        record("next cycle in 60 s", "scheduled"),
    ):
        progress.emit(shown)
        told.append(without_rate(progress.line))

    assert told == [
        "asking the API",
        "1 page · 200 sessions · N sessions/s · reading v3/org-demo",
        "2 pages · 250 sessions · N sessions/s · reading v3/org-demo",
        "2 pages · 250 sessions · N sessions/s · waiting 4.0 s",
        "2 pages · 250 sessions · N sessions/s · loading into the destination",
        "next cycle in 60 s",
    ]


def test_a_long_reason_is_cut_to_the_width_of_the_terminal(progress: Progress) -> None:
    progress.emit(record("waiting 0.5 s before asking again (" + "<html>" * 40, "waiting"))

    assert progress.line == "waiting 0.5 s before asking again (" + "<html>" * 10 + "<h…"


def test_anything_else_is_printed_above_the_line(progress: Progress, screen: io.StringIO) -> None:
    progress.emit(record("sync started", "started"))
    progress.emit(record("loading 1 package that an earlier run left"))

    assert "\nloading 1 package that an earlier run left\n" in re.sub(
        r"\x1b\[[\d?]*[A-Za-z]|\r", "\n", screen.getvalue()
    )


def test_pages_are_logged_once_a_second_at_most_where_there_is_no_terminal(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with showing():
        for page in range(1000):
            log.info("page %d", page, extra={"event": "page"})
        log.info("loaded", extra={"event": "cycle"})

    first, *_, last = capsys.readouterr().err.splitlines()
    assert first.endswith(" INFO    page 0")
    assert last.endswith(" INFO    loaded")


def test_all_lines_are_logged_with_debug(capsys: pytest.CaptureFixture[str]) -> None:
    with showing(debug=True):
        for page in range(5):
            log.debug("page %d", page, extra={"event": "page"})

    assert len(capsys.readouterr().err.splitlines()) == 5


@pytest.mark.parametrize(("debug", "passes"), [(False, False), (True, True)])
def test_dlt_is_heard_only_with_debug(debug: bool, passes: bool) -> None:
    warning = record("a warning of dlt")

    with showing(debug=debug):
        assert bool(logging.getLogger("dlt").filter(warning)) is passes
    assert logging.getLogger("dlt").filter(warning)


def test_the_loggers_are_left_as_they_were() -> None:
    logger = logging.getLogger("devin")
    before = (logger.level, list(logger.handlers))

    with showing(), showing("json"):
        pass

    assert (logger.level, logger.handlers) == before


def test_a_terminal_is_left_clean(processes: Processes, server: DemoServer) -> None:
    server.faults.push(None, None, Fault(status=503, headers={"Retry-After": "1"}))

    shown = on_a_terminal(processes)

    # The line came and went, and only the result is left below it.
    *_, rest = shown.split(SHOW)
    text = re.sub(r"\x1b\[[\d?;]*[A-Za-z]", "", rest).replace("\r", "").strip()
    assert shown.count(HIDE) == shown.count(SHOW) > 0
    assert "waiting 1.0 s before asking again" in shown
    assert [line.split(",")[0] for line in text.splitlines()] == [
        "v3/org-demo: loaded 250 sessions",
        re.findall(r"Done in \d+\.\d s: .*", text)[0],
    ]


def on_a_terminal(processes: Processes) -> str:
    """Run a sync with a terminal for stdout and stderr: everything it writes there."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [PROGRAM, "sync"],
        cwd=processes.folder,
        env={**os.environ, "TERM": "xterm", "COLUMNS": "200"},
        stdin=subprocess.DEVNULL,
        stdout=theirs,
        stderr=theirs,
        text=True,
    )
    processes.started.append(process)
    os.close(theirs)
    written = bytearray()
    try:
        while chunk := os.read(ours, 65_536):
            written += chunk
    except OSError:  # Linux says so when the other side is closed
        pass
    finally:
        os.close(ours)
    assert process.wait(PATIENCE) == 0
    return written.decode()
