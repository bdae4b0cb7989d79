"""The pace of all walkers: the rules alone, their yield against limits, and threads that wait."""

from __future__ import annotations

import heapq
import itertools
import math
import random
from collections.abc import Callable, Iterator
from threading import Condition, Event, Thread
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.devin.demo_api.limiter import Limiter
from sources.devin.pace import Pace, Slowdown, Stopped, Tempo, Ticket

Server = Callable[[float], int | None]
"""Answers a request that arrives at a moment, or says how long to wait."""


# The rules


def test_at_most_so_many_are_under_way_at_once() -> None:
    tempo = Tempo(3)
    for _ in range(3):
        assert tempo.opens() <= 0
        tempo.begin(0)

    assert tempo.opens() == math.inf
    tempo.end(answered=True)
    assert tempo.opens() <= 0


def test_nobody_begins_before_the_longest_pause_is_over() -> None:
    tempo = Tempo(2)
    tickets = [tempo.begin(0), tempo.begin(0)]

    tempo.slow_down(10, tickets[0], 5)
    tempo.slow_down(11, tickets[1], 1)
    for _ in tickets:
        tempo.end(answered=False)

    assert tempo.opens() == 15


def test_a_pause_shared_by_many_is_told_once() -> None:
    tempo = Tempo(4)
    tickets = [tempo.begin(0) for _ in range(4)]

    told = [tempo.slow_down(now, tickets[0], 2) for now in (10.0, 10.5, 10.5)]

    assert told == [Slowdown(True, 2), Slowdown(False, 0.5), Slowdown(False, 0)]
    assert tempo.slow_down(12.5, tickets[0], 3) == Slowdown(True, 3)


def test_refusals_of_what_was_already_under_way_cut_once() -> None:
    tempo = Tempo(10)
    tickets = [tempo.begin(0) for _ in range(10)]

    for ticket in tickets:
        tempo.slow_down(1, ticket, 0)
    assert tempo.allowed == 8

    tempo.slow_down(1, Ticket(1), 0)
    assert tempo.allowed == 6


def test_what_is_allowed_never_falls_below_one_and_grows_back_to_all() -> None:
    tempo = Tempo(8)
    for _ in range(100):
        tempo.slow_down(0, tempo.begin(0), 0)
        tempo.end(answered=False)
    assert tempo.allowed == 1

    for _ in range(100):
        tempo.begin(0)
        tempo.end(answered=True)
    assert tempo.allowed == 8


def test_only_answers_let_it_grow() -> None:
    tempo = Tempo(8)
    tempo.slow_down(0, tempo.begin(0), 0)
    tempo.end(answered=False)

    for _ in range(100):
        tempo.begin(0)
        tempo.end(answered=False)

    assert tempo.allowed == 6


@given(
    st.floats(0.1, 1000),
    st.lists(st.floats(0, 3), min_size=2, max_size=50),
)
def test_no_window_holds_more_than_its_share_and_one(rate: float, delays: list[float]) -> None:
    tempo = Tempo(1000, rate)
    begun: list[float] = []
    now = 0.0
    for delay in delays:
        now = max(now, tempo.opens()) + delay / rate
        tempo.begin(now)
        begun.append(now)

    for first, last in itertools.combinations(range(len(begun)), 2):
        window = begun[last] - begun[first]
        assert last - first + 1 <= rate * window * (1 + 1e-9) + 1 + 1e-6


def test_demand_uses_all_of_the_rate() -> None:
    tempo = Tempo(1, 20)
    for _ in range(1001):
        now = max(0.0, tempo.opens())
        tempo.begin(now)
        tempo.end(answered=True)

    assert now == pytest.approx(50)


ACTION = st.tuples(st.sampled_from(["begin", "answer", "refuse"]), st.floats(0, 5), st.floats(0, 9))


@given(st.integers(1, 16), st.none() | st.floats(0.1, 100), st.lists(ACTION, max_size=100))
def test_whatever_happens_the_limits_hold_and_somebody_gets_on(
    most: int, rate: float | None, actions: list[tuple[str, float, float]]
) -> None:
    tempo = Tempo(most, rate)
    tickets: list[Ticket] = []
    now = paused_until = 0.0
    for action, passes, pause in actions:
        now += passes
        if action == "begin" and tempo.opens() <= now:
            assert paused_until <= now
            assert len(tickets) < tempo.allowed
            tickets.append(tempo.begin(now))
        elif tickets and action != "begin":
            ticket = tickets.pop()
            if action == "refuse":
                tempo.slow_down(now, ticket, pause)
                paused_until = max(paused_until, now + pause)
            tempo.end(answered=action == "answer")
        assert 1 <= tempo.allowed <= most
        assert tempo.under_way == len(tickets)

    for _ in tickets:
        tempo.end(answered=True)
    assert tempo.opens() < math.inf


# The yield against a limit that nobody told of


class Simulation:
    """Walkers that always want more, against a server, in a time that only events move."""

    def __init__(self, tempo: Tempo, server: Server, walkers: int, latency: float) -> None:
        self._tempo = tempo
        self._server = server
        self._idle = walkers
        self._latency = latency
        self._dice = random.Random(0)
        self._order = itertools.count()
        self._events: list[tuple[float, int, Callable[[float], None]]] = []
        self._looks = 0.0
        self.answered = 0

    def run(self, seconds: float) -> None:
        self._begin(0.0)
        while self._events[0][0] < seconds:
            now, _, happen = heapq.heappop(self._events)
            happen(now)
            self._begin(now)

    def _at(self, moment: float, happen: Callable[[float], None]) -> None:
        heapq.heappush(self._events, (moment, next(self._order), happen))

    def _begin(self, now: float) -> None:
        while self._idle and self._tempo.opens() <= now:
            self._idle -= 1
            self._send(now, self._tempo.begin(now))
        opens = self._tempo.opens()
        if self._idle and math.isfinite(opens) and opens != self._looks:
            self._looks = opens
            self._at(opens, lambda _: None)

    def _send(self, now: float, ticket: Ticket) -> None:
        half = self._latency / 2 * self._dice.uniform(0.7, 1.3)

        def arrive(now: float) -> None:
            pause = self._server(now)
            self._at(now + half, lambda now: self._end(now, ticket, pause))

        self._at(now + half, arrive)

    def _end(self, now: float, ticket: Ticket, pause: int | None) -> None:
        if pause is not None:
            self._tempo.slow_down(now, ticket, pause)
        self._tempo.end(answered=pause is None)
        self.answered += pause is None
        self._idle += 1


def bucket(rate: float) -> Server:
    limiter = Limiter()
    return lambda now: limiter.take(now, rate)


def fixed_window(rate: float) -> Server:
    seen: dict[int, int] = {}

    def take(now: float) -> int | None:
        seen[int(now)] = seen.get(int(now), 0) + 1
        return None if seen[int(now)] <= rate else 1

    return take


LATENCIES = [0.02, 0.03, 0.05, 0.07, 0.1]


def used(limit: Callable[[float], Server], walkers: int, latency: float) -> float:
    simulation = Simulation(Tempo(walkers), limit(20), walkers, latency)
    simulation.run(300)
    return simulation.answered / (20 * 300)


@pytest.mark.parametrize("walkers", [8, 16])
@pytest.mark.parametrize("latency", LATENCIES)
def test_nine_tenths_of_a_token_bucket_are_used(walkers: int, latency: float) -> None:
    assert used(bucket, walkers, latency) >= 0.9


@pytest.mark.parametrize("walkers", [8, 16])
def test_nine_tenths_of_a_fixed_window_are_used_on_average(walkers: int) -> None:
    """A pause of a second can begin anywhere in a window, and skip what was left of the next."""
    shares = [used(fixed_window, walkers, latency) for latency in LATENCIES]

    assert sum(shares) / len(shares) >= 0.9
    assert min(shares) >= 0.84


@pytest.mark.parametrize("latency", LATENCIES)
def test_a_rate_of_its_own_is_used_in_full_where_the_walkers_are_fast_enough(
    latency: float,
) -> None:
    simulation = Simulation(Tempo(8, 50), lambda _: None, 8, latency)
    simulation.run(100)

    assert simulation.answered >= 0.98 * 50 * 100


# Threads


class Hands:
    """A clock that only a wait moves, and what was waited for."""

    def __init__(self) -> None:
        self.now = 100.0
        self.waits: list[float | None] = []

    def clock(self) -> float:
        return self.now

    def wait(self, _: Condition, seconds: float | None) -> None:
        self.waits.append(seconds)
        self.now += seconds or 0.0


@pytest.fixture
def hands() -> Hands:
    return Hands()


@pytest.fixture
def paced(hands: Hands) -> Pace:
    return Pace(2, 4, clock=hands.clock, wait=hands.wait)


def test_a_turn_tells_how_long_it_was_waited_for(paced: Pace, hands: Hands) -> None:
    with paced.turn() as first, paced.turn() as second:
        assert (first.queued, second.queued, hands.waits) == (0.0, 0.25, [0.25])


def test_a_turn_waits_for_the_pause_that_another_was_given(paced: Pace, hands: Hands) -> None:
    with paced.turn() as turn:
        turn.slow_down(30)
    with paced.turn() as turn:
        assert (turn.queued, hands.now) == (30.0, 130.0)


def test_a_wait_that_comes_back_early_goes_on(hands: Hands) -> None:
    def restless(_: Condition, seconds: float | None) -> None:
        hands.now += 1

    Pace(1, clock=hands.clock, wait=restless).sleep(7)

    assert hands.now == 107


def test_a_turn_ends_with_an_exception_too(paced: Pace) -> None:
    for _ in range(3):
        with pytest.raises(KeyError), paced.turn():
            raise KeyError

    with paced.turn(), paced.turn():
        pass


@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError])
def test_a_wait_that_raises_ends_the_waiting_and_takes_no_turn(
    error: type[BaseException], hands: Hands
) -> None:
    pending: list[BaseException] = [error()]

    def wait(condition: Condition, seconds: float | None) -> None:
        if pending:
            raise pending.pop()
        hands.wait(condition, seconds)

    paced = Pace(1, 4, clock=hands.clock, wait=wait)
    with paced.turn():
        pass
    with pytest.raises(error), paced.turn():
        pass

    with paced.turn() as turn:
        assert turn.queued == 0.25


def test_once_stopped_no_turn_begins_and_no_sleep(paced: Pace) -> None:
    with paced.turn():
        paced.stop()

    with pytest.raises(Stopped), paced.turn():
        pass
    with pytest.raises(Stopped):
        paced.sleep(0)


class Threads:
    """Threads of a test, with what became of each."""

    def __init__(self) -> None:
        self.errors: list[type[BaseException]] = []
        self._threads: list[Thread] = []

    def start(self, work: Callable[[], Any]) -> None:
        def run() -> None:
            try:
                work()
            except Exception as error:
                self.errors.append(type(error))

        self._threads.append(Thread(target=run, daemon=True))
        self._threads[-1].start()

    def join(self) -> None:
        for thread in self._threads:
            thread.join(60)
        assert not any(thread.is_alive() for thread in self._threads)


@pytest.fixture
def threads() -> Iterator[Threads]:
    started = Threads()
    yield started
    started.join()


def take_turn(pace: Pace) -> None:
    with pace.turn():
        pass


def test_a_stop_wakes_everyone_who_waits(threads: Threads) -> None:
    waiting = [Event(), Event(), Event()]
    unseen = iter(waiting)

    def wait(condition: Condition, seconds: float | None) -> None:
        next(unseen).set()
        condition.wait(seconds)

    pace = Pace(1, wait=wait)
    with pace.turn():
        for work in (lambda: take_turn(pace), lambda: take_turn(pace), lambda: pace.sleep(3600)):
            threads.start(work)
        assert all(event.wait(60) for event in waiting)
        pace.stop()
        threads.join()

    assert threads.errors == [Stopped] * 3


def test_whoever_waits_is_woken_when_a_turn_ends(threads: Threads) -> None:
    waiting = Event()

    def wait(condition: Condition, seconds: float | None) -> None:
        waiting.set()
        condition.wait(seconds)

    pace = Pace(1, wait=wait)
    with pace.turn():
        threads.start(lambda: take_turn(pace))
        assert waiting.wait(60)
    threads.join()

    assert threads.errors == []


def test_threads_are_never_more_at_once_than_allowed(threads: Threads) -> None:
    pace = Pace(3)
    inside: set[int] = set()
    seen: list[int] = []

    def work(name: int) -> None:
        for _ in range(50):
            with pace.turn():
                inside.add(name)
                seen.append(len(inside))
                inside.remove(name)

    for name in range(8):
        threads.start(lambda name=name: work(name))  # type: ignore[misc]
    threads.join()

    assert (threads.errors, len(seen)) == ([], 400)
    assert max(seen) <= 3
