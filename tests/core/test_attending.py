"""Work in a thread of its own: what comes of it comes back, and it can be given up any moment."""

import threading
from collections.abc import Callable
from threading import Event

import pytest

from sources.devin import attending
from sources.devin.attending import GivenUp, attended

PATIENCE = 10.0
"""Seconds that a test waits for another thread before it fails."""


def nothing() -> None:
    """What is called and does nothing."""


def test_what_the_work_returns_comes_back_from_another_thread() -> None:
    name = attended(lambda _: threading.current_thread().name, nothing, nothing)

    assert name == "devin-reader"


def test_what_the_work_raises_is_raised() -> None:
    def fail(_: Callable[[], None]) -> None:
        raise ValueError("no")

    with pytest.raises(ValueError, match=r"^no$"):
        attended(fail, nothing, nothing)


def test_a_run_that_ends_wakes_the_work_and_waits_for_its_end() -> None:
    woken, ended = Event(), Event()

    def wait(go_on: Callable[[], None]) -> None:
        assert woken.wait(PATIENCE)
        try:
            go_on()
        except GivenUp:
            ended.set()

    def look() -> None:
        raise InterruptedError

    with pytest.raises(InterruptedError):
        attended(wait, look, woken.set)

    assert ended.is_set()


def test_work_that_does_not_wake_is_left_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attending, "_PATIENCE", 0.01)
    over = Event()

    def look() -> None:
        raise InterruptedError

    with pytest.raises(InterruptedError):
        attended(lambda _: over.wait(PATIENCE), look, nothing)

    (left,) = (each for each in threading.enumerate() if each.name == "devin-reader")
    assert left.daemon
    over.set()
    left.join(PATIENCE)
