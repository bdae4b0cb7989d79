"""The essentials on a terminal, and where text goes."""

from __future__ import annotations

from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from pipelines.devin.report.text import show
from tests.report.conftest import SMALL, Read, Verb, burned, session
from tests.report.stand_in import stand_in


def text_of(read: Read, width: int = 80, **rows: object) -> str:
    out = StringIO()
    show(read({**SMALL, **rows}), Console(file=out, width=width, highlight=False))
    return out.getvalue()


def test_it_shows_figures_tables_and_what_is_wrong(read: Read) -> None:
    lines = [" ".join(line.split()) for line in text_of(read).splitlines()]

    for line in (
        "1 Jan 2026 to 31 Mar 2026 (90 days), Payments, Platform",
        "ACUs 60 30 +100%",
        "Cost 120.00 60.00 +100%",
        "Ada ████████████ 30 50% +100%",
        "Platform, to 31 Mar 2026 ███████████▍ 40 45 42 107%",
        "ended in an error ████████████ 10 17% 1",
        "1 session waiting for somebody.",
        "Not metered: Payments.",
        "rejected_items: 3. Items that are not loaded.",
    ):
        assert line in lines


@pytest.mark.parametrize("width", [40, 80, 120, 200])
def test_no_line_is_wider_than_the_terminal(read: Read, width: int) -> None:
    rows = [burned("2026-03-31", "org_a", 9, None, repository="acme/" + "x" * 90)]

    lines = text_of(read, width, acu_by_repository=rows).splitlines()

    assert max(len(line.rstrip()) for line in lines) <= width


def test_names_do_nothing_to_the_terminal(read: Read) -> None:
    evil = "\x1b]0;owned\x07\x1b[2J[red]x[/red]"
    rows = [burned("2026-03-31", "org_a", 9, None, repository=evil)]

    text = text_of(read, 200, acu_by_repository=rows)

    assert "\x1b" not in text
    assert "[red]x[/red]" in text


def test_missing_parts_and_unmetered_sessions_are_said(read: Read) -> None:
    out = StringIO()
    rows = {"sessions": [session("s1", "org_a", "u1", "2026-03-30T10:00")]}
    show(read(rows, without=["wasted_acus", "stuck_sessions"]), Console(file=out, width=100))

    text = out.getvalue()
    assert "not metered" in text
    assert "Not available: The destination has no view" in text.replace("not a", "Not a")


def test_elsewhere_than_on_a_terminal_it_is_plain(verb: Verb, file: Path) -> None:
    stand_in(file, SMALL)

    ended = verb("report", "--text")

    assert (ended.exit_code, "\x1b" in ended.stdout) == (0, False)
    assert "Where the ACUs went" in ended.stdout
    assert list(file.parent.glob("*.html")) == []
