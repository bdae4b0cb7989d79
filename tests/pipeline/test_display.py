"""On a terminal one line moves, and is gone when the results are printed."""

from __future__ import annotations

import io
import json
import logging
import math
import os
import pty
import re
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest
from rich.console import Console

from pipelines.devin.demo_api import DemoServer, Fault
from pipelines.devin.display import Display, JsonFormatter, TextFormatter
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


class Clock:
    """A clock that stands until a test moves it."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def progress(screen: io.StringIO, clock: Clock) -> Iterator[Progress]:
    progress = Progress(clock)
    yield progress
    progress.clear()


def record(message: str, event: str | None = None, **extra: Any) -> logging.LogRecord:
    level = {"levelno": logging.INFO, "levelname": "INFO"}
    made = logging.makeLogRecord({"msg": message, **level, **extra})
    if event:
        made.event = event
    return made


def without_rate(text: str) -> str:
    return re.sub(r"[\d,]+/s", "N/s", text)


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
        "200 sessions · N/s · reading v3/org-demo",
        "250 sessions · N/s · reading v3/org-demo",
        "250 sessions · N/s · waiting 4.0 s",
        "250 sessions · N/s · loading into the destination",
        "next cycle in 60 s",
    ]


def page(done: float | None, sessions: int = 200) -> logging.LogRecord:
    return record("org: page", "page", scope="v3/org-demo", pages=1, sessions=sessions, done=done)


def test_it_shows_how_much_is_done_and_how_long_the_rest_will_take(
    progress: Progress, clock: Clock
) -> None:
    told = []
    for second, shown in (
        (0, record("sync started", "started")),
        (1, page(0.001)),
        (100, page(0.4)),
        (110, record("waiting 4.0 s", "waiting")),
        (120, record("loaded 400 sessions", "committed", sessions=400)),
        (300, page(0.9999)),
        (400, page(1.0)),
        (400, record("v3/org-demo: loaded", "cycle")),
    ):
        clock.now = 1000.0 + second
        progress.emit(shown)
        told.append(progress.line)

    assert told == [
        "asking the API",
        "200 sessions · 200/s · 0% · reading v3/org-demo",
        "400 sessions · 4/s · 40% · about 3 min left · reading v3/org-demo",
        "400 sessions · 4/s · 40% · about 3 min left · waiting 4.0 s",
        "400 sessions · 3/s · 40% · about 3 min left · loading into the destination",
        "600 sessions · 2/s · 99% · about 10 s left · reading v3/org-demo",
        "800 sessions · 2/s · 100% · reading v3/org-demo",
        "800 sessions · 2/s · 100% · loading into the destination",
    ]


def test_what_is_done_belongs_to_one_run(progress: Progress, clock: Clock) -> None:
    progress.emit(record("sync started", "started"))
    clock.now += 100
    progress.emit(page(0.5))
    progress.emit(record("next cycle in 60 s", "scheduled"))
    progress.emit(record("sync started", "started"))
    clock.now += 10
    progress.emit(page(None))
    first = progress.line
    progress.emit(page(0.5))

    assert first == "200 sessions · 20/s · reading v3/org-demo"
    assert progress.line == ("400 sessions · 40/s · 50% · about 10 s left · reading v3/org-demo")


def test_what_is_done_goes_where_it_becomes_unknown(progress: Progress, clock: Clock) -> None:
    clock.now += 100
    for done in (0.5, None):
        progress.emit(page(done))

    assert progress.line == "400 sessions · 4/s · reading v3/org-demo"


@pytest.mark.parametrize(
    ("elapsed", "done", "expected"),
    [
        (100, None, ""),
        (100, math.nan, ""),
        (100, math.inf, ""),
        (100, -0.5, " (0%)"),
        (100, 0.0, " (0%)"),
        (100, 0.0199, " (1%)"),
        (100, 0.02, " (2%, about 82 min left)"),
        (4.9, 0.5, " (50%)"),
        (5, 0.5, " (50%, about 10 s left)"),
        (-100, 0.5, " (50%)"),
        (50, 0.5, " (50%, about 50 s left)"),
        (51, 0.5, " (50%, about 1 min left)"),
        (61, 0.5, " (50%, about 2 min left)"),
        (90 * 60, 0.5, " (50%, about 90 min left)"),
        (90 * 60 + 1, 0.5, " (50%, about 2 h left)"),
        (7 * 86_400, 0.5, " (50%, about 168 h left)"),
        (7 * 86_400 + 1, 0.5, " (50%)"),
        (100, 0.999_999, " (99%, about 10 s left)"),
        (100, 1, " (100%)"),
        (100, 1.5, " (100%)"),
    ],
)
def test_an_estimate_is_told_only_where_it_makes_sense(
    elapsed: float, done: float | None, expected: str, clock: Clock
) -> None:
    formatter = TextFormatter(clock)
    formatter.format(record("sync started", "started"))
    clock.now += elapsed

    assert formatter.format(page(done)).endswith(f" org: page{expected}")


def test_the_estimate_of_a_line_begins_anew_with_each_run(clock: Clock) -> None:
    formatter = TextFormatter(clock)
    clock.now += 1000
    formatter.format(record("sync started", "started"))
    clock.now += 10

    assert formatter.format(page(0.5)).endswith(" org: page (50%, about 10 s left)")


def test_lines_with_an_estimate_come_once_a_second_at_most(
    clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    display = Display(TextFormatter(clock), clock=clock)
    display.emit(record("sync started", "started"))
    for tenth in range(1, 71):
        clock.now = 1000 + tenth / 10
        display.emit(page(tenth / 100))
    display.emit(record("loaded 400 sessions", "committed", sessions=400))

    assert [line[28:] for line in capsys.readouterr().err.splitlines()] == [
        " sync started",
        " org: page (1%)",
        " org: page (11%)",
        " org: page (21%)",
        " org: page (31%)",
        " org: page (41%)",
        " org: page (51%, about 10 s left)",
        " org: page (61%, about 10 s left)",
        " loaded 400 sessions",
    ]


def test_a_program_reads_what_is_done_as_a_number() -> None:
    told = json.loads(JsonFormatter().format(page(0.42)))

    assert (told["message"], told["done"]) == ("org: page", 0.42)


def test_a_long_reason_is_cut_to_the_width_of_the_terminal(progress: Progress) -> None:
    progress.emit(record("waiting 0.5 s before asking again (" + "<html>" * 40, "waiting"))

    assert progress.line == "waiting 0.5 s before asking again (" + "<html>" * 9 + "<html…"


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
        "Made 19 models in devin_analytics.",
        re.findall(r"Done in \d+\.\d s: .*", text)[0],
    ]


def on_a_terminal(processes: Processes) -> str:
    """Run a sync with a terminal for stdout and stderr: everything it writes there."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [PROGRAM, "sync"],
        cwd=processes.folder,
        # One walker: nothing that another one brings is shown over what is waited for.
        env={**os.environ, "TERM": "xterm", "COLUMNS": "200", "SOURCES__DEVIN__CONCURRENCY": "1"},
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
