"""In which order a listing comes, and what of a slice is read before its last page is in."""

from itertools import product
from random import Random
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sources.devin.coverage import Slice
from sources.devin.order import Cut, Direction, Order, OrderBroken
from sources.devin.session import Page, RejectedItem, Session, Sessions
from sources.devin.tally import Tally
from tests.support.sessions import session

Field = Literal["created_at", "updated_at"]
Row = tuple[int, int]
"""When a session was created, and when it last changed."""

DESCENDING: list[Row] = [(9, 9), (7, 20), (5, 8)]
ASCENDING: list[Row] = [(5, 8), (7, 20), (9, 9)]


def sessions(rows: list[Row], first: int = 0) -> list[Session]:
    return [
        session(session_id=f"s{number}", created_at=created_at, updated_at=updated_at)
        for number, (created_at, updated_at) in enumerate(rows, first)
    ]


def seen(*pages: list[Row], totals: list[int | None] | None = None) -> tuple[Order, Tally]:
    """What these pages show of their order, and what was counted of them."""
    order, tally = Order("v3/org"), Tally()
    for number, rows in enumerate(pages):
        page = sessions(rows, 100 * number)
        total = totals[number] if totals else None
        tally.count(Page(Sessions(page), [], "cursor", True, total))
        order.learn(page)
    return order, tally


def cut(part: Slice, *pages: list[Row]) -> Cut | None:
    order, tally = seen(*pages)
    return order.cut(part, tally)


@pytest.mark.parametrize(
    ("rows", "expected"), [(DESCENDING, "descending"), (ASCENDING, "ascending")], ids=str
)
def test_a_page_in_order_of_creation_and_in_none_of_update_proves_an_order(
    rows: list[Row], expected: Direction
) -> None:
    assert seen(rows)[0].direction == expected


def test_an_order_is_proven_in_spite_of_sessions_of_one_second() -> None:
    assert seen([(9, 9), (7, 20), (7, 8)])[0].direction == "descending"


@pytest.mark.parametrize(
    "rows",
    [
        [],
        [(5, 8)],
        [(5, 9), (7, 8)],
        [(5, 8), (7, 9), (9, 10)],
        [(5, 10), (7, 9), (9, 8)],
        [(5, 8), (7, 8), (9, 8)],
        [(7, 9), (7, 20), (7, 8)],
        [(5, 9), (9, 20), (7, 8)],
    ],
    ids=str,
)
def test_a_page_that_another_order_fits_as_well_proves_nothing(rows: list[Row]) -> None:
    assert seen(rows)[0].direction is None


def test_what_one_page_proved_holds_for_the_pages_that_prove_nothing() -> None:
    order, _ = seen(ASCENDING, [(10, 11), (12, 13)], [(12, 1), (12, 2)], [])

    assert order.direction == "ascending"


@pytest.mark.parametrize(
    ("rows", "then"), [(DESCENDING, [(4, 4), (5, 5)]), (ASCENDING, [(11, 11), (10, 10)])], ids=str
)
def test_a_page_in_another_order_than_the_proven_one_is_refused(
    rows: list[Row], then: list[Row]
) -> None:
    with pytest.raises(OrderBroken) as caught:
        seen(rows, then)

    direction = "descending" if rows is DESCENDING else "ascending"
    assert str(caught.value) == (
        f"v3/org: a page is not by {direction} creation, as an earlier one was"
    )


def test_where_no_order_may_be_relied_on_none_is_learned_and_none_broken() -> None:
    order, tally = Order("v3/org", trusted=False), Tally()
    for rows in (DESCENDING, ASCENDING):
        order.learn(sessions(rows))
        tally.count(Page(Sessions(sessions(rows)), [], "cursor", True, None))

    assert order.direction is None
    assert order.cut(Slice(0, 30, None), tally) is None


def test_by_descending_creation_all_after_the_last_row_is_done() -> None:
    assert cut(Slice(0, 30, 4), DESCENDING) == Cut((6, 30), Slice(0, 6, 4))


def test_by_ascending_creation_all_before_the_last_row_is_done() -> None:
    assert cut(Slice(0, 30, 4), ASCENDING) == Cut((0, 9), Slice(9, 30, 4))


@pytest.mark.parametrize(
    ("part", "rows", "expected"),
    [
        (Slice(6, 30, None), DESCENDING, Cut((6, 30), None)),
        (Slice(8, 30, None), DESCENDING, Cut((8, 30), None)),
        (Slice(5, 30, None), DESCENDING, Cut((6, 30), Slice(5, 6, None))),
        (Slice(0, 9, None), ASCENDING, Cut((0, 9), None)),
        (Slice(0, 8, None), ASCENDING, Cut((0, 8), None)),
        (Slice(0, 10, None), ASCENDING, Cut((0, 9), Slice(9, 10, None))),
    ],
    ids=str,
)
def test_a_row_behind_the_end_of_a_slice_says_that_all_of_it_is_done(
    part: Slice, rows: list[Row], expected: Cut
) -> None:
    assert cut(part, rows) == expected


@pytest.mark.parametrize(
    ("part", "rows"),
    [
        (Slice(0, 6, None), DESCENDING),
        (Slice(0, 5, None), DESCENDING),
        (Slice(9, 30, None), ASCENDING),
        (Slice(10, 30, None), ASCENDING),
    ],
    ids=str,
)
def test_as_long_as_the_last_row_is_of_the_first_second_nothing_is_done(
    part: Slice, rows: list[Row]
) -> None:
    assert cut(part, rows) is None


def test_nothing_is_cut_where_no_order_is_proven() -> None:
    assert cut(Slice(0, 30, None), [(5, 8), (7, 9), (9, 10)]) is None


def test_nothing_is_cut_where_no_row_came() -> None:
    order, _ = seen(DESCENDING)
    tally = Tally()
    tally.count(Page(Sessions(), [RejectedItem("hash", "reason", [], "{}")], "cursor", True, None))

    assert order.cut(Slice(0, 30, None), tally) is None


def test_an_open_slice_is_not_cut() -> None:
    assert cut(Slice(0, None, None), DESCENDING) is None


def test_nothing_is_cut_where_a_row_left_and_may_have_pulled_others_past() -> None:
    order, tally = seen(ASCENDING, [(10, 11), (12, 30), (13, 8)], totals=[9, 8])

    assert order.cut(Slice(0, 30, None), tally) is None


def test_nothing_is_cut_where_a_row_changed_its_place_within_a_second() -> None:
    order, tally = Order("v3/org"), Tally()
    first, second = sessions([(5, 8), (7, 20), (9, 9)]), sessions([(9, 12), (11, 30), (12, 8)], 2)
    for page in (first, second):
        tally.count(Page(Sessions(page), [], "cursor", True, None))
        order.learn(page)

    assert order.direction == "ascending"
    assert order.cut(Slice(0, 30, None), tally) is None


rows_of_a_listing = st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12)), max_size=14)
orders = st.sampled_from(list(product(("created_at", "updated_at"), (1, -1))))
slices = st.tuples(st.integers(0, 13), st.integers(0, 13)).map(
    lambda ends: Slice(min(ends), max(ends), 3)
)


@given(rows_of_a_listing, st.randoms(use_true_random=False), orders, st.integers(1, 5), slices)
def test_a_cut_never_claims_a_span_of_which_a_row_has_not_come_by(
    rows: list[Row], dice: Random, order: tuple[Field, int], page_size: int, part: Slice
) -> None:
    field, direction = order
    begin, end = part.created_from, part.created_to or 0
    listed = [s for s in sessions(rows) if begin - 1 <= s.created_at <= end + 1]
    dice.shuffle(listed)  # rows of one second come in any order
    listed.sort(key=lambda session: direction * getattr(session, field))
    known, tally = Order("v3/org"), Tally()

    for start in range(0, len(listed), page_size):
        page = listed[start : start + page_size]
        tally.count(Page(Sessions(page), [], "cursor", True, len(listed)))
        known.learn(page)
        found = known.cut(part, tally)
        if found is None:
            continue
        still_to_come = [session.created_at for session in listed[start + page_size :]]
        done = range(*found.done)
        assert [at for at in still_to_come if at in done] == []
        left = (
            range(found.left.created_from, found.left.created_to or 0) if found.left else range(0)
        )
        assert sorted([*done, *left]) == list(range(begin, end))
        assert found.left is None or (found.left.as_of, len(left) > 0) == (part.as_of, True)


@given(rows_of_a_listing, st.integers(1, 5))
def test_a_listing_by_update_never_passes_for_one_by_creation(
    rows: list[Row], page_size: int
) -> None:
    listed = sorted(sessions(rows), key=lambda session: session.updated_at)
    order = Order("v3/org")

    for start in range(0, len(listed), page_size):
        order.learn(listed[start : start + page_size])

    assert order.direction is None
