"""A session is gone only if a complete reading missed it, and only so many may be at once."""

import re

import pyarrow as pa
import pytest

from sources.devin.deletions import Deletions, marked
from sources.devin.errors import SpanShrank
from tests.support.sessions import NOON, session, session_tables
from tests.support.truth import moment

DAY = (NOON, NOON + 86_400)


def ids(count: int) -> set[str]:
    return {f"s{number}" for number in range(count)}


def reading(held: int, came: int, nameless: int = 0) -> Deletions:
    """A reading of a day of which so many sessions are held, and so many of them came."""
    return Deletions([DAY], ids(held), ids(came).__contains__, nameless)


def test_what_is_held_and_did_not_come_is_gone() -> None:
    deletions = Deletions([DAY], ids(100), (ids(98) | {"new"}).__contains__)

    assert deletions.gone() == {"s98", "s99"}


def test_nothing_is_gone_where_all_came() -> None:
    assert reading(held=3, came=5).gone() == set()
    assert reading(held=0, came=5).gone() == set()


@pytest.mark.parametrize("came", [99, 10], ids=["one missing", "most missing"])
def test_nothing_is_gone_where_an_item_came_without_an_id(came: int) -> None:
    assert reading(held=100, came=came, nameless=1).gone() == set()


@pytest.mark.parametrize(("held", "came"), [(40, 38), (100, 95), (39, 38), (2, 1), (1, 0)])
def test_one_in_twenty_may_be_gone_and_a_single_one_always(held: int, came: int) -> None:
    assert reading(held, came).gone() == ids(held) - ids(came)


@pytest.mark.parametrize(("held", "came"), [(39, 37), (100, 94), (2, 0), (3, 1)])
def test_more_than_that_is_not_believed(held: int, came: int) -> None:
    with pytest.raises(SpanShrank):
        reading(held, came).gone()


def test_the_share_that_is_believed_can_be_raised_up_to_everything() -> None:
    assert reading(held=10, came=8).gone(most_deleted=0.2) == {"s8", "s9"}
    assert reading(held=10, came=0).gone(most_deleted=1) == ids(10)
    with pytest.raises(SpanShrank):
        reading(held=10, came=7).gone(most_deleted=0.2)


def test_with_a_share_of_none_a_single_session_may_still_be_gone() -> None:
    assert reading(held=10, came=9).gone(most_deleted=0) == {"s9"}


def test_the_error_says_where_how_many_and_what_to_do() -> None:
    later = (NOON + 2 * 86_400, NOON + 3 * 86_400)
    deletions = Deletions([later, DAY], ids(100), (ids(60) | {"new"}).__contains__)

    with pytest.raises(SpanShrank, match=re.escape("most_deleted under [sources.devin]")) as raised:
        deletions.gone()

    assert raised.value.message == (
        "of 100 loaded sessions created from 2026-01-01T12:00:00Z to 2026-01-04T12:00:00Z "
        "only 60 came back"
    )


def rows(*session_ids: str) -> pa.Table:
    sessions = [session(session_id=name) for name in session_ids]
    return session_tables(sessions, NOON)["sessions"]


def test_marking_sets_the_moment_of_deletion_and_nothing_else() -> None:
    before = rows("a", "b")

    after = marked(before, NOON + 7200)

    assert after.schema == before.schema
    assert after["deleted_at"].to_pylist() == [moment(NOON + 7200)] * 2
    assert after.drop_columns(["deleted_at"]) == before.drop_columns(["deleted_at"])


def test_no_rows_can_be_marked_too() -> None:
    assert marked(rows(), NOON) == rows()
