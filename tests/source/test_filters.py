"""The filters of a sync: as the API reads them, as a scope's name, as a check of rows."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from sources.devin.filters import IN_V2, Filters, described
from sources.devin.session import Session
from tests.support.sessions import session

LISTS = ("tags", "origins", "user_ids", "service_user_ids", "repo_names", "session_ids")
SINGLES = ("category", "playbook_id", "schedule_id")

NASTY = st.text("ab&=%?/ ", min_size=1, max_size=4)
GIVEN = st.fixed_dictionaries(
    {},
    optional={name: st.lists(NASTY, max_size=3) for name in LISTS}
    | dict.fromkeys(SINGLES, NASTY)
    | {"is_archived": st.booleans()},
)


def test_no_filter_asks_for_nothing_and_has_no_name() -> None:
    assert Filters().params() == []
    assert Filters().describe() == ""


def test_a_list_repeats_its_key() -> None:
    filters = Filters(
        tags=("b", "a"),
        origins=("slack", "api"),
        category="security",
        playbook_id="playbook-1",
        schedule_id="schedule-1",
        user_ids=("user-1",),
        service_user_ids=("service-1",),
        repo_names=("acme/api", "acme/web"),
        is_archived=False,
        session_ids=("s1", "devin-s2"),
    )

    assert sorted(filters.params()) == [
        ("category", "security"),
        ("is_archived", "false"),
        ("origins", "api"),
        ("origins", "slack"),
        ("playbook_id", "playbook-1"),
        ("repo_names", "acme/api"),
        ("repo_names", "acme/web"),
        ("schedule_id", "schedule-1"),
        ("service_user_ids", "service-1"),
        ("session_ids", "devin-s2"),
        ("session_ids", "s1"),
        ("tags", "a"),
        ("tags", "b"),
        ("user_ids", "user-1"),
    ]


@pytest.mark.parametrize(("value", "expected"), [(True, "true"), (False, "false")])
def test_archived_is_sent_as_json_writes_it(value: bool, expected: str) -> None:
    assert [("is_archived", expected)] == Filters(is_archived=value).params()


@pytest.mark.parametrize("name", LISTS)
def test_one_value_may_stand_for_a_list_of_one(name: str) -> None:
    assert [(name, "x")] == Filters.model_validate({name: "x"}).params()


def test_a_filter_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ValidationError, match="Extra inputs are not permitted"):
        Filters.model_validate({"tag": "a"})


def test_the_name_reads_like_a_query() -> None:
    filters = Filters(tags=("infra", "api"), repo_names=("acme/api",), is_archived=True)

    assert filters.describe() == "is_archived=true&repo_names=acme/api&tags=api&tags=infra"


@given(GIVEN, st.randoms(use_true_random=False))
def test_the_same_filters_have_the_same_name_in_whatever_order(given: Any, random: Any) -> None:
    def mixed(value: Any) -> Any:
        return random.sample([*value, *value[:1]], k=len([*value, *value[:1]]))

    names = random.sample(list(given), k=len(given))
    other = {name: mixed(given[name]) if name in LISTS else given[name] for name in names}

    same, different = Filters.model_validate(given), Filters.model_validate(other)
    assert same.describe() == different.describe()


@given(GIVEN, GIVEN)
def test_different_filters_have_different_names(one: Any, other: Any) -> None:
    def meaning(given: Any) -> Any:
        sets = {name: frozenset(value) for name, value in given.items() if name in LISTS and value}
        return sets | {name: value for name, value in given.items() if name not in LISTS}

    names = [Filters.model_validate(given).describe() for given in (one, other)]
    assert (names[0] == names[1]) == (meaning(one) == meaning(other))


def test_a_value_cannot_pass_for_two() -> None:
    names = {Filters(tags=tags).describe() for tags in [("a", "b"), ("a&tags=b",), ("a%26tags=b",)]}

    assert names == {"tags=a&tags=b", "tags=a%26tags=b", "tags=a%2526tags=b"}


VISIBLE = [
    ("origins", ["slack", "api"], "origin", ["slack", "api"], ["webapp", None]),
    ("category", "security", "category", ["security"], ["other", None]),
    ("playbook_id", "playbook-1", "playbook_id", ["playbook-1"], ["playbook-2", None]),
    ("user_ids", ["user-1"], "user_id", ["user-1"], ["user-2", None]),
    ("service_user_ids", ["svc-1"], "service_user_id", ["svc-1"], ["svc-2", None]),
    ("session_ids", ["devin-s1", "s2"], "session_id", ["s1", "s2"], ["s3", "devin-s1"]),
    ("is_archived", True, "is_archived", [True], [False, None]),
    ("is_archived", False, "is_archived", [False, None], [True]),
]


def holding(field: str, value: Any) -> Session:
    return msgspec.structs.replace(session(), **{field: value})


@pytest.mark.parametrize(("name", "given", "field", "let_through", "kept_out"), VISIBLE)
def test_a_row_that_contradicts_a_filter_is_found(
    name: str, given: Any, field: str, let_through: list[Any], kept_out: list[Any]
) -> None:
    filters = Filters.model_validate({name: given})

    inside = [holding(field, value) for value in let_through]

    assert filters.excluding(inside) is None
    for outside in (holding(field, value) for value in kept_out):
        assert filters.excluding([outside]) == (outside, name)
        assert filters.excluding([*inside, outside, *inside]) == (outside, name)


@pytest.mark.parametrize(("name", "given"), [(row[0], row[1]) for row in VISIBLE[:5]])
def test_a_row_without_the_field_contradicts_its_filter(name: str, given: Any) -> None:
    without = session()

    assert (without, name) == Filters.model_validate({name: given}).excluding([without])


def test_a_row_without_the_field_counts_as_not_archived() -> None:
    without = session()

    assert Filters(is_archived=False).excluding([without]) is None
    assert Filters(is_archived=True).excluding([without]) == (without, "is_archived")


def test_what_a_row_cannot_show_excludes_nothing() -> None:
    filters = Filters(tags=("a",), repo_names=("acme/api",), schedule_id="schedule-1")

    assert filters.excluding([session()]) is None
    assert Filters().excluding([session()]) is None


def test_a_page_without_rows_contradicts_nothing() -> None:
    assert Filters(is_archived=True, user_ids=("user-1",)).excluding([]) is None


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("org-a", ("org-a",)),
        ('["org-a", "org-b"]', ("org-a", "org-b")),
        ("[bug]", ("[bug]",)),
        ("7", ("7",)),
        ("", ()),
        ("[]", ()),
    ],
)
def test_a_list_may_be_json_or_the_one_value_that_there_is(
    given: str, expected: tuple[str, ...]
) -> None:
    assert expected == Filters(tags=given).tags  # type: ignore[arg-type]


def test_a_scope_is_described_by_whatever_restricts_it_in_one_order() -> None:
    expected = "org_ids=a%26b&org_ids=c&tags=100%25&tags=x"

    given = [("tags", ("x", "100%")), ("org_ids", ("c", "a&b", "c"))]
    assert expected == described(given) == described(reversed(given))


def test_v2_filters_by_a_few_of_them() -> None:
    assert {"tags", "user_ids", "session_ids"} == IN_V2
    assert set(Filters.model_fields) > IN_V2
