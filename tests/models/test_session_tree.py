"""Which session started which, however the links run."""

from tests.models.harness import Models
from tests.models.rows import Row, session, snapshot

_PLACE = ("session_id", "parent_session_id", "root_session_id", "depth", "is_orphan", "in_cycle")
_ACUS = ("session_id", "descendants", "own_acus", "own_cost", "tree_acus", "tree_cost")


def _child(session_id: str, parent: str | None = None) -> Row:
    return session(session_id, parent_session_id=parent)


def _link(parent: str, child: str, declared_by: str) -> Row:
    by = parent if declared_by == "parent" else child
    return {
        "parent_session_id": parent,
        "child_session_id": child,
        "declared_by": declared_by,
        "session_id": by,
    }


def test_a_tree_sums_what_hangs_below_each_session(models: Models) -> None:
    models.load(
        prices={"2026-01-01": 2.0},
        sessions=[
            _child("alone"),
            _child("root"),
            _child("left", "root"),
            _child("right", "root"),
            _child("leaf", "left"),
        ],
        session_snapshots=[
            snapshot("alone", "2026-03-01 09:00", 0.5),
            snapshot("root", "2026-03-01 09:00", 1.0),
            snapshot("root", "2026-03-02 09:00", 1.5),
            snapshot("left", "2026-03-01 09:00", 2.0),
            snapshot("leaf", "2026-03-01 09:00", 4.0),
        ],
    )

    assert models.rows("session_tree", *_PLACE) == [
        ("alone", None, "alone", 0, False, False),
        ("leaf", "left", "root", 2, False, False),
        ("left", "root", "root", 1, False, False),
        ("right", "root", "root", 1, False, False),
        ("root", None, "root", 0, False, False),
    ]
    assert models.rows("session_tree", *_ACUS) == [
        ("alone", 0, 0.5, 1.0, 0.5, 1.0),
        ("leaf", 0, 4.0, 8.0, 4.0, 8.0),
        ("left", 1, 2.0, 4.0, 6.0, 12.0),
        ("right", 0, 0.0, 0.0, 0.0, 0.0),
        ("root", 3, 1.5, 3.0, 7.5, 15.0),
    ]


def test_it_says_of_each_session_what_it_is(models: Models) -> None:
    models.load(sessions=[session("a", org_id="other", title="Fix it")])

    assert models.rows("session_tree") == [
        ("a", "other", "Fix it", None, "a", 0, False, False, 0, 0.0, None, 0.0, None)
    ]


def test_a_day_without_a_price_leaves_the_cost_of_a_tree_open(models: Models) -> None:
    models.load(
        prices={"2026-03-02": 2.0},
        sessions=[_child("root"), _child("early", "root"), _child("late", "root")],
        session_snapshots=[
            snapshot("root", "2026-03-02 09:00", 1.0),
            snapshot("early", "2026-03-01 09:00", 1.0),
            snapshot("early", "2026-03-02 09:00", 2.0),
            snapshot("late", "2026-03-02 09:00", 1.0),
        ],
    )

    assert models.rows("session_tree", "session_id", "own_cost", "tree_cost") == [
        ("early", None, None),
        ("late", 2.0, 2.0),
        ("root", 2.0, None),
    ]


def test_a_session_whose_parent_is_not_loaded_is_an_orphan_and_a_root(models: Models) -> None:
    models.load(sessions=[_child("a", "unseen"), _child("b", "a")])

    assert models.rows("session_tree", *_PLACE) == [
        ("a", "unseen", "a", 0, True, False),
        ("b", "a", "a", 1, False, False),
    ]


def test_a_link_that_only_the_parent_declares_counts(models: Models) -> None:
    models.load(
        sessions=[_child("a"), _child("b"), _child("c"), _child("d", "a")],
        session_links=[
            _link("a", "b", "parent"),
            _link("b", "c", "parent"),
            _link("unseen", "a", "child"),
            _link("c", "d", "parent"),
            _link("a", "d", "child"),
            _link("a", "unseen", "parent"),
        ],
    )

    assert models.rows("session_tree", *_PLACE) == [
        ("a", "unseen", "a", 0, True, False),
        ("b", "a", "a", 1, False, False),
        ("c", "b", "a", 2, False, False),
        ("d", "a", "a", 1, False, False),
    ]


def test_of_several_parents_the_first_by_its_id_is_taken(models: Models) -> None:
    models.load(
        sessions=[_child("a"), _child("b"), _child("c")],
        session_links=[_link("b", "c", "parent"), _link("a", "c", "parent")],
    )

    assert models.rows("session_tree", *_PLACE) == [
        ("a", None, "a", 0, False, False),
        ("b", None, "b", 0, False, False),
        ("c", "a", "a", 1, False, False),
    ]


def test_a_session_may_name_itself_as_its_parent(models: Models) -> None:
    models.load(
        sessions=[_child("a", "a"), _child("b", "a")],
        session_snapshots=[
            snapshot("a", "2026-03-01 09:00", 1.0),
            snapshot("b", "2026-03-01 09:00", 2.0),
        ],
    )

    assert models.rows("session_tree", *_PLACE) == [
        ("a", "a", "a", 0, False, True),
        ("b", "a", "a", 1, False, False),
    ]
    assert models.rows("session_tree", "session_id", "descendants", "tree_acus") == [
        ("a", 1, 3.0),
        ("b", 0, 2.0),
    ]


def test_a_cycle_hangs_below_its_first_session_with_all_below_it(models: Models) -> None:
    models.load(
        sessions=[
            _child("m", "n"),
            _child("n", "m"),
            _child("tail", "n"),
            _child("end", "tail"),
            _child("x", "y"),
            _child("y", "z"),
            _child("z", "x"),
        ],
        session_snapshots=[
            snapshot("m", "2026-03-01 09:00", 1.0),
            snapshot("n", "2026-03-01 09:00", 2.0),
            snapshot("tail", "2026-03-01 09:00", 4.0),
            snapshot("end", "2026-03-01 09:00", 8.0),
        ],
    )

    assert models.rows("session_tree", *_PLACE) == [
        ("end", "tail", "m", 3, False, False),
        ("m", "n", "m", 0, False, True),
        ("n", "m", "m", 1, False, True),
        ("tail", "n", "m", 2, False, False),
        ("x", "y", "x", 0, False, True),
        ("y", "z", "x", 2, False, True),
        ("z", "x", "x", 1, False, True),
    ]
    assert models.rows("session_tree", "session_id", "descendants", "tree_acus") == [
        ("end", 0, 8.0),
        ("m", 3, 15.0),
        ("n", 2, 14.0),
        ("tail", 1, 12.0),
        ("x", 2, 0.0),
        ("y", 0, 0.0),
        ("z", 1, 0.0),
    ]


def test_chains_may_be_deep(models: Models) -> None:
    names = [f"s{number:03}" for number in range(150)]
    models.load(sessions=list(map(_child, names, [None, *names])))

    assert models.rows("session_tree", "session_id", "root_session_id", "depth", "descendants") == [
        (name, "s000", depth, 149 - depth) for depth, name in enumerate(names)
    ]
