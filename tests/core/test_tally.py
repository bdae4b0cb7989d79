"""Did every row come by? What a walk can tell from the rows it saw."""

from collections.abc import Sequence
from itertools import pairwise
from operator import itemgetter

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sources.devin.coverage import Slice
from sources.devin.session import Page, RejectedItem, Session, Sessions
from sources.devin.tally import Tally, ascends, descends
from tests.support.sessions import session

Seen = tuple[str, int, int]


def page(rows: list[Seen], total: int | None) -> Page:
    sessions = [
        session(session_id=name, created_at=created_at, updated_at=updated_at)
        for name, created_at, updated_at in rows
    ]
    return Page(Sessions(sessions), [], "cursor", True, total)


def complete(*pages: list[Seen], totals: list[int | None] | None = None) -> bool:
    tally = Tally()
    for rows, total in zip(pages, totals or [None] * len(pages), strict=True):
        tally.count(page(rows, total))
    return tally.complete


def test_one_page_is_one_moment() -> None:
    assert complete([("a", 1, 1)], totals=[5])


def test_by_creation_all_that_the_first_page_counted_must_be_seen() -> None:
    first, second = [("d", 4, 9), ("c", 3, 2)], [("b", 2, 8), ("a", 1, 1)]

    assert complete(first, second, totals=[4, 4])
    assert not complete(first, second, totals=[5, 5])


def test_by_creation_rows_that_enter_behind_the_walk_are_for_the_next_cycle() -> None:
    assert complete([("d", 4, 9), ("c", 3, 2)], [("b", 2, 8)], totals=[3, 5])


def test_by_creation_without_totals_nothing_is_missing() -> None:
    assert complete([("a", 1, 9), ("b", 2, 2)], [("c", 3, 8)])


def test_by_descending_update_rows_that_move_ahead_are_for_the_next_cycle() -> None:
    assert complete([("a", 1, 9), ("c", 3, 8)], [("b", 2, 7)], totals=[4, 4])


def test_in_another_order_all_that_the_last_page_counted_must_be_seen() -> None:
    first, second = [("b", 2, 1), ("a", 1, 2)], [("c", 3, 3)]

    assert complete(first, second, totals=[3, 3])
    assert not complete(first, second, totals=[3, 4])


def test_in_another_order_without_totals_no_row_may_have_changed() -> None:
    first = [("b", 2, 1), ("a", 1, 2)]

    assert complete(first, [("c", 3, 3)])
    assert not complete(first, [("c", 3, 3), ("b", 2, 4)])


@pytest.mark.parametrize("total", [None, 5])
def test_rows_of_one_second_on_both_sides_of_an_edge_are_in_no_known_order(
    total: int | None,
) -> None:
    """They may be ordered by update among themselves, and one that changes pulls others past."""
    before, after = [("a", 1, 1), ("d", 4, 2)], [("f", 4, 4), ("d", 4, 5)]

    assert not complete(before, after, totals=[total, total])


def test_a_change_elsewhere_leaves_the_order_of_creation_known() -> None:
    before, after = [("a", 1, 1), ("d", 4, 2)], [("d", 4, 2), ("e", 5, 4), ("e", 5, 6)]

    assert complete(before, after, totals=[3, 3])


def counted(*pages: list[Seen], totals: list[int | None] | None = None) -> Tally:
    tally = Tally()
    for rows, total in zip(pages, totals or [None] * len(pages), strict=True):
        tally.count(page(rows, total))
    return tally


@pytest.mark.parametrize("rows", [[("a", 1, 9), ("b", 1, 2), ("c", 3, 8)], []], ids=str)
def test_rows_by_creation_keep_their_places(rows: list[Seen]) -> None:
    assert counted(rows).keeps_places
    assert counted(list(reversed(rows))).keeps_places


def test_rows_in_another_order_may_change_their_places() -> None:
    assert not counted([("a", 1, 1), ("c", 3, 2), ("b", 2, 3)]).keeps_places
    assert not counted([("a", 1, 1), ("c", 3, 2)], [("b", 2, 3)]).keeps_places


def test_rows_whose_total_fell_have_not_kept_their_places() -> None:
    assert not counted([("a", 1, 1)], [("b", 2, 2)], totals=[5, 4]).keeps_places


def test_a_row_that_changed_within_the_second_of_a_page_edge_may_have_changed_its_place() -> None:
    first = [("a", 1, 1), ("d", 4, 2)]

    assert not counted(first, [("f", 4, 4), ("d", 4, 5)]).keeps_places
    assert counted(first, [("d", 4, 2), ("e", 5, 4), ("e", 5, 6)]).keeps_places


def test_how_many_match_is_what_the_api_says() -> None:
    assert counted([("a", 1, 1)], [("b", 2, 2)], totals=[7, 9]).in_all == 9


def test_where_the_api_says_fewer_than_were_seen_the_seen_count() -> None:
    assert counted([("a", 1, 1), ("b", 2, 2)], totals=[0]).in_all == 2


def test_where_the_api_does_not_say_some_pages_are_guessed() -> None:
    assert counted([("a", 1, 1), ("b", 2, 2)]).in_all == 16


def test_how_many_are_left_is_what_was_counted_and_not_seen() -> None:
    tally = counted([("a", 1, 1), ("b", 2, 2)], totals=[7])

    assert tally.left_in(Slice(2, 100, None), (0, 2)) == 5


def test_where_the_api_does_not_count_what_is_left_is_as_dense_as_what_is_done() -> None:
    tally = counted([("a", 1, 1), ("b", 2, 2), ("c", 3, 3), ("d", 10, 4)])

    assert tally.left_in(Slice(10, 40, None), (0, 10)) == 12


@pytest.mark.parametrize("total", [None, 1])
def test_something_is_left_as_long_as_there_is_a_span(total: int | None) -> None:
    tally = counted([("a", 1, 1)], totals=[total])

    assert tally.left_in(Slice(99, 100, None), (0, 99)) == 1


@pytest.mark.parametrize("later", [[("c", 3, 3), ("d", 4, 4)], [("c", 1, 9), ("d", 1, 8)]])
def test_a_total_that_falls_says_that_a_row_left_and_may_have_pulled_another_past(
    later: list[Seen],
) -> None:
    assert not complete([("a", 1, 1), ("b", 2, 2)], later, totals=[5, 4])


def test_a_rejected_item_counts_as_seen() -> None:
    tally = Tally()
    tally.count(page([("b", 2, 1)], 3))
    broken = RejectedItem("hash", "reason", [], "{}")
    tally.count(Page(Sessions(), [broken], "cursor", True, 3))
    assert not tally.complete

    tally.count(page([("c", 3, 1)], 3))

    assert tally.complete


def test_broken_items_that_look_alike_each_count() -> None:
    tally = Tally()
    broken = RejectedItem("hash", "reason", [], "null")
    for _ in range(2):
        tally.count(Page(Sessions(), [broken, broken], "cursor", True, 4))

    assert tally.complete


def test_a_session_that_was_read_before_it_broke_counts_once() -> None:
    tally = Tally()
    tally.count(page([("b", 2, 1), ("a", 1, 2)], 4))
    broken = RejectedItem("hash", "reason", [], "{}", "b")
    tally.count(Page(page([("d", 4, 4)], 4).sessions, [broken], "cursor", True, 4))

    assert not tally.complete


def test_the_same_broken_item_page_after_page_is_nothing_new() -> None:
    tally = Tally()
    broken = RejectedItem("hash", "reason", [], "null")
    for _ in range(3):
        tally.count(Page(Sessions(), [broken], "cursor", True, None))

    assert tally.barren_pages == 2


def test_pages_without_a_new_row_are_counted() -> None:
    tally = Tally()
    for rows in ([("a", 1, 1)], [("a", 1, 1)], [("a", 1, 2)]):
        tally.count(page(rows, None))
    assert tally.barren_pages == 2

    tally.count(page([("b", 2, 2)], None))

    assert tally.barren_pages == 0


class OneByOne(Tally):
    """The same, which looks at one session after the other."""

    def _see(self, sessions: Sequence[Session]) -> None:
        for each in sessions:
            name, last = each.session_id, self._last
            if self.versions.get(name, each.updated_at) != each.updated_at:
                self._moved.add(each.created_at)
            self.versions[name] = each.updated_at
            self._created[name] = each.created_at
            if last is not None:
                self._created_ascends &= each.created_at >= last.created_at
                self._created_descends &= each.created_at <= last.created_at
                self._updated_descends &= each.updated_at <= last.updated_at
            self._last = each


MOMENTS = st.integers(0, 4)
NAMES = st.sampled_from("abcdef")
BROKEN = st.builds(
    lambda item_hash, name: RejectedItem(item_hash, "reason", [], "{}", name),
    st.sampled_from(["h1", "h2"]),
    st.none() | NAMES,
)
ROWS = st.lists(st.tuples(NAMES, MOMENTS, MOMENTS), max_size=12)
BY_CREATION, BY_UPDATE = itemgetter(1), itemgetter(2)
ORDERED = ROWS | st.builds(
    lambda rows, key, descending: sorted(rows, key=key, reverse=descending),
    ROWS,
    st.sampled_from([BY_CREATION, BY_UPDATE]),
    st.booleans(),
)


@st.composite
def walks(draw: st.DrawFn) -> list[Page]:
    """Pages of rows in one order or none, some of them twice, with what was rejected between."""
    pages: list[Page] = []
    rows = draw(ORDERED)
    while rows or not pages:
        size = draw(st.integers(0, 5))
        sessions, rows = page(rows[:size], None).sessions, rows[size:]
        broken = draw(st.just([]) | st.lists(BROKEN, max_size=2))
        pages.append(
            Page(Sessions(sessions), broken, "cursor", True, draw(st.none() | st.integers(0, 12)))
        )
    return pages


@given(walks(), MOMENTS)
@example([page([("a", 1, 1), ("b", 2, 1), ("a", 1, 2), ("a", 1, 1)], 3)], 0)
@example([page([("a", 1, 1), ("a", 1, 2), ("a", 2, 1)], 3)], 0)
def test_pages_are_counted_as_if_their_sessions_came_one_by_one(
    pages: list[Page], end: int
) -> None:
    tally, reference = Tally(), OneByOne()

    for each in pages:
        for counted in (tally, reference):
            counted.count(each)
        assert vars(tally) == vars(reference)
        assert (tally.complete, tally.keeps_places, tally.in_all, tally.last_created_at) == (
            reference.complete,
            reference.keeps_places,
            reference.in_all,
            reference.last_created_at,
        )
    assert tally.pass_over((1, end)) == reference.pass_over((1, end))


@given(st.lists(MOMENTS, max_size=5))
def test_moments_ascend_or_descend_if_each_two_neighbours_do(moments: list[int]) -> None:
    assert ascends(moments) == all(one <= other for one, other in pairwise(moments))
    assert descends(moments) == all(one >= other for one, other in pairwise(moments))
