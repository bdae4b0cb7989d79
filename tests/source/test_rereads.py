"""Quiet sessions with open pull requests are read again, ever more seldom, and never forgotten."""

from collections import Counter
from functools import cache
from itertools import pairwise

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sources.devin.rereads import DAY, Look, OpenSession, batches, unchanged
from sources.devin.session import Session
from tests.support.sessions import NOON, session

HOUR = 3600
STEP = 600
AGES = st.integers(DAY, 40 * DAY)


def looks_that_read(session_id: str, ages: list[int]) -> list[int]:
    """At which of these ages a session that was quiet since noon is read again."""
    return [
        now
        for before, now in pairwise(ages)
        if Look(NOON + before, NOON + now).reads(session_id, NOON)
    ]


@cache
def due_moments(session_id: str) -> list[int]:
    """The ages at which a session falls due in its first 40 days, each rounded up to a step."""
    return looks_that_read(session_id, list(range(DAY, 40 * DAY + 1, STEP)))


@given(st.text(), st.integers(0, DAY - 1), st.integers(0, HOUR))
def test_in_its_first_quiet_day_a_session_is_read_in_every_look(
    session_id: str, age: int, pause: int
) -> None:
    assert Look(NOON + age - pause, NOON + age).reads(session_id, NOON)


@given(st.text(), AGES, st.integers(-DAY, 0))
def test_a_session_that_changed_since_the_last_look_is_read_in_this_one(
    session_id: str, age: int, before: int
) -> None:
    assert Look(NOON + before, NOON + age).reads(session_id, NOON)


@given(
    st.sampled_from("abcdef"),
    st.lists(AGES.map(lambda age: age // STEP * STEP), min_size=2, unique=True).map(sorted),
)
def test_each_due_moment_is_met_by_exactly_the_look_that_it_falls_into(
    session_id: str, ages: list[int]
) -> None:
    expected = [
        now
        for before, now in pairwise(ages)
        if any(before < moment <= now for moment in due_moments(session_id))
    ]

    assert looks_that_read(session_id, ages) == expected


@given(st.text(), st.lists(st.integers(-DAY, 400 * DAY), min_size=2, unique=True).map(sorted))
def test_more_looks_never_lose_a_due_moment(session_id: str, ages: list[int]) -> None:
    at_once = looks_that_read(session_id, [ages[0], ages[-1]])

    assert bool(looks_that_read(session_id, ages)) >= bool(at_once)


def test_a_look_that_follows_another_at_once_or_goes_back_reads_nothing() -> None:
    later, earlier = NOON + 9 * DAY, NOON + 2 * DAY

    assert not Look(later, later).reads("a", NOON)
    assert not Look(later, earlier).reads("a", NOON)


@pytest.mark.parametrize(("days", "hours"), [(1, 1), (7, 7), (30, 30)])
def test_a_session_is_read_every_24th_of_the_time_it_has_been_quiet(days: int, hours: int) -> None:
    around = [moment for moment in due_moments("a") if abs(moment - days * DAY) < days * DAY / 8]
    pauses = [(later - earlier) / HOUR for earlier, later in pairwise(around)]

    assert len(pauses) >= 2
    assert pauses == pytest.approx([hours] * len(pauses), rel=0.25)


def test_sessions_that_went_quiet_together_are_not_all_read_together() -> None:
    week = list(range(7 * DAY, 7 * DAY + 7 * HOUR + 1, HOUR))

    reads = Counter(
        age for number in range(700) for age in looks_that_read(f"session-{number}", week)
    )

    assert set(reads) == set(week[1:])
    assert all(70 <= count <= 130 for count in reads.values())


@given(
    st.lists(st.tuples(st.text(), st.integers(-DAY, 400 * DAY)), max_size=50),
    st.integers(-DAY, 400 * DAY),
    st.integers(0, 60 * DAY),
)
def test_duckdb_finds_each_session_that_is_due_and_hardly_any_other(
    sessions: list[tuple[str, int]], before: int, pause: int
) -> None:
    look = Look(NOON + before, NOON + before + pause)
    held = [(name, NOON + quiet) for name, quiet in sessions]

    found = [
        pair
        for pair in held
        if duckdb.execute(
            f"SELECT {look.in_duckdb()} FROM (SELECT ? AS session_id, ? AS quiet_since) AS held",
            pair,
        ).fetchall()
        == [(True,)]
    ]

    assert found == [(name, since) for name, since in held if look.reads(name, since)]


@pytest.mark.parametrize(
    ("count", "expected"), [(0, []), (49, [49]), (50, [50]), (51, [50, 1]), (120, [50, 50, 20])]
)
def test_sessions_are_read_fifty_at_a_time(count: int, expected: list[int]) -> None:
    assert [len(batch) for batch in batches(range(count))] == expected


@given(st.lists(st.text()), st.integers(1, 5))
def test_batches_hold_everything_in_its_order(items: list[str], size: int) -> None:
    assert items == [item for batch in batches(items, size) for item in batch]


HELD = OpenSession("5ca1ab1e", NOON, {"a/1": "open", "a/2": None})


def arriving(*pull_requests: tuple[str, str | None], updated_at: int = NOON) -> Session:
    listed = [{"pr_url": url, "pr_state": state} for url, state in pull_requests]
    return session(updated_at=updated_at, pull_requests=listed)


def test_a_session_is_unchanged_in_whatever_order_and_case_its_pull_requests_come() -> None:
    assert unchanged(HELD, arriving(("a/1", "open"), ("a/2", None)))
    assert unchanged(HELD, arriving(("a/2", ""), ("a/1", "OPEN")))
    assert unchanged(HELD, arriving(("a/1", "closed"), ("a/2", None), ("a/1", "Open")))


def test_a_state_that_is_left_out_is_the_same_as_none() -> None:
    listed = [{"pr_url": "a/1", "pr_state": "open"}, {"pr_url": "a/2"}]

    assert unchanged(HELD, session(updated_at=NOON, pull_requests=listed))


@pytest.mark.parametrize(
    "changed",
    [
        arriving(("a/1", "merged"), ("a/2", None)),
        arriving(("a/1", "open"), ("a/2", "open")),
        arriving(("a/1", "open")),
        arriving(("a/1", "open"), ("a/2", None), ("a/3", None)),
        arriving(("a/1", "open"), ("a/2", None), updated_at=NOON + 1),
    ],
    ids=["state", "first state", "one less", "one more", "time"],
)
def test_a_session_is_changed_by_its_time_and_by_each_pull_request(changed: Session) -> None:
    assert not unchanged(HELD, changed)
