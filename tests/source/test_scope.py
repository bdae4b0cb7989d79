"""What a scope remembers comes back from JSON as it was, and never grows without end."""

import json
from dataclasses import replace
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from sources.devin.coverage import Coverage, Segment, Span
from sources.devin.scope import MOST_REMEMBERED, Scope, Version

TIMES = st.integers(0, 10**10)
NAMES = st.text("abc", min_size=1, max_size=4)
SCOPES = st.builds(
    Scope,
    st.builds(lambda a, b, c: Coverage().raised(a, a + b, c), TIMES, TIMES, TIMES),
    st.dictionaries(NAMES, st.builds(Version, TIMES, NAMES), max_size=5),
    st.dictionaries(NAMES, TIMES, max_size=5),
    st.lists(st.builds(Span, TIMES, TIMES), max_size=2).map(tuple),
    st.one_of(st.none(), TIMES),
    st.one_of(st.none(), TIMES),
    st.booleans(),
)

END = 20
MOMENTS = st.integers(0, END)
SPANS = st.builds(lambda a, b: Span(min(a, b), max(a, b)), MOMENTS, MOMENTS)
BACKFILLS = st.lists(st.tuples(st.sampled_from(["ask", "read"]), SPANS), max_size=8)


@given(SCOPES)
def test_a_memory_survives_json(scope: Scope) -> None:
    assert scope == Scope.of(json.loads(json.dumps(scope.to_state())))


def test_a_memory_is_kept_in_these_words() -> None:
    scope = Scope(
        Coverage((Segment(10, 20, 30),)),
        {"s1": Version(5, "f1"), "s2": Version(6, "f2")},
        {"h": 7},
        (Span(1, 4),),
        rescanned_at=8,
        reread_at=9,
        in_order=False,
    )

    assert scope.to_state() == {
        "coverage": [[10, 20, 30]],
        "recent": {"s2": [6, "f2"], "s1": [5, "f1"]},
        "rejected": {"h": 7},
        "backfills": [[1, 4]],
        "rescanned_at": 8,
        "reread_at": 9,
        "in_order": False,
    }


def test_what_was_never_raised_remembers_nothing() -> None:
    assert Scope() == Scope.of(None) == Scope.of({})
    assert Scope().coverage.segments == ()


def test_the_newest_versions_are_kept_where_there_are_too_many() -> None:
    recent = {f"s{number}": Version(number, "f") for number in range(MOST_REMEMBERED + 3)}

    kept = Scope.of(Scope(recent=recent).to_state()).recent

    assert {f"s{number}" for number in range(3)} == recent.keys() - kept.keys()
    assert len(kept) == MOST_REMEMBERED == 1000


def test_the_newest_rejections_are_kept_where_there_are_too_many() -> None:
    rejected = {f"h{number}": number for number in range(MOST_REMEMBERED + 3)}

    kept = Scope.of(Scope(rejected=rejected).to_state()).rejected

    assert {f"h{number}" for number in range(3)} == rejected.keys() - kept.keys()


@given(SCOPES, st.randoms(use_true_random=False))
def test_the_same_memory_is_written_the_same(scope: Scope, random: Random) -> None:
    names = random.sample(list(scope.recent), k=len(scope.recent))
    other = replace(scope, recent={name: scope.recent[name] for name in names})

    assert json.dumps(scope.to_state()) == json.dumps(other.to_state())


def test_of_versions_of_one_moment_the_first_names_are_kept() -> None:
    names = [f"s{number:04}" for number in range(MOST_REMEMBERED + 1)]
    recent = {name: Version(5, "f") for name in reversed(names)}

    assert names[:-1] == list(Scope(recent=recent).to_state()["recent"])


def test_a_memory_that_is_read_is_not_the_state_itself() -> None:
    state = {"coverage": [[1, 2, 3]], "recent": {}, "rejected": {"h": 1}}
    scope = Scope.of(state)

    scope.rejected["other"] = 2

    assert state["rejected"] == {"h": 1}


def test_a_memory_from_before_backfills_and_rescans_has_none() -> None:
    scope = Scope.of({"coverage": [[1, 2, 3]], "recent": {}, "rejected": {}})

    assert scope == Scope(Coverage((Segment(1, 2, 3),)))
    assert (scope.backfills, scope.rescanned_at, scope.reread_at, scope.in_order) == (
        (),
        None,
        None,
        True,
    )


def backfilled(steps: list[tuple[str, Span]]) -> tuple[Scope, list[bool], set[int]]:
    """A memory after these steps; of each second whether it is loaded, and those to read again."""
    scope, loaded = Scope(Coverage().raised(0, END // 2, 5)), [at < END // 2 for at in range(END)]
    asked: set[int] = set()
    for step, (begin, end) in steps:
        span = set(range(begin, end))
        if step == "ask":
            scope = scope.asked_again(Span(begin, end))
            loaded = [was and at not in span - asked for at, was in enumerate(loaded)]
            asked |= span
        else:
            scope = replace(scope, coverage=scope.coverage.raised(begin, end, 6))
            loaded = [was or at in span for at, was in enumerate(loaded)]
    return scope, loaded, asked


@given(BACKFILLS)
def test_what_is_asked_again_is_not_loaded_but_for_what_a_backfill_under_way_has_read(
    steps: list[tuple[str, Span]],
) -> None:
    scope, loaded, asked = backfilled(steps)

    assert [scope.coverage.as_of(at) is not None for at in range(END)] == loaded
    assert [at for span in scope.backfills for at in range(*span)] == sorted(asked)


@given(BACKFILLS)
def test_what_is_missing_of_backfills_is_each_second_not_read_since(
    steps: list[tuple[str, Span]],
) -> None:
    scope, loaded, asked = backfilled(steps)

    missing = [
        at for part in scope.missing() for at in range(part.created_from, part.created_to or 0)
    ]
    assert missing == [at for at in sorted(asked) if not loaded[at]]
    assert {part.as_of for part in scope.missing()} <= {None}


@given(BACKFILLS, MOMENTS)
def test_a_backfill_is_settled_once_nothing_of_it_is_missing_up_to_now(
    steps: list[tuple[str, Span]], now: int
) -> None:
    scope, loaded, _ = backfilled(steps)

    settled = scope.settled(now)

    assert settled.backfills == tuple(
        Span(begin, min(end, now))
        for begin, end in scope.backfills
        if not all(loaded[begin : min(end, now)])
    )
    assert replace(settled, backfills=scope.backfills) == scope
