"""Fields of an item that may say anything."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sources.devin import directory, fields, insights
from sources.devin.fields import Odd
from tests.support.sessions import NOON

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)
KEYS = {
    directory.organization: ["org_id"],
    directory.user: ["user_id"],
    directory.idp_user: ["user_id"],
    directory.service_user: ["service_user_id"],
    directory.playbook: ["playbook_id"],
    directory.acu_limit: ["scope"],
    directory.billing_cycle: ["after", "before"],
    insights.insight: ["session_id", "org_id", "updated_at"],
}
FIELDS = [
    "name",
    "title",
    "user_id",
    "created_at",
    "role_assignments",
    "analysis",
    "max_cycle_acu_limit",
    "cycle_acu_limit",
    "num_user_messages",
    "session_size",
]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("a", "a"),
        ("", None),
        (None, None),
        (7, "7"),
        (True, None),
        ([], None),
        ("a\0b", "a\ufffdb"),
    ],
)
def test_a_text(value: Any, expected: str | None) -> None:
    assert fields.text({"x": value}, "x") == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [(1, 1.0), ("2.5", 2.5), ("much", None), (True, None), (float("nan"), None), (None, None)],
)
def test_a_number(value: Any, expected: float | None) -> None:
    assert fields.number({"x": value}, "x") == expected


@pytest.mark.parametrize(
    ("value", "expected"), [(3, 3), (3.0, 3), (" 3", 3), (3.5, None), (None, None)]
)
def test_a_count(value: Any, expected: int | None) -> None:
    assert fields.count({"x": value}, "x") == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (NOON, NOON),
        (f" {NOON}", NOON),
        ("2026-01-01T12:00:00Z", NOON),
        ("2026-01-01T12:00:00", NOON),
        (NOON * 1000, None),
        (-1, None),
        ("noon", None),
        (True, None),
        (None, None),
    ],
)
def test_a_moment(value: Any, expected: int | None) -> None:
    assert fields.epoch({"x": value}, "x") == expected


@pytest.mark.parametrize("make", KEYS, ids=lambda make: make.__name__)
@given(item=st.dictionaries(st.sampled_from(FIELDS), ANYTHING))
def test_an_item_that_says_anything_is_a_row_if_it_has_its_key(
    make: Any, item: dict[str, Any]
) -> None:
    key = dict.fromkeys(KEYS[make], NOON)

    row = make(item | key, NOON)

    assert row[-1] == NOON * fields.MICROSECONDS


@pytest.mark.parametrize(
    ("make", "name"), [(make, name) for make, names in KEYS.items() for name in names]
)
@pytest.mark.parametrize("value", [None, "", [], {}])
def test_an_item_without_its_key_makes_no_row(make: Any, name: str, value: Any) -> None:
    item = dict.fromkeys(KEYS[make], NOON)

    with pytest.raises(Odd, match=name):
        make(item | {name: value}, NOON)
