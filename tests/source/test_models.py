"""The contract of a page: what loads, what is rejected, and that one bad item harms no other."""

import json
import math
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from sources.devin.client import UndecodableBody
from sources.devin.session import (
    KNOWN_FIELDS,
    NAME_OF_EXTRA,
    Page,
    PullRequest,
    Session,
    Sessions,
    bare_id,
    session_fingerprint,
)
from tests.support.readers import read
from tests.support.sessions import NOON, session_item, sessions_of
from tests.support.specification import EXAMPLE, ITEMS, SPEC, SPEC_SESSION

from .conftest import page_body

VALIDATOR = Draft202012Validator(SPEC_SESSION)
REQUIRED = SPEC["$defs"]["Session"]["required"]

EXAMPLE_PAGE = json.dumps(
    {"items": [EXAMPLE], "end_cursor": "<string>", "has_next_page": False, "total": 123}
).encode()


def loaded(**fields: Any) -> Session:
    """The one session of a page, which has to load."""
    page = read(page_body(session_item(**fields)))
    assert page.rejected == []
    (session,) = page.sessions
    return session


def reason(item: Any) -> str:
    """Why an item is rejected, which it has to be; the ones round it have to load."""
    body = page_body(session_item(session_id="before"), item, session_item(session_id="after"))
    page = read(body)
    assert [session.session_id for session in page.sessions] == ["before", "after"]
    (rejected,) = page.rejected
    assert rejected.raw == json.dumps(item)
    return rejected.reason


# What the API documents


def test_the_documented_example_loads_whole() -> None:
    page = read(EXAMPLE_PAGE)

    (session,) = page.sessions
    newer = dict.fromkeys(("automation_id", "devin_mode", NAME_OF_EXTRA))
    assert msgspec.to_builtins(session) == EXAMPLE | newer
    assert page == Page(Sessions([session]), [], "<string>", False, 123)


def test_every_documented_field_is_known() -> None:
    newer = {"automation_id", "devin_mode"}

    assert set(SPEC["$defs"]["Session"]["properties"]) | newer == KNOWN_FIELDS


def clean(value: Any) -> Any:
    """What loading may change: U+0000 in the fields that are known, outside of free JSON."""
    if isinstance(value, str):
        return value.replace("\x00", "\ufffd")
    return [clean(entry) for entry in value] if isinstance(value, list) else value


def as_loaded(item: dict[str, Any]) -> Session:
    fields = {name: clean(value) for name, value in item.items() if name in KNOWN_FIELDS}
    extra = {name: value for name, value in item.items() if name not in KNOWN_FIELDS}
    of_pull_requests = {}
    for entry in item["pull_requests"]:
        if more := {name: entry[name] for name in entry.keys() - {"pr_url", "pr_state"}}:
            of_pull_requests[clean(entry["pr_url"])] = more
    if of_pull_requests:
        extra["pull_requests"] = of_pull_requests
    fields["structured_output"] = item.get("structured_output")
    fields["session_id"] = bare_id(fields["session_id"])
    fields["acus_consumed"] = float(fields["acus_consumed"])
    fields["pull_requests"] = [
        PullRequest(clean(entry["pr_url"]), clean(entry["pr_state"]))
        for entry in item["pull_requests"]
    ]
    return Session(**fields, extra=extra or None)


def not_loadable(item: dict[str, Any]) -> set[str]:
    """Where an item that the specification allows cannot be loaded truthfully.

    These are all the places there are: an id that names nothing, a time outside of the years 1970
    to 5138, and an amount that no floating point number holds.
    """
    places = {name for name in ("session_id", "org_id") if item[name] == ""}
    places |= {name for name in ("created_at", "updated_at") if not 0 <= item[name] < 10**11}
    if abs(item["acus_consumed"]) > 1.7976931348623157e308:
        places.add("acus_consumed")
    pull_requests = enumerate(item["pull_requests"])
    places |= {f"pull_requests.{place}.pr_url" for place, pr in pull_requests if pr["pr_url"] == ""}
    return places


LOADABLE_TIMES = st.integers(0, 10**11 - 1)
LOADABLE = st.builds(
    lambda item, created_at, updated_at: (
        item | {"created_at": created_at, "updated_at": updated_at}
    ),
    ITEMS,
    LOADABLE_TIMES,
    LOADABLE_TIMES,
)
GENERATED = settings(
    max_examples=60,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


@GENERATED
@given(st.lists(ITEMS | LOADABLE, max_size=3))
def test_whatever_the_specification_allows_loads_or_is_rejected_by_name(
    items: list[dict[str, Any]],
) -> None:
    assert all(VALIDATOR.is_valid(item) for item in items)
    page = read(page_body(*items))

    assert [as_loaded(item) for item in items if not not_loadable(item)] == page.sessions
    unloadable = [item for item in items if not_loadable(item)]
    assert [json.dumps(item) for item in unloadable] == [item.raw for item in page.rejected]
    for item, rejected in zip(unloadable, page.rejected, strict=True):
        places = {".".join(map(str, entry["loc"])) for entry in rejected.error}
        assert not_loadable(item) == places
        assert rejected.reason.split(":")[0] in places


@GENERATED
@given(LOADABLE, st.sampled_from(REQUIRED))
def test_whatever_lacks_a_required_field_is_rejected_by_its_name(
    item: dict[str, Any], missing: str
) -> None:
    del item[missing]

    page = read(page_body(item))

    assert page.sessions == []
    assert {"loc": [missing], "msg": "Field required", "type": "missing"} in page.rejected[0].error


# What newer versions of the API may send


@pytest.mark.parametrize("field", ["status", "status_detail", "origin", "category"])
def test_a_word_that_nobody_knows_yet_loads_as_it_is(field: str) -> None:
    assert getattr(loaded(**{field: "hibernating"}), field) == "hibernating"


def test_a_pull_request_state_that_nobody_knows_yet_loads_as_it_is() -> None:
    entry = {"pr_url": "https://github.com/acme/api/pull/7", "pr_state": "in the queue"}

    assert loaded(pull_requests=[entry]).pull_requests == [PullRequest(**entry)]


def test_a_field_that_nobody_knows_yet_is_kept() -> None:
    session = loaded(priority={"level": [1, None]}, mood=None)

    assert session.extra == {"priority": {"level": [1, None]}, "mood": None}


def test_a_field_of_a_pull_request_that_nobody_knows_yet_is_kept_by_address() -> None:
    entries = [{"pr_url": "a", "draft": True}, {"pr_url": "b"}, {"pr_url": "c", "checks": [1]}]
    session = loaded(pull_requests=entries, mood="good")

    assert session.extra == {
        "mood": "good",
        "pull_requests": {"a": {"draft": True}, "c": {"checks": [1]}},
    }


def test_a_session_of_known_fields_has_no_extra() -> None:
    session = loaded()

    assert session.extra is None


@pytest.mark.parametrize(
    "field", sorted(KNOWN_FIELDS - set(REQUIRED)), ids=lambda field: f"{field} is null"
)
def test_an_optional_field_may_be_null_or_missing(field: str) -> None:
    assert getattr(loaded(**{field: None}), field) is None
    assert getattr(loaded(), field) is None


def test_a_pull_request_may_have_no_state() -> None:
    assert loaded(pull_requests=[{"pr_url": "x"}]).pull_requests == [PullRequest("x", None)]


# What is rejected


@pytest.mark.parametrize("field", REQUIRED)
def test_a_missing_required_field_is_rejected(field: str) -> None:
    item = session_item()
    del item[field]

    assert f"{field}: Field required" == reason(item)


@pytest.mark.parametrize("field", REQUIRED)
def test_a_required_field_must_not_be_null(field: str) -> None:
    assert reason(session_item(**{field: None})).startswith(f"{field}: Input should be a valid ")


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [
        ("session_id", 5, "session_id: Input should be a valid string"),
        ("session_id", "", "session_id: Value should have at least 1 item after validation, not 0"),
        ("org_id", "", "org_id: Value should have at least 1 item after validation, not 0"),
        ("status", ["new"], "status: Input should be a valid string"),
        ("title", 5, "title: Input should be a valid string"),
        ("tags", "infra", "tags: Input should be a valid array"),
        ("tags", {"infra": True}, "tags: Input should be a valid array"),
        ("tags", ["infra", 5], "tags.1: Input should be a valid string"),
        ("pull_requests", ["x"], "pull_requests.0: Input should be an object"),
        ("pull_requests", [{}], "pull_requests.0.pr_url: Field required"),
        ("structured_output", "done", "structured_output: Input should be an object"),
        ("structured_output", [], "structured_output: Input should be an object"),
        ("child_session_ids", "a", "child_session_ids: Input should be a valid array"),
        (
            "created_at",
            "2026-01-01T12:00:00Z",
            "created_at: Input should be a valid integer, unable to parse string as an integer",
        ),
        (
            "created_at",
            1.5,
            "created_at: Input should be a valid integer, got a number with a fractional part",
        ),
        ("created_at", -1, "created_at: Input should be greater than or equal to 0"),
        ("created_at", NOON * 1000, "created_at: Input should be less than 100000000000"),
        ("updated_at", NOON * 1000, "updated_at: Input should be less than 100000000000"),
        ("updated_at", 10**11, "updated_at: Input should be less than 100000000000"),
        ("updated_at", True, "updated_at: Value error, true is not a number"),
        ("created_at", False, "created_at: Value error, false is not a number"),
        ("acus_consumed", True, "acus_consumed: Value error, true is not a number"),
        ("acus_consumed", {}, "acus_consumed: Input should be a valid number"),
        ("acus_consumed", math.nan, "acus_consumed: Input should be a finite number"),
        ("acus_consumed", math.inf, "acus_consumed: Input should be a finite number"),
        ("acus_consumed", -math.inf, "acus_consumed: Input should be a finite number"),
    ],
)
def test_a_value_that_cannot_be_loaded_truthfully_is_rejected(
    field: str, value: Any, expected: str
) -> None:
    assert expected == reason(session_item(**{field: value}))


@pytest.mark.parametrize("field", ["title", "structured_output", "later"])
def test_half_a_character_is_rejected_wherever_it_is(field: str) -> None:
    value: Any = {"a": ["\ud83d"]} if field != "title" else "\ud83d"

    assert reason(session_item(**{field: value})).startswith("Invalid JSON: ")


@pytest.mark.parametrize("item", [None, 5, "text", [], [{}], True])
def test_an_item_that_is_no_object_is_rejected(item: Any) -> None:
    page = read(page_body(session_item(), item))

    assert len(page.sessions) == 1
    (rejected,) = page.rejected
    assert rejected.raw == json.dumps(item)
    assert rejected.reason == "Input should be an object"


def test_all_that_is_wrong_is_told_and_the_first_of_it_is_the_reason() -> None:
    page = read(page_body(session_item(status=5, tags=["a", None], title="t" * 5000)))

    assert page.rejected[0].reason == "status: Input should be a valid string"
    assert page.rejected[0].error == [
        {"loc": ["status"], "msg": "Input should be a valid string", "type": "string_type"},
        {"loc": ["tags", 1], "msg": "Input should be a valid string", "type": "string_type"},
    ]


def test_a_rejected_item_is_named_by_its_content() -> None:
    body = page_body(session_item(status=5), session_item(status=5), session_item(status=6))

    one, same, other = (item.item_hash for item in read(body).rejected)
    assert one == same
    assert one != other
    assert len(one) == 16


def test_an_item_nested_too_deep_is_rejected() -> None:
    deep: Any = []
    for _ in range(300):
        deep = [deep]

    assert reason(session_item(later=deep)).startswith("Invalid JSON: recursion limit exceeded")


# The page round the items


def test_a_page_tells_where_the_next_one_begins_and_how_many_items_there_are() -> None:
    body = page_body(end_cursor="eyJh==", has_next_page=True, total=7)

    assert read(body) == Page(Sessions(), [], "eyJh==", True, 7)


@pytest.mark.parametrize("bad", [[], [{}]], ids=["all is well", "an item is rejected"])
def test_a_page_of_items_only_is_the_last_one(bad: list[Any]) -> None:
    page = read(page_body(*bad))

    assert (page.end_cursor, page.has_next_page, page.total) == (None, False, None)
    assert len(bad) == len(page.rejected)


def test_a_rejected_item_leaves_the_rest_of_the_page_as_it_is() -> None:
    items = [session_item(session_id=f"s{number}") for number in range(3)]
    envelope = {"end_cursor": "next", "has_next_page": True, "total": 4}

    page = read(page_body(items[0], {}, *items[1:], **envelope))

    assert page.sessions == sessions_of(*items)
    assert (page.end_cursor, page.has_next_page, page.total) == ("next", True, 4)


def test_a_field_of_a_page_that_nobody_knows_yet_harms_nothing() -> None:
    assert read(page_body(hint="x")) == Page(Sessions(), [], None, False, None)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html></html>",
        b'{"items": [',
        b'{"items": []} trailing',
        b"\x1f\x8b\x08",
        b'{"items": ["\xff"]}',
        b"[" * 100_000,
        b'{"items": [' + b"[" * 100_000,
    ],
    ids=["nothing", "html", "cut", "more", "binary", "not utf-8", "too deep", "an item too deep"],
)
def test_a_body_that_is_no_json_is_undecodable(body: bytes) -> None:
    with pytest.raises(UndecodableBody, match=r"^not JSON: "):
        read(body)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"null", "Input should be a valid dictionary"),
        (b"[]", "Input should be a valid dictionary"),
        (b'{"detail": "No."}', "items: Field required"),
        (b'{"items": null}', "items: Input should be a valid list"),
        (b'{"items": {}}', "items: Input should be a valid list"),
        (b'{"items": [], "end_cursor": 5}', "end_cursor: Input should be a valid string"),
        (b'{"items": [], "has_next_page": "?"}', "has_next_page: Input should be a valid boolean"),
        (b'{"items": [], "total": "many"}', "total: Input should be a valid integer"),
    ],
)
def test_json_that_is_no_page_is_undecodable(body: bytes, expected: str) -> None:
    with pytest.raises(UndecodableBody) as caught:
        read(body)

    assert str(caught.value).startswith(f"not a page of sessions: {expected}")


# Text and ids


def test_u0000_becomes_u_fffd_where_text_is_stored() -> None:
    session = loaded(
        session_id="a\x00",
        title="\x00",
        tags=["\x00b"],
        pull_requests=[{"pr_url": "c\x00", "pr_state": "\x00"}],
        child_session_ids=["d\x00"],
        structured_output={"e\x00": "\x00"},
    )

    assert session.session_id == "a\ufffd"
    assert session.title == "\ufffd"
    assert session.tags == ["\ufffdb"]
    assert session.pull_requests == [PullRequest("c\ufffd", "\ufffd")]
    assert session.child_session_ids == ["d\ufffd"]
    assert session.structured_output == {"e\x00": "\x00"}  # `json_text` is for this one


@pytest.mark.parametrize("title", ["😀", "e\u0301", "\u202e", "\ufeff", "\x7f\x01", "'; --", ""])
def test_any_other_text_stays_as_it_is(title: str) -> None:
    assert title == loaded(title=title).title


@pytest.mark.parametrize(
    ("session_id", "expected"),
    [
        ("devin-5ca1ab1e", "5ca1ab1e"),
        ("5ca1ab1e", "5ca1ab1e"),
        ("devin-devin-1", "devin-1"),
        ("Devin-1", "Devin-1"),
        ("1-devin-", "1-devin-"),
        ("devin-", "devin-"),
    ],
)
@pytest.mark.parametrize("bad", [[], [{}]], ids=["all is well", "another item is rejected"])
def test_one_devin_is_stripped_from_the_front_of_an_id(
    session_id: str, expected: str, bad: list[Any]
) -> None:
    page = read(page_body(session_item(session_id=session_id), *bad))

    assert [expected] == [session.session_id for session in page.sessions]
    assert expected == bare_id(session_id)


def test_a_fingerprint_is_of_all_that_was_said_in_whatever_order() -> None:
    pull_request = {"pr_url": "x", "pr_state": "open", "draft": True}
    item: Any = session_item(later=[1], structured_output={"a": 1, "b": 2})
    item["pull_requests"] = [pull_request]
    (session,) = sessions_of(item)
    turned = sessions_of({**dict(reversed(item.items())), "structured_output": {"b": 2, "a": 1}})
    changed = sessions_of(
        item | {"later": [2]},
        item | {"more": None},
        item | {"title": "new"},
        item | {"structured_output": {"a": 1}},
        item | {"pull_requests": [pull_request | {"draft": False}]},
        item | {"pull_requests": [pull_request | {"pr_state": "closed"}]},
    )

    assert [session_fingerprint(session)] == [session_fingerprint(each) for each in turned]
    prints = [session_fingerprint(each) for each in (session, *changed)]
    assert len(set(prints)) == len(prints)


@pytest.mark.parametrize("number", [10**30, -(10**30), 1e308])
def test_any_number_has_a_fingerprint(number: float) -> None:
    session = loaded(structured_output={"a": number}, later=number)

    assert session_fingerprint(session) != session_fingerprint(loaded())
