"""On their way to batches sessions come once a package, in the newest copy that still can."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from sources.devin.gathering import Gathering
from sources.devin.rows import Observed

from .conftest import session_item

Copy = tuple[str, int]
PAGES = st.lists(
    st.lists(st.tuples(st.sampled_from("abcdef"), st.integers(1, 9)), max_size=5), max_size=8
)


def copies(page: list[Copy], seen_at: int = 0) -> Any:
    return [
        session_item(session_id=session_id, updated_at=updated_at, title=f"{seen_at}.{place}")
        for place, (session_id, updated_at) in enumerate(page)
    ]


def versions(batch: list[Observed]) -> list[Copy]:
    return [(item.session["session_id"], item.session["updated_at"]) for item in batch]


def gathered(pages: list[list[Copy]], size: int) -> tuple[list[list[Observed]], Gathering]:
    """All batches of a package, cut whenever there is enough for one."""
    gathering = Gathering(size)
    batches: list[list[Observed]] = []
    for seen_at, page in enumerate(pages):
        gathering.add(copies(page, seen_at), seen_at)
        batches += gathering.full_batches()
    return [*batches, *gathering.rest()], gathering


@given(PAGES, st.integers(1, 4))
def test_each_session_comes_exactly_once_a_package(pages: list[list[Copy]], size: int) -> None:
    batches, _ = gathered(pages, size)

    given_ids = {session_id for page in pages for session_id, _ in page}
    assert sorted(given_ids) == sorted(name for batch in batches for name, _ in versions(batch))
    assert [size] * len(batches[:-1]) == [len(batch) for batch in batches[:-1]]
    assert all(1 <= len(batch) <= size for batch in batches)


@given(PAGES)
def test_the_newest_copy_comes_as_long_as_all_are_held(pages: list[list[Copy]]) -> None:
    batches, gathering = gathered(pages, 100)

    newest: dict[str, int] = {}
    for session_id, updated_at in (copy for page in pages for copy in page):
        newest[session_id] = max(newest.get(session_id, 0), updated_at)
    assert newest == dict(copy for batch in batches for copy in versions(batch))
    assert gathering.put_off_since is None


@given(PAGES, st.integers(1, 4))
def test_what_comes_too_late_is_put_off_and_nothing_is_lost(
    pages: list[list[Copy]], size: int
) -> None:
    batches, gathering = gathered(pages, size)

    loaded = dict(copy for batch in batches for copy in versions(batch))
    too_late = [
        updated_at
        for page in pages
        for session_id, updated_at in page
        if updated_at > loaded[session_id]
    ]
    assert min(too_late, default=None) == gathering.put_off_since


def test_of_two_copies_of_one_version_the_later_comes() -> None:
    gathering = Gathering(10)
    gathering.add(copies([("a", 5)], 1), 1)
    gathering.add(copies([("a", 5)], 2), 2)
    gathering.add(copies([("a", 4)], 3), 3)

    ((only,),) = gathering.rest()
    assert (only.session.get("title"), only.seen_at) == ("2.0", 2)


def test_sessions_leave_in_the_order_they_came() -> None:
    batches, _ = gathered([[("c", 1), ("a", 1)], [("b", 1), ("c", 2)]], 3)

    assert [versions(batch) for batch in batches] == [[("c", 2), ("a", 1), ("b", 1)]]


def test_no_batch_leaves_before_it_is_full() -> None:
    gathering = Gathering(3)
    gathering.add(copies([("a", 1), ("b", 1)]), 0)
    assert list(gathering.full_batches()) == []

    gathering.add(copies([("c", 1), ("d", 1)]), 0)
    assert [len(batch) for batch in gathering.full_batches()] == [3]
    assert [len(batch) for batch in gathering.rest()] == [1]
    assert list(gathering.rest()) == []


def test_the_earliest_of_what_is_put_off_counts() -> None:
    gathering = Gathering(1)
    gathering.add(copies([("a", 5), ("b", 5)]), 0)
    assert [len(list(gathering.full_batches()))] == [2]

    gathering.add(copies([("a", 9)]), 1)
    gathering.add(copies([("b", 7)]), 1)
    gathering.add(copies([("a", 8), ("b", 5), ("a", 4)]), 1)

    assert list(gathering.rest()) == []
    assert gathering.put_off_since == 7
