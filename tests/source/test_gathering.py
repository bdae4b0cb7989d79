"""On their way to batches sessions come once a package, in the newest copy that still can."""

from hypothesis import given
from hypothesis import strategies as st

from sources.devin.gathering import Gathering, Observed, PutOff
from sources.devin.session import Session
from tests.support.sessions import NOON, session

Copy = tuple[str, int]
PAGES = st.lists(
    st.lists(st.tuples(st.sampled_from("abcdef"), st.integers(1, 9)), max_size=5), max_size=8
)


def copies(page: list[Copy], seen_at: int = 0) -> list[Session]:
    return [
        session(session_id=session_id, updated_at=updated_at, title=f"{seen_at}.{place}")
        for place, (session_id, updated_at) in enumerate(page)
    ]


def versions(batch: Observed) -> list[Copy]:
    return [(each.session_id, each.updated_at) for each in batch.sessions]


def gathered(pages: list[list[Copy]], size: int) -> tuple[list[Observed], list[PutOff]]:
    """All batches of a package, cut whenever there is enough for one, and what is put off."""
    gathering = Gathering()
    batches: list[Observed] = []
    put_off: list[PutOff] = []
    for seen_at, page in enumerate(pages):
        put_off += gathering.add(copies(page, seen_at), seen_at)
        if len(gathering) >= size:
            batches.append(gathering.cut())
    return [*batches, gathering.cut()], put_off


@given(PAGES, st.integers(1, 4))
def test_each_session_comes_exactly_once_a_package(pages: list[list[Copy]], size: int) -> None:
    batches, _ = gathered(pages, size)

    given_ids = {session_id for page in pages for session_id, _ in page}
    assert sorted(given_ids) == sorted(name for batch in batches for name, _ in versions(batch))


@given(PAGES)
def test_the_newest_copy_comes_as_long_as_all_are_held(pages: list[list[Copy]]) -> None:
    batches, put_off = gathered(pages, 100)

    newest: dict[str, int] = {}
    for session_id, updated_at in (copy for page in pages for copy in page):
        newest[session_id] = max(newest.get(session_id, 0), updated_at)
    assert newest == dict(copy for batch in batches for copy in versions(batch))
    assert put_off == []


@given(PAGES, st.integers(1, 4))
def test_what_comes_too_late_is_put_off_and_nothing_is_lost(
    pages: list[list[Copy]], size: int
) -> None:
    batches, put_off = gathered(pages, size)

    loaded = dict(copy for batch in batches for copy in versions(batch))
    too_late = [
        updated_at
        for page in pages
        for session_id, updated_at in page
        if updated_at > loaded[session_id]
    ]
    assert too_late == [updated_at for _, updated_at in put_off]


def test_of_two_copies_of_one_version_the_later_comes() -> None:
    gathering = Gathering()
    gathering.add(copies([("a", 5)], 1), 1)
    gathering.add(copies([("a", 5)], 2), 2)
    gathering.add(copies([("a", 4)], 3), 3)

    batch = gathering.cut()
    assert [each.title for each in batch.sessions] == ["2.0"]
    assert batch.seen_at == [2]


def test_sessions_leave_in_the_order_they_came() -> None:
    batches, _ = gathered([[("c", 1), ("a", 1)], [("b", 1), ("c", 2)]], 3)

    assert [versions(batch) for batch in batches] == [[("c", 2), ("a", 1), ("b", 1)], []]


def test_a_batch_is_all_that_is_held_and_counted() -> None:
    gathering = Gathering()
    gathering.add(copies([("a", 1), ("b", 1)]), 0)
    gathering.add(copies([("b", 2), ("c", 1)]), 0)

    assert len(gathering) == 3
    assert versions(gathering.cut()) == [("a", 1), ("b", 2), ("c", 1)]
    assert (len(gathering), gathering.cut()) == (0, Observed([], []))


def test_what_is_put_off_says_when_it_was_created_and_changed() -> None:
    gathering = Gathering()
    gathering.add(copies([("a", 5), ("b", 5)]), 0)
    gathering.cut()

    late = gathering.add(copies([("a", 9), ("b", 5), ("a", 4), ("b", 7)]), 1)

    assert late == [PutOff(NOON, 9), PutOff(NOON, 7)]
    assert gathering.cut() == Observed([], [])


class OneByOne:
    """What a gathering does, one session after the other."""

    def __init__(self) -> None:
        self.held: dict[str, tuple[Session, int]] = {}
        self.gone: dict[str, int] = {}

    def add(self, sessions: list[Session], seen_at: int) -> list[PutOff]:
        put_off = []
        for each in sessions:
            held = self.held.get(each.session_id)
            if each.session_id in self.gone:
                if each.updated_at > self.gone[each.session_id]:
                    put_off.append(PutOff(each.created_at, each.updated_at))
            elif held is None or each.updated_at >= held[0].updated_at:
                self.held[each.session_id] = each, seen_at
        return put_off

    def cut(self) -> Observed:
        batch = list(self.held.values())
        self.gone |= {name: each.updated_at for name, (each, _) in self.held.items()}
        self.held = {}
        return Observed([each for each, _ in batch], [seen_at for _, seen_at in batch])


@given(st.lists(PAGES | st.just(None), max_size=4))
def test_pages_are_taken_in_as_if_their_sessions_came_one_by_one(
    happenings: list[list[list[Copy]] | None],
) -> None:
    gathering, reference = Gathering(), OneByOne()
    moment = 0

    for pages in [*happenings, None]:
        for page in pages or []:
            moment += 1
            sessions = copies(page, moment)
            assert gathering.add(sessions, moment) == reference.add(sessions, moment)
            assert len(gathering) == len(reference.held)
        if pages is None:
            assert gathering.cut() == reference.cut()
