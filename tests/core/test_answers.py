"""Whether to wait for answers side by side goes by what the last ones took."""

import time

import pytest

from sources.devin.answers import LAST, Answers

PAGES = [
    ([], True),
    ([(0.001, 0.002)], True),
    ([(0.002, 0.002)], True),
    ([(0.2, 0.002)], False),
    # One that was late, of what comes soon; and one that came with all there is to import.
    ([(0.001, 0.002), (0.5, 0.002), (0.001, 0.002)], True),
    ([(0.1, 0.15), (0.1, 0.002)], False),
    # What was long ago does not count.
    ([(0.001, 0.002)] + [(0.1, 0.002)] * (LAST - 1), True),
    ([(0.001, 0.002)] + [(0.1, 0.002)] * LAST, False),
]


@pytest.mark.parametrize(("pages", "soon"), PAGES)
def test_answers_come_soon_where_one_of_the_last_took_less_to_wait_for_than_to_read(
    pages: list[tuple[float, float]], soon: bool
) -> None:
    answers = Answers()
    for waited, worked in pages:
        answers.note(waited, worked)

    assert answers.come_soon == soon


@pytest.mark.parametrize(
    ("first", "walkers", "next_", "soon"),
    [
        (0.2, 1, 0.001, True),
        (0.2, 1, 0.2, False),
        # They may have waited for each other: what each does takes a tenth of a second.
        (3.1, 16, 0.001, True),
        # That would not have taken so long.
        (3.3, 16, 0.001, False),
        (0.3, 1, 0.001, False),
    ],
)
def test_answers_that_came_late_get_another_chance_if_walkers_may_have_waited_for_each_other(
    first: float, walkers: int, next_: float, soon: bool
) -> None:
    answers = Answers()
    answers.note(first, 0.1)
    answers.another_chance(walkers)
    if not answers.come_soon:
        assert not soon
        return
    answers.note(next_, 0.002)

    assert answers.come_soon == soon


def test_answers_that_come_soon_are_remembered() -> None:
    answers = Answers()
    answers.note(0.001, 0.002)
    answers.another_chance(1)
    answers.note(0.2, 0.002)

    assert answers.come_soon


def test_time_that_passes_without_work_is_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, processor = iter([10.0, 13.0]), iter([1.0, 1.5])
    noted: list[tuple[float, float]] = []
    monkeypatch.setattr(time, "monotonic", lambda: next(clock))
    monkeypatch.setattr(time, "thread_time", lambda: next(processor))
    answers = Answers()
    monkeypatch.setattr(answers, "note", lambda *page: noted.append(page))

    assert answers.timed(lambda: "page", counts=lambda read: read == "page") == "page"
    assert noted == [(2.5, 0.5)]


def test_what_is_no_page_does_not_count() -> None:
    answers = Answers()
    answers.note(0.2, 0.002)

    assert answers.timed(lambda: "end", counts=lambda read: read == "page") == "end"
    assert not answers.come_soon
