"""What a scope remembers comes back from JSON as it was, and never grows without end."""

import json
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from sources.devin.coverage import Coverage, Segment
from sources.devin.scope import MOST_REMEMBERED, Scope, Version

TIMES = st.integers(0, 10**10)
NAMES = st.text("abc", min_size=1, max_size=4)
SCOPES = st.builds(
    Scope,
    st.builds(lambda a, b, c: Coverage().raised(a, a + b, c), TIMES, TIMES, TIMES),
    st.dictionaries(NAMES, st.builds(Version, TIMES, NAMES), max_size=5),
    st.dictionaries(NAMES, TIMES, max_size=5),
)


@given(SCOPES)
def test_a_memory_survives_json(scope: Scope) -> None:
    assert scope == Scope.of(json.loads(json.dumps(scope.to_state())))


def test_a_memory_is_kept_in_these_words() -> None:
    scope = Scope(
        Coverage((Segment(10, 20, 30),)), {"s1": Version(5, "f1"), "s2": Version(6, "f2")}, {"h": 7}
    )

    assert scope.to_state() == {
        "coverage": [[10, 20, 30]],
        "recent": {"s2": [6, "f2"], "s1": [5, "f1"]},
        "rejected": {"h": 7},
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
    other = Scope(scope.coverage, {name: scope.recent[name] for name in names}, scope.rejected)

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
