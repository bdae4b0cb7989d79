"""The coverage map against the plainest model of it: one `as_of` for every second."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sources.devin.coverage import Coverage, Segment, Slice

END = 24
Model = tuple[int | None, ...]

moments = st.integers(0, END)
spans = st.tuples(moments, moments).map(lambda pair: (min(pair), max(pair)))
as_ofs = st.integers(0, 9)
operations = st.lists(
    st.one_of(
        st.tuples(st.just("raise"), spans, as_ofs), st.tuples(st.just("clear"), spans, as_ofs)
    ),
    max_size=12,
)


def seconds(coverage: Coverage) -> Model:
    return tuple(coverage.as_of(second) for second in range(END))


def built(steps: list[tuple[str, tuple[int, int], int]]) -> tuple[Coverage, Model]:
    coverage, model = Coverage(), [None] * END
    values: list[int | None] = list(model)
    for step, (begin, end), as_of in steps:
        if step == "clear":
            coverage = coverage.clear(begin, end)
            values[begin:end] = [None] * (end - begin)
        else:
            coverage = coverage.raised(begin, end, as_of)
            values[begin:end] = [max(as_of, value or 0) for value in values[begin:end]]
    return coverage, tuple(values)


@given(operations)
def test_raising_and_clearing_do_to_a_map_what_they_do_to_each_second(
    steps: list[tuple[str, tuple[int, int], int]],
) -> None:
    coverage, model = built(steps)

    assert seconds(coverage) == model


@given(operations)
def test_segments_are_sorted_and_never_empty_nor_touching_an_equal_one(
    steps: list[tuple[str, tuple[int, int], int]],
) -> None:
    segments = built(steps)[0].segments

    assert all(segment.created_from < segment.created_to for segment in segments)
    for left, right in pairwise(segments):
        assert left.created_to <= right.created_from
        assert left.created_to < right.created_from or left.as_of != right.as_of


@given(operations)
def test_a_map_survives_its_stored_form(steps: list[tuple[str, tuple[int, int], int]]) -> None:
    coverage = built(steps)[0]

    assert Coverage.of(coverage.to_state()) == coverage


@given(operations, moments)
def test_what_is_behind_names_every_second_from_the_start_once_and_what_is_known_of_it(
    steps: list[tuple[str, tuple[int, int], int]], start: int
) -> None:
    coverage, model = built(steps)

    *closed, last = coverage.behind(start)

    assert last.created_to is None
    named = [
        (second, part.as_of)
        for part in closed
        for second in range(part.created_from, part.created_to or 0)
    ]
    expected = [(second, model[second]) for second in range(start, last.created_from)]
    assert named == expected
    assert all(value is None for value in model[last.created_from :])


@given(operations, moments, as_ofs)
def test_raising_all_that_is_behind_leaves_one_segment(
    steps: list[tuple[str, tuple[int, int], int]], start: int, later: int
) -> None:
    coverage = built(steps)[0].clear(0, start)
    now = END + 10
    for part in coverage.behind(start):
        coverage = coverage.raised(part.created_from, part.created_to or now, 10 + later)

    assert coverage.segments == (Segment(start, now, 10 + later),)


@given(operations, moments)
def test_no_claim_of_a_later_moment_than_now_is_believed(
    steps: list[tuple[str, tuple[int, int], int]], now: int
) -> None:
    coverage, model = built(steps)

    believed = seconds(coverage.believed(now))

    assert believed == tuple(
        as_of if as_of is not None and as_of <= now and second < now else None
        for second, as_of in enumerate(model)
    )


@given(operations, as_ofs)
def test_a_lowered_map_claims_nothing_of_a_later_moment(
    steps: list[tuple[str, tuple[int, int], int]], latest: int
) -> None:
    coverage, model = built(steps)

    lowered = coverage.lowered(latest)

    assert seconds(lowered) == tuple(
        None if as_of is None else min(as_of, latest) for as_of in model
    )
    assert Coverage.of(lowered.to_state()) == lowered


@given(operations, as_ofs, moments)
def test_one_segment_can_be_lowered_by_naming_a_moment_in_it(
    steps: list[tuple[str, tuple[int, int], int]], latest: int, created_at: int
) -> None:
    coverage, model = built(steps)
    named = [s for s in coverage.segments if s.created_from <= created_at < s.created_to]

    lowered = coverage.lowered(latest, created_at)

    assert seconds(lowered) == tuple(
        min(as_of, latest) if as_of is not None and any(s[0] <= at < s[1] for s in named) else as_of
        for at, as_of in enumerate(model)
    )


@given(operations, spans)
def test_holes_are_each_second_that_is_not_loaded_once_and_in_order(
    steps: list[tuple[str, tuple[int, int], int]], span: tuple[int, int]
) -> None:
    coverage, model = built(steps)

    holes = coverage.holes(*span)

    named = [at for hole in holes for at in range(hole.created_from, hole.created_to or 0)]
    assert named == [at for at in range(*span) if model[at] is None]
    assert {hole.as_of for hole in holes} <= {None}


@given(spans, st.integers(1, 30), st.one_of(st.none(), as_ofs))
def test_a_split_slice_is_the_same_seconds_in_parts_of_about_one_length(
    span: tuple[int, int], parts: int, as_of: int | None
) -> None:
    split = Slice(*span, as_of).split(parts)

    edges = [span[0], *(part.created_to for part in split)]
    assert edges == [*(part.created_from for part in split), span[1]]
    assert len(split) == max(1, min(parts, span[1] - span[0]))
    lengths = {(part.created_to or 0) - part.created_from for part in split}
    assert max(lengths) - min(lengths) <= 1
    assert {part.as_of for part in split} == {as_of}


def test_an_open_slice_cannot_be_split() -> None:
    with pytest.raises(ValueError, match="is open"):
        Slice(5, None, None).split(2)


def test_nothing_loaded_is_one_open_slice() -> None:
    assert Coverage().behind(5) == [Slice(5, None, None)]


def test_an_earlier_start_is_a_hole_of_its_own() -> None:
    coverage = Coverage.of([[10, 20, 19]])

    assert coverage.behind(4) == [Slice(4, 10, None), Slice(10, 20, 19), Slice(20, None, None)]


def test_a_later_start_leaves_out_what_is_before_it() -> None:
    coverage = Coverage.of([[0, 5, 9], [6, 20, 19]])

    assert coverage.behind(8) == [Slice(8, 20, 19), Slice(20, None, None)]


def test_raising_never_lowers() -> None:
    coverage = Coverage.of([[0, 10, 50]])

    assert coverage.raised(0, 20, 40) == Coverage.of([[0, 10, 50], [10, 20, 40]])


def test_raising_an_empty_span_changes_nothing() -> None:
    coverage = Coverage.of([[0, 10, 50]])

    assert coverage.raised(7, 7, 90) == coverage


@pytest.mark.parametrize("segments", [[[5, 5, 1]], [[5, 4, 1]], [[0, 5, 1], [4, 8, 2]]], ids=str)
def test_a_stored_map_that_contradicts_itself_is_refused(segments: list[list[int]]) -> None:
    with pytest.raises(ValueError, match="segment"):
        Coverage.of(segments)
