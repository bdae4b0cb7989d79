"""A load package is complete when it has enough, but for what is better read with it, or after."""

import pytest

from sources.devin.packaging import Package

EVERY, BYTES = 1_000, 100_000
FAR = 10 * EVERY


@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize(
    ("sessions", "size", "complete"),
    [(0, 0, False), (999, 99_999, False), (1_000, 0, True), (1, 100_000, True)],
)
def test_a_package_is_complete_with_enough_sessions_or_bytes(
    sessions: int, size: int, complete: bool, late: bool
) -> None:
    assert Package(sessions, size, FAR, late).complete(EVERY, BYTES) == complete


@pytest.mark.parametrize(
    ("left", "complete"), [(51, True), (50, True), (49, False), (0, False), (-49, False)]
)
def test_a_few_sessions_that_are_left_go_with_it(left: int, complete: bool) -> None:
    assert Package(1_000, 0, left, late=False).complete(EVERY, BYTES) == complete


def test_where_nobody_knows_how_many_are_left_it_is_not_made_larger() -> None:
    assert Package(1_000, 0, -1_000, late=False).complete(EVERY, BYTES)


@pytest.mark.parametrize(
    ("sessions", "left", "complete"),
    [
        (800, 101, False),
        (800, 100, True),
        (800, 50, True),
        # What is left is not worth a package.
        (800, 49, False),
        # What is there is not worth one yet.
        (500, 60, True),
        (499, 60, False),
    ],
)
def test_where_answers_are_late_the_last_package_is_small(
    sessions: int, left: int, complete: bool
) -> None:
    assert Package(sessions, 0, left, late=True).complete(EVERY, BYTES) == complete
    assert not Package(sessions, 0, left, late=False).complete(EVERY, BYTES)
