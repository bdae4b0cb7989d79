"""`--every`: cycles at their times, through what passes, to what does not."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from pipelines.devin.demo_api import DemoServer, Fault
from pipelines.devin.schedule import repeat
from sources.devin.errors import ConfigurationError, DevinError, Unreachable
from tests.pipeline.conftest import Verb


@pytest.fixture
def server(unchanging_server: DemoServer) -> DemoServer:
    return unchanging_server


@dataclass
class Day:
    """A clock, and cycles that take so long and end in such a way; the last one is stopped."""

    takes: list[float]
    ends: dict[int, BaseException] = field(default_factory=dict)
    now: float = 0.0
    begun: list[float] = field(default_factory=list)
    told: list[DevinError] = field(default_factory=list)

    def cycle(self) -> None:
        number = len(self.begun)
        if number == len(self.takes):
            raise KeyboardInterrupt
        self.begun.append(self.now)
        self.now += self.takes[number]
        if number in self.ends:
            raise self.ends[number]

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def repeat(self, every: float, sleep: Callable[[float], None] | None = None) -> None:
        repeat(self.cycle, every, self.told.append, lambda: self.now, sleep or self.sleep)


def test_cycles_begin_so_far_apart_and_late_ones_at_once() -> None:
    day = Day([10, 130, 5])

    day.repeat(60)

    assert day.begun == [0, 60, 190]


def test_an_error_that_passes_is_told_and_the_next_cycle_comes() -> None:
    error = Unreachable("no answer")
    day = Day([1, 1, 1], {1: error})

    day.repeat(60)

    assert day.begun == [0, 60, 120]
    assert day.told == [error]


@pytest.mark.parametrize("error", [ConfigurationError("a wrong setting"), LookupError("a defect")])
def test_an_error_that_does_not_pass_ends_it(error: Exception) -> None:
    day = Day([1, 1, 1], {1: error})

    with pytest.raises(type(error)) as raised:
        day.repeat(60)

    assert raised.value is error
    assert (day.begun, day.told) == ([0, 60], [])


def test_an_interrupt_in_a_wait_ends_it_in_peace() -> None:
    day = Day([1, 1])

    def sleep(seconds: float) -> None:
        raise KeyboardInterrupt

    day.repeat(60, sleep)

    assert day.begun == [0]


def test_an_interrupt_that_dlt_wrapped_ends_it_in_peace() -> None:
    wrapped = RuntimeError("load failed")
    wrapped.__cause__ = KeyboardInterrupt()
    day = Day([1, 1], {0: wrapped})

    day.repeat(60)

    assert (day.begun, day.told) == ([0], [])


def test_a_repeated_sync_goes_through_an_outage_and_ends_with_the_code_of_what_stays(
    verb: Verb, server: DemoServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCES__DEVIN__RETRY_ATTEMPTS", "1")
    monkeypatch.setattr(
        "pipelines.devin.schedule.repeat.__defaults__", (lambda: 0.0, lambda _: None)
    )
    server.faults.push(Fault(status=503), None, None, None, Fault(status=401))

    result = verb("sync", "--every", "1h", "--json")

    told = [line for line in result.stderr.splitlines() if line.startswith("error: ")]
    assert result.exit_code == 2
    assert result.stdout.count("\n") == 1
    assert ["503" in told[0], "401" in told[1], len(told)] == [True, True, 2]


def test_a_strict_repeated_sync_that_is_stopped_ends_with_3_if_any_item_was_rejected(
    verb: Verb, server: DemoServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(_: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("pipelines.devin.schedule.repeat.__defaults__", (lambda: 0.0, stopped))
    server.settings.transform = lambda page: page | {"items": [*page["items"], {}]}

    assert verb("sync", "--every", "1h", "--strict").exit_code == 3


def test_what_a_cycle_left_is_gone_before_the_next_one() -> None:
    left: list[weakref.ref[Day]] = []
    alive: list[bool] = []

    def cycle() -> None:
        if len(left) == 2:
            raise KeyboardInterrupt
        knows_itself = Day([])
        knows_itself.told.append(knows_itself)  # type: ignore[arg-type]
        left.append(weakref.ref(knows_itself))

    repeat(cycle, 60, lambda _: None, lambda: 0.0, lambda _: alive.append(left[-1]() is not None))

    assert alive == [False, False]
