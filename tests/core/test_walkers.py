"""Many slices side by side: whoever walks what, everything given is done exactly once."""

import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import count, pairwise
from threading import Event

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sources.devin import walkers as walking
from sources.devin.answers import Answers
from sources.devin.coverage import Slice
from sources.devin.walk import Portion, Share
from sources.devin.walkers import PORTIONS_A_WALKER, Ended, Read, Rereads, Walkers, Work

PATIENCE = 10.0
"""Seconds that a test waits for another thread before it fails."""

SECONDS = 40

Pool = Walkers["Scope"]


class Scope:
    """A listing of so many sessions a second, that is read some of them a page.

    Args:
        density: Sessions of each second.
        page_size: Sessions a page.
        by_creation: Whether each page is done once it is read; otherwise all is with the last.
        fails_after: Pages after which the next one that is asked for fails.
    """

    def __init__(
        self,
        density: Sequence[int] = (1,) * SECONDS,
        page_size: int = 2,
        *,
        by_creation: bool = True,
        fails_after: int | None = None,
    ) -> None:
        self._density = density
        self._page_size = page_size
        self._by_creation = by_creation
        self._fails_after = fails_after
        self.pages = 0

    def read(self, work: Work, share: Share) -> Iterator[Portion]:
        if isinstance(work, Rereads):
            yield Portion([], [], 0)
            return
        left: Slice | None = work
        while left is not None:
            self._ask()
            begin, end = left.created_from, left.created_to or 0
            edge = self._page_end(begin, end)
            if edge == end:
                yield Portion([], [], 0, (begin, end))
                return
            if self._by_creation:
                yield Portion([], [], 0, (begin, edge))
                rest = left._replace(created_from=edge)
                left = share(rest, sum(self._density[edge:end]), free=True)
                continue
            yield Portion([], [], 0)
            kept = share(left, sum(self._density[begin:end]), free=False)
            if kept == left:
                self._ask()
                yield Portion([], [], 0, (begin, end))
                return
            left = kept

    def _ask(self) -> None:
        self.pages += 1
        if self._fails_after is not None and self.pages > self._fails_after:
            raise ValueError("no")

    def _page_end(self, begin: int, end: int) -> int:
        """The first second that the page has nothing of; it has at least one second."""
        edge = begin + 1
        while edge < end and sum(self._density[begin : edge + 1]) <= self._page_size:
            edge += 1
        return edge


def seconds(work: Work | tuple[int, int] | None) -> list[int]:
    if work is None or isinstance(work, Rereads):
        return []
    return list(range(work[0], work[1] or 0))


class Report:
    """What came of some work.

    Attributes:
        done: How often each second of a scope was done.
        left: The same of what was left.
        rereads: Batches that were read by name, and those that were left.
        errors: What scopes failed with.
    """

    def __init__(self) -> None:
        self.done: Counter[tuple[Scope, int]] = Counter()
        self.left: Counter[tuple[Scope, int]] = Counter()
        self.rereads: Counter[Rereads] = Counter()
        self.errors: list[str] = []

    def take(self, news: Read[Scope] | Ended[Scope]) -> None:
        if isinstance(news, Read):
            self.done.update((news.scope, at) for at in seconds(news.portion.done))
            work: Work | None = news.work
        else:
            self.left.update((news.scope, at) for at in seconds(news.left))
            self.errors += [str(news.error)] if news.error else []
            work = news.left
        if isinstance(work, Rereads):
            self.rereads[work] += 1


def threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name.startswith("devin-walker")]


def once(given_work: dict[Scope, list[Work]]) -> Counter[tuple[Scope, int]]:
    return Counter(
        (scope, at) for scope, works in given_work.items() for work in works for at in seconds(work)
    )


densities = st.lists(st.integers(0, 6), min_size=SECONDS, max_size=SECONDS)
scopes = st.builds(Scope, densities, st.integers(1, 6), by_creation=st.booleans())
edges = st.lists(st.integers(0, SECONDS), max_size=4, unique=True).map(sorted)


@st.composite
def jobs(draw: st.DrawFn, least: int = 1) -> dict[Scope, list[Work]]:
    """Some scopes, and slices of each that do not overlap."""
    found: dict[Scope, list[Work]] = {}
    for number in range(draw(st.integers(least, 3))):
        bounds = [0, *(edge for edge in draw(edges) if 0 < edge < SECONDS), SECONDS]
        parts: list[Work] = [Slice(a, b, None) for a, b in pairwise(bounds)]
        found[draw(scopes)] = [*parts, Rereads((f"s{number}",))]
    return found


class Soon(Answers):
    """Answers that come soon for so many pages, and late from then on."""

    def __init__(self, pages: int) -> None:
        super().__init__()
        self.pages = pages

    @property
    def come_soon(self) -> bool:
        return self.pages > 0

    def note(self, waited: float, worked: float) -> None:  # noqa: ARG002 - as of `Answers`
        self.pages -= 1


SOON = st.none() | st.builds(Soon, st.integers(0, 12))


@given(jobs(), st.integers(1, 6), st.integers(1, 6), SOON)
def test_everything_that_is_given_is_done_exactly_once_however_it_is_shared(
    work: dict[Scope, list[Work]], most: int, page_size: int, answers: Answers | None
) -> None:
    report = Report()

    with Walkers[Scope](most, page_size, answers=answers) as walkers:
        for scope, parts in work.items():
            walkers.give(scope, parts)
        for news in walkers.news():
            report.take(news)

    assert report.done == once(work)
    assert report.left == Counter()
    assert sorted(report.rereads.values()) == [1] * len(work)


@given(jobs(), st.integers(1, 6), st.integers(0, 12), SOON)
def test_winding_down_loses_nothing_what_is_not_done_is_left(
    work: dict[Scope, list[Work]], most: int, when: int, answers: Answers | None
) -> None:
    report = Report()

    with Walkers[Scope](most, 1, answers=answers) as walkers:
        for scope, parts in work.items():
            walkers.give(scope, parts)
        for number, news in enumerate(walkers.news()):
            report.take(news)
            if number == when:
                walkers.wind_down()

    assert report.done + report.left == once(work)
    assert sorted(report.rereads.values()) == [1] * len(work)


@given(jobs(), st.integers(1, 6), st.integers(0, 1), st.booleans(), SOON)
def test_work_that_fails_is_left_with_its_error_and_the_other_scopes_go_on(
    work: dict[Scope, list[Work]],
    most: int,
    fails_after: int,
    by_creation: bool,
    answers: Answers | None,
) -> None:
    failing = Scope(by_creation=by_creation, fails_after=fails_after)
    mine: list[Work] = [Slice(0, SECONDS, None)]
    report = Report()

    with Walkers[Scope](most, 1, answers=answers) as walkers:
        walkers.give(failing, mine)
        for scope, parts in work.items():
            walkers.give(scope, parts)
        for news in walkers.news():
            report.take(news)

    assert set(report.errors) == {"no"}
    assert {scope for scope, _ in report.left} == {failing}
    assert report.done + report.left == once(work | {failing: mine})


@pytest.mark.parametrize(("soon", "alone"), [(99, True), (SECONDS, True), (1, False), (0, False)])
def test_whoever_takes_the_news_walks_alone_as_long_as_answers_come_soon(
    soon: int, alone: bool
) -> None:
    walked_by: list[str] = []

    class Watched(Scope):
        def _ask(self) -> None:
            walked_by.append(threading.current_thread().name)
            super()._ask()

    scope = Watched(page_size=1)

    report = run(Walkers(4, 1, answers=Soon(soon)), scope, [WHOLE])

    here = threading.current_thread().name
    assert report.done == once({scope: [WHOLE]})
    assert walked_by.count(here) == (SECONDS if alone else soon)
    assert len(walked_by) == SECONDS


def test_whoever_walks_alone_looks_after_each_page_whether_the_run_goes_on() -> None:
    looks = count()

    def look() -> None:
        if next(looks) == 3:
            raise InterruptedError

    scope = Scope(page_size=1)
    with pytest.raises(InterruptedError):
        run(Walkers(4, 1, look=look, answers=Soon(99)), scope, [WHOLE])

    assert scope.pages == 4


class Meeting(Scope):
    """A scope of which no walk goes on before so many are under way."""

    def __init__(self, walkers: int, sessions: int, *, free: bool = True) -> None:
        super().__init__()
        self._barrier = threading.Barrier(walkers)
        self._sessions = sessions
        self._free = free
        self.walked: list[Work] = []

    def read(self, work: Work, share: Share) -> Iterator[Portion]:
        assert isinstance(work, Slice)
        kept = work
        if work == WHOLE:
            kept = share(work, self._sessions, free=self._free) or work
        self._barrier.wait(PATIENCE)
        self.walked.append(kept)
        yield Portion([], [], 0, (kept.created_from, kept.created_to or 0))


WHOLE = Slice(0, SECONDS, None)


def run(walkers: Pool, scope: Scope, work: Sequence[Work]) -> Report:
    report = Report()
    with walkers:
        walkers.give(scope, work)
        for news in walkers.news():
            report.take(news)
    assert report.errors == []
    return report


@pytest.mark.parametrize("free", [True, False])
def test_walkers_that_have_nothing_to_do_get_equal_parts_of_what_another_has_left(
    free: bool,
) -> None:
    scope = Meeting(4, 400, free=free)

    report = run(Walkers(4, 100), scope, [WHOLE])

    assert sorted(scope.walked, key=str) == sorted(WHOLE.split(4), key=str)
    assert report.done == once({scope: [WHOLE]})


@pytest.mark.parametrize(("sessions", "parts"), [(200, 2), (201, 3), (300, 3)])
def test_what_is_left_is_shared_among_as_many_as_it_has_pages(sessions: int, parts: int) -> None:
    scope = Meeting(parts, sessions)

    run(Walkers(8, 100), scope, [WHOLE])

    assert sorted(scope.walked, key=str) == sorted(WHOLE.split(parts), key=str)


def test_a_walk_that_could_not_be_stopped_is_cut_to_what_a_package_may_hold() -> None:
    scope = Meeting(1, 400, free=False)

    report = run(Walkers(1, 100, largest=150), scope, [WHOLE])

    assert sorted(scope.walked, key=str) == sorted(WHOLE.split(3), key=str)
    assert report.done == once({scope: [WHOLE]})


def test_a_walk_that_can_be_stopped_is_not_cut_for_the_size_of_a_package() -> None:
    scope = Meeting(1, 400, free=True)

    run(Walkers(1, 100, largest=150), scope, [WHOLE])

    assert scope.walked == [WHOLE]


def test_nothing_is_given_away_where_everyone_has_something_to_do() -> None:
    scope = Meeting(2, 400)

    run(Walkers(2, 1), scope, [WHOLE, Slice(SECONDS, SECONDS + 1, None)])

    assert set(scope.walked) == {WHOLE, Slice(SECONDS, SECONDS + 1, None)}


def test_what_waits_goes_before_what_could_be_given_away() -> None:
    """One of two works, two slices wait for a third: nobody is without work."""
    others: list[Work] = [Slice(at, at + 1, None) for at in (SECONDS, SECONDS + 1)]
    scope = Meeting(3, 400)

    run(Walkers(3, 1), scope, [WHOLE, *others])

    assert set(scope.walked) == {WHOLE, *others}


class Unequal(Scope):
    """A large slice and a small one, of which the small one is offered once the large one was."""

    def __init__(self, small: int) -> None:
        super().__init__()
        self._large_known = Event()
        self._small_done = Event()
        self._small = small
        self.kept: list[Slice | None] = []

    def read(self, work: Work, share: Share) -> Iterator[Portion]:
        assert isinstance(work, Slice)
        if work == WHOLE:
            # It cannot be split further, so what others would get is not taken from here.
            share(Slice(0, 1, None), 100, free=False)
            self._large_known.set()
            assert self._small_done.wait(PATIENCE)
        elif work == SMALL:
            assert self._large_known.wait(PATIENCE)
            self.kept.append(share(work, self._small, free=False))
            self._small_done.set()
        yield Portion([], [], 0)


SMALL = Slice(SECONDS, 2 * SECONDS, None)


@pytest.mark.parametrize(("small", "kept"), [(49, SMALL), (50, SMALL.split(2)[0])])
def test_a_walker_with_much_less_left_than_another_gives_nothing_away(
    small: int, kept: Slice
) -> None:
    scope = Unequal(small)

    run(Walkers(3, 1), scope, [WHOLE, SMALL])

    assert scope.kept == [kept]


def test_no_more_walkers_start_than_there_is_work_for() -> None:
    before = len(threads())
    scope = Meeting(2, 1)
    with Walkers[Scope](8, 1) as walkers:
        walkers.give(scope, [Slice(1, 2, None), Slice(2, 3, None)])
        assert len(threads()) - before == 2
        assert len(list(walkers.news())) == 4
    assert len(threads()) == before


class Steps(Scope):
    """A scope of so many pages, that tells when all of them were read."""

    def __init__(self, pages: int, gate: Callable[[], object] = lambda: None) -> None:
        super().__init__()
        self._pages = pages
        self._gate = gate
        self.over = Event()
        self.begun = Event()

    def read(self, work: Work, share: Share) -> Iterator[Portion]:  # noqa: ARG002
        self.begun.set()
        self._gate()
        for _ in range(self._pages):
            yield Portion([], [], 0)
        self.over.set()


def test_pages_that_nobody_takes_are_not_read_ahead_without_end() -> None:
    scope = Steps(PORTIONS_A_WALKER * 2 + 1)
    with Walkers[Scope](2, 1) as walkers:
        walkers.give(scope, [WHOLE])
        assert scope.begun.wait(PATIENCE)
        assert not scope.over.wait(0.2)
        assert len(list(walkers.news())) == PORTIONS_A_WALKER * 2 + 2
        assert scope.over.is_set()


def test_as_many_pages_as_fit_are_read_while_nobody_takes_them() -> None:
    scope = Steps(PORTIONS_A_WALKER * 2)
    with Walkers[Scope](2, 1) as walkers:
        walkers.give(scope, [WHOLE])
        assert scope.over.wait(PATIENCE)


def test_for_each_page_that_is_taken_another_one_is_read() -> None:
    scope, room = Steps(1_000), PORTIONS_A_WALKER * 3
    with Walkers[Scope](3, 1) as walkers:
        walkers.give(scope, [WHOLE, WHOLE, WHOLE])
        news = walkers.news()
        found = [next(news) for _ in range(10 * room)]

    assert [type(each) for each in found] == [Read] * len(found)


@pytest.mark.parametrize("pages", [0, 1_000], ids=["its end", "a page"])
def test_whoever_waits_for_news_is_woken_by_it(monkeypatch: pytest.MonkeyPatch, pages: int) -> None:
    """And need not look for it: looks are as good as never."""
    monkeypatch.setattr(walking, "_A_LOOK", 10 * PATIENCE)
    waiting, taken, never = Event(), Event(), Event()

    def gate() -> None:
        assert waiting.wait(PATIENCE)
        never.wait(0.2)  # by then it waits

    def take(walkers: Pool) -> None:
        next(walkers.news())
        taken.set()

    scope = Steps(pages, gate)
    with Walkers[Scope](1, 1, look=waiting.set) as walkers:
        walkers.give(scope, [WHOLE])
        threading.Thread(target=take, args=(walkers,), daemon=True).start()
        assert taken.wait(PATIENCE)


def test_news_of_one_walk_come_in_their_order() -> None:
    with Walkers[Scope](1, 1) as walkers:
        scope = Scope((1,) * SECONDS, 1)
        walkers.give(scope, [Slice(0, 3, None)])
        *read, ended = walkers.news()

    assert [type(news) for news in read] == [Read] * 3
    assert ended == Ended(scope, None, None)


def test_leaving_in_the_middle_ends_all_walkers_and_wakes_who_waits_to_ask() -> None:
    before, stopped = set(threads()), Event()
    waiting, reading = Steps(1, lambda: stopped.wait(PATIENCE)), Steps(1_000_000)

    with Walkers[Scope](3, 1, stop=stopped.set) as walkers:
        walkers.give(waiting, [WHOLE])
        walkers.give(reading, [WHOLE, WHOLE, WHOLE])
        assert waiting.begun.wait(PATIENCE)
        next(walkers.news())
        assert not reading.over.wait(0.2)  # the others have read all that fits, and wait

    assert stopped.is_set()
    assert set(threads()) == before
    assert not reading.over.is_set()


def test_nobody_is_woken_where_all_work_is_over() -> None:
    stopped = Event()

    run(Walkers(2, 1, stop=stopped.set), Scope(), [WHOLE])

    assert not stopped.is_set()


def test_a_walk_that_brings_nothing_for_a_while_is_waited_for() -> None:
    looks: list[None] = []
    gate = Event()

    def look() -> None:
        looks.append(None)
        if len(looks) == 2:
            gate.set()

    scope = Steps(1, lambda: gate.wait(PATIENCE))
    with Walkers[Scope](1, 1, look=look) as walkers:
        walkers.give(scope, [WHOLE])
        news = list(walkers.news())

    assert news == [Read(scope, WHOLE, Portion([], [], 0)), Ended(scope, None, None)]


def test_once_it_winds_down_nothing_that_waits_is_begun() -> None:
    gate = Event()
    scope, other = Steps(1, lambda: gate.wait(PATIENCE)), Steps(1)
    with Walkers[Scope](1, 1) as walkers:
        walkers.give(scope, [WHOLE])
        assert scope.begun.wait(PATIENCE)
        walkers.give(other, [WHOLE])
        walkers.wind_down()
        gate.set()
        ends = [news for news in walkers.news() if isinstance(news, Ended)]

    assert ends == [Ended(other, WHOLE, None), Ended(scope, None, None)]
    assert not other.begun.is_set()


def test_whoever_takes_news_looks_at_each_whether_the_run_goes_on() -> None:
    looks: list[None] = []

    run(Walkers(1, 1, look=lambda: looks.append(None)), Steps(5), [WHOLE])

    assert len(looks) >= 6


def test_whoever_waits_for_news_looks_whether_the_run_goes_on() -> None:
    class Interrupted(Exception):
        pass

    def look() -> None:
        raise Interrupted

    before, stopped = set(threads()), Event()
    with pytest.raises(Interrupted):
        run(
            Walkers(1, 1, look=look, stop=stopped.set),
            Steps(1, lambda: stopped.wait(PATIENCE)),
            [WHOLE],
        )

    assert set(threads()) == before


def dropping(which: Callable[[Scope, Scope], Scope | None]) -> list[tuple[bool, Work | None]]:
    """Of each end: whether it is of the scope under way, and what is left; one waits of another."""
    gate = Event()
    mine, other = Steps(1, lambda: gate.wait(PATIENCE)), Steps(1)
    first, second, third = (Slice(at, at + 1, None) for at in range(3))
    with Walkers[Scope](1, 1) as walkers:
        walkers.give(mine, [first])
        assert mine.begun.wait(PATIENCE)
        walkers.give(mine, [second])
        walkers.give(other, [third])
        walkers.drop(which(mine, other))
        gate.set()
        ends = [news for news in walkers.news() if isinstance(news, Ended)]
    assert [news.error for news in ends] == [None] * 3
    return [(news.scope is mine, news.left) for news in ends]


def test_what_waits_of_a_scope_can_be_dropped() -> None:
    ends = dropping(lambda mine, _: mine)

    assert ends == [(True, Slice(1, 2, None)), (True, None), (False, None)]


def test_all_that_waits_can_be_dropped() -> None:
    ends = dropping(lambda *_: None)

    assert ends == [(True, Slice(1, 2, None)), (False, Slice(2, 3, None)), (True, None)]


def test_a_scope_is_busy_until_its_last_news_is_taken() -> None:
    gate = Event()
    scope, other = Steps(1, lambda: gate.wait(PATIENCE)), Steps(1)
    with Walkers[Scope](1, 1) as walkers:
        assert not walkers.busy(scope)
        walkers.give(scope, [WHOLE])
        walkers.give(other, [WHOLE])
        assert scope.begun.wait(PATIENCE)
        assert (walkers.busy(scope), walkers.busy(other)) == (True, True)
        gate.set()
        busy = [
            (isinstance(news, Ended), walkers.busy(scope), walkers.busy(other))
            for news in walkers.news()
        ]

    assert [ended for ended, *_ in busy] == [False, True, False, True]
    assert [mine for _, mine, _ in busy] == [True, False, False, False]
    assert [others for *_, others in busy] == [True, True, True, False]


def test_more_can_be_given_while_news_are_taken() -> None:
    first, second = Scope(), Scope()
    report = Report()
    with Walkers[Scope](2, 1) as walkers:
        walkers.give(first, [WHOLE])
        for news in walkers.news():
            report.take(news)
            if isinstance(news, Ended) and not walkers.busy(first) and not second.pages:
                walkers.give(second, [WHOLE])

    assert report.done == once({first: [WHOLE], second: [WHOLE]})


def test_once_it_winds_down_a_walk_that_cannot_stop_goes_on_to_its_end() -> None:
    gate = Event()
    offered: list[Slice | None] = []

    class Bound(Scope):
        def read(self, work: Work, share: Share) -> Iterator[Portion]:
            assert isinstance(work, Slice)
            yield Portion([], [], 0)
            assert gate.wait(PATIENCE)
            offered.append(share(work, 400, free=False))
            yield Portion([], [], 0, (0, SECONDS))

    scope, report = Bound(), Report()
    with Walkers[Scope](4, 1) as walkers:
        walkers.give(scope, [WHOLE])
        for news in walkers.news():
            report.take(news)
            walkers.wind_down()
            gate.set()

    assert offered == [WHOLE]
    assert (report.done, report.left) == (once({scope: [WHOLE]}), Counter())


def test_once_it_winds_down_a_walk_that_can_stop_leaves_the_rest() -> None:
    gate = Event()

    class Free(Scope):
        def read(self, work: Work, share: Share) -> Iterator[Portion]:
            assert isinstance(work, Slice)
            yield Portion([], [], 0, (0, 10))
            assert gate.wait(PATIENCE)
            assert share(work._replace(created_from=10), 400, free=True) is None

    scope = Free()
    with Walkers[Scope](4, 1) as walkers:
        walkers.give(scope, [WHOLE])
        ends = []
        for news in walkers.news():
            walkers.wind_down()
            gate.set()
            ends += [news] if isinstance(news, Ended) else []

    assert ends == [Ended(scope, Slice(10, SECONDS, None), None)]
