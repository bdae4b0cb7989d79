"""What sessions make is handed on many at a time, each row once, whenever it was made."""

from collections.abc import Sequence
from itertools import count

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from sources.devin.batching import Batch, Batching
from sources.devin.columns import Columns
from tests.support.sessions import NOON, in_any_order, session, session_tables

Page = tuple[int, int]
"""How many sessions it has, and how many bytes."""

PAGE = st.tuples(st.integers(0, 4), st.integers(0, 9))
WAITING = st.lists(PAGE, min_size=1, max_size=5)


class Pages:
    """Pages of sessions of which no two are alike."""

    def __init__(self) -> None:
        self._numbers = count()
        self._added: list[Batch] = []

    def columns(self, sessions: int) -> Columns:
        made = [
            session(session_id=f"s{number}", tags=["x"] * (number % 2), parent_session_id="p")
            for number in (next(self._numbers) for _ in range(sessions))
        ]
        seen_at = NOON + next(self._numbers)
        self._added.append(session_tables(made, seen_at))
        return Columns(made, seen_at, "v3", marked=True)

    def expected(self) -> Batch:
        """The rows of all since this was last asked."""
        added, self._added = self._added, []
        return {name: pa.concat_tables([rows[name] for rows in added]) for name in added[0]}


def add(batching: Batching, pages: Pages, *waiting: Page) -> None:
    for sessions, size in waiting:
        batching.add(pages.columns(sessions), size)


def totals(waiting: Sequence[Page]) -> tuple[int, int]:
    return sum(sessions for sessions, _ in waiting), sum(size for _, size in waiting)


@given(st.lists(WAITING, min_size=1, max_size=4))
def test_all_that_is_added_comes_out_once(batches: list[list[Page]]) -> None:
    pages, holding = Pages(), Batching()

    for waiting in batches:
        add(holding, pages, *waiting)
        assert in_any_order(holding.batch()) == in_any_order(pages.expected())


@given(WAITING, WAITING)
def test_it_says_how_many_sessions_and_bytes_wait(first: list[Page], second: list[Page]) -> None:
    pages, holding = Pages(), Batching()
    assert (len(holding), holding.size) == (0, 0)

    for waiting in (first, second):
        for number, page in enumerate(waiting):
            add(holding, pages, page)
            assert (len(holding), holding.size) == totals(waiting[: number + 1])
        holding.batch()
        assert (len(holding), holding.size) == (0, 0)
