"""On their way to batches sessions come once a package, and what comes newer is put off."""

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from sources.devin.gathering import Gathering, PutOff
from sources.devin.session import Session, Sessions
from tests.support.sessions import NOON, session

Copy = tuple[str, int]
Pages = list[list[Copy]]
PAGES = st.lists(
    st.lists(st.tuples(st.sampled_from("abcdef"), st.integers(1, 9)), max_size=5), max_size=8
)


def created(session_id: str) -> int:
    return NOON + ord(session_id)


def copies(page: list[Copy], number: int = 0) -> list[Session]:
    return [
        session(
            session_id=session_id,
            created_at=created(session_id),
            updated_at=updated_at,
            title=f"{number}.{place}",
        )
        for place, (session_id, updated_at) in enumerate(page)
    ]


def new(gathering: Gathering, sessions: Sequence[Session]) -> list[Session]:
    """The sessions of a page that are in the package from now on."""
    return [sessions[place] for place in gathering.new(Sessions(sessions))]


def versions(sessions: Sequence[Session]) -> list[Copy]:
    return [(each.session_id, each.updated_at) for each in sessions]


def gathered(pages: Pages) -> tuple[list[list[Copy]], list[PutOff]]:
    """What is in a package of each page, and what is put off."""
    gathering = Gathering()
    taken = [versions(new(gathering, copies(page))) for page in pages]
    return taken, gathering.put_off


@given(PAGES)
def test_each_session_comes_exactly_once_a_package(pages: Pages) -> None:
    taken, _ = gathered(pages)

    given_ids = {session_id for page in pages for session_id, _ in page}
    assert sorted(given_ids) == sorted(name for page in taken for name, _ in page)


@given(PAGES)
def test_a_session_comes_with_the_page_that_has_it_first_in_its_newest_copy_there(
    pages: Pages,
) -> None:
    taken, _ = gathered(pages)

    for number, page in enumerate(pages):
        before = {session_id for earlier in pages[:number] for session_id, _ in earlier}
        newest = {
            name: max(updated_at for session_id, updated_at in page if session_id == name)
            for name, _ in page
            if name not in before
        }
        assert list(newest.items()) == taken[number]


@given(PAGES)
def test_whatever_is_newer_than_what_was_taken_is_put_off_by_its_page(pages: Pages) -> None:
    taken, put_off = gathered(pages)

    versions_taken = dict(copy for page in taken for copy in page)
    too_late = [
        PutOff(created(name), newest)
        for page in pages
        for name, newest in {name: max(u for n, u in page if n == name) for name, _ in page}.items()
        if newest > versions_taken[name]
    ]
    assert too_late == put_off


def test_of_two_copies_of_one_version_in_a_page_the_later_comes() -> None:
    (found,) = new(Gathering(), copies([("a", 4), ("a", 5), ("a", 5), ("a", 4)]))

    assert (found.updated_at, found.title) == (5, "0.2")


def test_of_two_copies_of_one_version_in_two_pages_the_first_stays_and_none_is_put_off() -> None:
    gathering = Gathering()
    new(gathering, copies([("a", 5)]))

    assert new(gathering, copies([("a", 5)])) == []
    assert gathering.put_off == []


def test_a_page_whose_sessions_are_all_new_is_handed_on_as_it_is() -> None:
    gathering = Gathering()
    first, second, nothing = copies([("b", 1), ("a", 2)]), copies([("c", 1)]), copies([])

    assert new(gathering, first) == first
    assert new(gathering, second) == second
    assert new(gathering, nothing) == nothing


def test_sessions_stay_in_the_order_they_came() -> None:
    taken, _ = gathered([[("c", 1), ("a", 1), ("c", 2)], [("d", 1), ("a", 1), ("b", 1)]])

    assert taken == [[("c", 2), ("a", 1)], [("d", 1), ("b", 1)]]


def test_what_is_put_off_says_when_it_was_created_and_changed() -> None:
    gathering = Gathering()
    new(gathering, copies([("a", 5), ("b", 5)]))

    assert new(gathering, copies([("a", 9), ("b", 5)])) == []
    assert new(gathering, copies([("a", 4), ("b", 7)])) == []

    assert gathering.put_off == [PutOff(created("a"), 9), PutOff(created("b"), 7)]


def test_it_knows_which_sessions_are_in_the_package() -> None:
    gathering = Gathering()
    new(gathering, copies([("a", 5)]))
    new(gathering, copies([("a", 6), ("b", 5)]))

    assert [name in gathering for name in "abc"] == [True, True, False]


class OneByOne:
    """What a gathering does, one session after the other."""

    def __init__(self) -> None:
        self.put_off: list[PutOff] = []
        self._taken: dict[str, int] = {}

    def new(self, sessions: list[Session]) -> list[Session]:
        page: dict[str, Session] = {}
        for each in sessions:
            before = page.get(each.session_id)
            if before is None or each.updated_at >= before.updated_at:
                page[each.session_id] = each
        found = []
        for name, each in page.items():
            if name not in self._taken:
                found.append(each)
                self._taken[name] = each.updated_at
            elif each.updated_at > self._taken[name]:
                self.put_off.append(PutOff(each.created_at, each.updated_at))
        return found


@given(PAGES)
def test_pages_are_taken_in_as_if_their_sessions_came_one_by_one(pages: Pages) -> None:
    gathering, reference = Gathering(), OneByOne()

    for number, page in enumerate(pages):
        sessions = copies(page, number)
        assert new(gathering, sessions) == reference.new(sessions)
        assert gathering.put_off == reference.put_off
