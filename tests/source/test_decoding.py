"""Pages read fast are the pages that the contract reads, whatever comes; and most are read fast."""

import json
import math
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from pipelines.devin.demo_api import DemoServer
from sources.devin import models
from sources.devin.client import Client
from sources.devin.decoding import MOST_LEARNED, Decoder
from sources.devin.listing import Bounds, Listing
from sources.devin.models import decode_page
from sources.devin.session import KNOWN_FIELDS, Page, Session, session_fingerprint
from tests.support.readers import Outcome, outcome
from tests.support.sessions import NOON, session_item, session_tables
from tests.support.specification import ITEMS, JSON

from .conftest import ORG, page_body

MARK = "devin-elt:replaced-as-of:"
FUZZED = settings(
    max_examples=150,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


class Repeated(dict[str, Any]):
    """An object some of whose keys come twice in JSON, the first time with another value."""

    def __init__(self, fields: dict[str, Any], before: dict[str, Any]) -> None:
        super().__init__(fields)
        self._before = before

    def items(self) -> Any:
        return [*self._before.items(), *super().items()]


def escaped(text: str, letters: set[int]) -> str:
    """JSON whose ASCII letters are escaped at these places, where they may be."""
    made, inside, skip = [], False, 0
    for place, (letter, behind) in enumerate(pairwise([*text, ""])):
        plain = inside and skip == 0 and letter not in '"\\'
        made.append(f"\\u{ord(letter):04x}" if plain and place % 7 in letters else letter)
        if skip:
            skip -= 1
        elif inside and letter == "\\":
            skip = 5 if behind == "u" else 1
        elif letter == '"':
            inside = not inside
    return "".join(made)


ODD_NAMES = st.sampled_from(
    [
        *("extra", "learned_0", "learned_1", "devin-elt:extra", "devin-elt:extras", "", "self"),
        *('a"b', "a\\b", "a\nb", "\x00", "\x7f", "é", "😀", "later", "Title", "tags ", "pr_url"),
        *("__class__", "__struct_fields__", "session_id", "title", "pull_requests", "pr_state"),
    ]
)
ODD_TEXTS = st.sampled_from(
    [
        *("", "\x00", "a\x00b", "\ud800", "\udc00x", "\ud83d\ude00", "é", "devin-", "devin-5ca1"),
        *("devin-devin-1", "devin-elt", MARK, f"{MARK}2026", f" {MARK}", "\\u0064evin-", "7", '"'),
        *("true", "1e3", "\u2028", "\x1f"),
    ]
)
ODD_NUMBERS = st.sampled_from(
    [
        *(math.nan, math.inf, -math.inf, 10**18, 2**63, 2**64, -(2**63) - 1, 10**30, 10**400),
        *(0, -0.0, 1.0, 1.5, 1e3, -1, 10**11, 10**11 - 1, float(NOON), 2**53 + 1, 5e-324, True),
        *(False, None),
    ]
)
VALUES = ODD_TEXTS | ODD_NUMBERS | JSON | st.lists(ODD_TEXTS | ODD_NUMBERS, max_size=2)
VALUES |= st.dictionaries(ODD_NAMES, VALUES, max_size=2)
PULL_REQUESTS = st.lists(
    st.builds(
        lambda url, fields: {"pr_url": url} | fields,
        st.sampled_from(["a", "b", "https://github.com/acme/api/pull/7", "c\x00"]) | ODD_TEXTS,
        st.fixed_dictionaries({}, optional={"pr_state": st.none() | st.sampled_from(["open", ""])})
        | st.dictionaries(ODD_NAMES, VALUES, max_size=2),
    ),
    max_size=4,
)
LIKELY: dict[str, st.SearchStrategy[Any]] = {
    "session_id": st.sampled_from(["5ca1ab1e", "devin-5ca1ab1e", "devin-", "devin-devin-1", "x"]),
    "tags": st.lists(st.sampled_from(["a", MARK, "devin-", "devin-elt"]) | ODD_TEXTS, max_size=3),
    "pull_requests": PULL_REQUESTS,
    "structured_output": st.dictionaries(ODD_NAMES, VALUES, max_size=3),
    "title": ODD_TEXTS,
    "is_archived": st.none() | st.booleans(),
    "child_session_ids": st.lists(st.sampled_from(["devin-1", "1", ""]), max_size=3),
    "acus_consumed": ODD_NUMBERS | st.floats() | st.integers(),
}
NAMES = st.sampled_from(sorted(KNOWN_FIELDS))
CHANGES = st.fixed_dictionaries({}, optional=LIKELY)
WILD = st.dictionaries(NAMES | ODD_NAMES, VALUES, max_size=2)
NOTHING: st.SearchStrategy[dict[str, Any]] = st.just({})
PLAIN = st.integers(0, 9).map(lambda number: session_item(session_id=f"s{number}"))


TAME_TEXTS = st.text('ae -/"\\\n\té😀', max_size=4)
TAME = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(-1e9, 1e9) | TAME_TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TAME_TEXTS, inner, max_size=3),
    max_leaves=5,
)
UNKNOWN_NAMES = st.sampled_from(["later", "extra", "learned_0", "", "é"])
UNKNOWN = st.dictionaries(UNKNOWN_NAMES, TAME, max_size=2)


def repeated(base: dict[str, Any], likely: Any, wild: Any, before: Any) -> Repeated:
    return Repeated(base | likely | wild, before)


SOME = st.builds(
    repeated, PLAIN, CHANGES, NOTHING | st.dictionaries(ODD_NAMES, VALUES, max_size=2), NOTHING
)
ANY = st.builds(repeated, PLAIN | ITEMS, CHANGES, WILD, NOTHING | WILD) | VALUES
QUIET_PULL_REQUESTS = st.builds(
    lambda url, fields, more: {"pr_url": url} | fields | more,
    st.sampled_from("ab/"),
    st.fixed_dictionaries({}, optional={"pr_state": TAME_TEXTS}),
    NOTHING | UNKNOWN,
)
QUIET = st.builds(
    lambda item, fields, more: item | fields | more,
    PLAIN,
    st.fixed_dictionaries(
        {},
        optional={
            "session_id": st.sampled_from(["5ca1ab1e", "devin-5ca1ab1e", "devin-", "x"]),
            "tags": st.lists(TAME_TEXTS, max_size=3),
            "title": st.none() | TAME_TEXTS,
            "acus_consumed": st.integers() | st.floats(allow_nan=False, allow_infinity=False),
            "structured_output": st.none() | st.dictionaries(TAME_TEXTS, TAME, max_size=3),
            "pull_requests": st.lists(QUIET_PULL_REQUESTS, max_size=4),
        },
    ),
    NOTHING | UNKNOWN,
)
"""Items with nothing that the contract is needed for but fields that nobody knows yet."""

ENVELOPES = st.fixed_dictionaries(
    {},
    optional={
        "end_cursor": st.sampled_from([None, "eyJh==", "", "\x00", 5]),
        "has_next_page": st.sampled_from([True, False, None, "true", 1, "?"]),
        "total": st.sampled_from([None, 0, 7, 7.0, 7.5, True, "7", -1, 10**30, math.nan]),
        "hint": VALUES,
        "extra": VALUES,
    },
)


def bodies(items: st.SearchStrategy[Any], escaping: bool = True) -> st.SearchStrategy[bytes]:
    """Bodies of pages of these items, written one way or another."""

    def body(
        items: list[Any], envelope: dict[str, Any], only_ascii: bool, letters: set[int]
    ) -> bytes:
        page = {"items": items} | envelope
        text = json.dumps(page, ensure_ascii=only_ascii)
        return escaped(text, letters).encode(errors="surrogatepass")

    places = st.sets(st.integers(0, 6), max_size=2 if escaping else 0)
    envelopes = NOTHING | ENVELOPES if escaping else NOTHING
    return st.builds(body, st.lists(items, max_size=4), envelopes, st.booleans(), places)


BODIES = bodies(QUIET, escaping=False) | bodies(SOME) | bodies(ANY)


def texts(found: Outcome) -> list[Any]:
    """The rows that come of a page, as text, and what its sessions are recognised by."""
    sessions = [] if isinstance(found, str) else found.sessions
    tables = session_tables(sessions, NOON)
    return [
        *[(name, repr(table.to_pylist())) for name, table in tables.items()],
        [session_fingerprint(session) for session in sessions],
    ]


def assert_same(found: Outcome, expected: Outcome) -> None:
    # As text: 0.0 == -0.0, 1 == True, NaN != NaN, and the order of names counts in JSON.
    assert repr(found) == repr(expected)
    if isinstance(found, Page):
        assert {type(session) for session in found.sessions} <= {Session}
    assert texts(found) == texts(expected)


@FUZZED
@given(BODIES)
@example(page_body(session_item(**{"devin-elt:extra": {"a": 1}})))
@example(page_body(session_item(**{'a"b': 1, "a\\b": 2, "\x00": 3, "\n": 4})))
@example(page_body(session_item(pull_requests=[{"pr_url": "a", 'a"b': 1}])))
@example(page_body(session_item(tags=[MARK])).replace(b"devin-elt", rb"\u0064evin-elt"))
@example(page_body(session_item(tags=[MARK])).replace(b"devin-elt", rb"devin\u002Delt"))
@example(page_body(session_item(tags=[MARK])).replace(b"devin-elt", rb"devin-e\u006Ct"))
@example(page_body(session_item(tags=[MARK])).replace(b"devin-elt", rb"de\u0076in-el\u0074"))
@example(page_body(session_item(session_id="devin-1")).replace(b"devin-", rb"devi\u006e-"))
@example(page_body(session_item(title="\x00")))
@example(page_body(session_item(updated_at=10**11)))
@example(page_body(session_item(created_at=-1)))
@example(page_body(session_item(session_id="")))
@example(page_body(session_item(org_id="")))
@example(page_body(session_item(pull_requests=[{"pr_url": ""}])))
@example(b'{"items": [], "hint": "\xff"}')
@example(b'{"items": [], "\xff": 1}')
@example(b'\xef\xbb\xbf{"items": []}')
@example('{"items": []}'.encode("utf-16"))
def test_whatever_comes_is_read_as_the_contract_reads_it(body: bytes) -> None:
    expected = outcome(decode_page, body)
    decoder = Decoder()

    assert_same(outcome(decoder.decode, body), expected)
    assert_same(outcome(decoder.decode, body), expected)


@FUZZED
@given(st.lists(BODIES, min_size=1, max_size=4), BODIES)
def test_what_a_decoder_has_read_before_changes_nothing(before: list[bytes], body: bytes) -> None:
    decoder = Decoder()
    for earlier in before:
        outcome(decoder.decode, earlier)

    assert_same(outcome(decoder.decode, body), outcome(decode_page, body))


@FUZZED
@given(st.sampled_from(sorted(KNOWN_FIELDS)), VALUES)
def test_any_value_in_any_field_is_read_as_the_contract_reads_it(field: str, value: Any) -> None:
    body = page_body(session_item(), session_item(**{field: value}))

    assert_same(outcome(Decoder().decode, body), outcome(decode_page, body))


NUMBERS = st.from_regex(
    r"-?(0|[1-9][0-9]{0,24})(\.[0-9]{1,24})?([eE][+-]?[0-9]{1,3})?", fullmatch=True
)
ALMOST_NUMBERS = st.text("0123456789+-.eE_xn", min_size=1, max_size=8)


@FUZZED
@given(NUMBERS | ALMOST_NUMBERS, st.sampled_from(["acus_consumed", "updated_at", "later", "total"]))
def test_any_number_is_read_as_the_contract_reads_it(number: str, field: str) -> None:
    known = page_body(session_item(later=0))
    items = [session_item(**({} if field == "total" else {field: "@@"}))]
    envelope = {"total": "@@"} if field == "total" else {}
    body = page_body(*items, **envelope).replace(b'"@@"', number.encode())
    decoder = Decoder()
    decoder.decode(known)

    assert_same(outcome(decoder.decode, body), outcome(decode_page, body))


# What the contract is asked for, whatever it is written like

ZERO, MARKED = b"\\u0000", MARK.encode()


def reads(decoder: Decoder, item: dict[str, Any], *replaced: tuple[bytes, bytes]) -> Page:
    """The page of one item, some of whose bytes are written in another way."""
    body = page_body(item)
    for plain, written in replaced:
        assert plain in body
        body = body.replace(plain, written)
    assert_same(outcome(decoder.decode, body), outcome(decode_page, body))
    return decoder.decode(body)


@pytest.fixture(params=["fresh", "learned"])
def decoder(request: pytest.FixtureRequest) -> Decoder:
    """One that has read nothing yet, and one that has learned a field."""
    decoder = Decoder()
    if request.param == "learned":
        decoder.decode(page_body(session_item(priority=5, pull_requests=[{"pr_url": "a", "n": 1}])))
    return decoder


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        ({"title": "a@b"}, {"title": "a\ufffdb"}),
        ({"title": "@"}, {"title": "\ufffd"}),
        ({"title": 'a"\n\\@'}, {"title": 'a"\n\\\ufffd'}),
        ({"org_id": "@"}, {"org_id": "\ufffd"}),
        ({"session_id": "devin-@"}, {"session_id": "\ufffd"}),
        ({"tags": ["a", "@"]}, {"tags": ["a", "\ufffd"]}),
        ({"child_session_ids": ["@"]}, {"child_session_ids": ["\ufffd"]}),
    ],
    ids=str,
)
def test_a_u0000_is_replaced_wherever_it_stands(
    decoder: Decoder, item: dict[str, Any], expected: dict[str, Any]
) -> None:
    (found,) = reads(decoder, session_item(**item), (b"@", ZERO)).sessions

    assert expected == {name: getattr(found, name) for name in expected}


@pytest.mark.parametrize(
    "item",
    [
        {"structured_output": {"@": ["@"]}},
        {"later@": "@"},
        {"priority": "@"},
        {"pull_requests": [{"pr_url": "@", "pr_state": "@"}]},
        {"pull_requests": [{"pr_url": "a", "n": "@"}]},
    ],
    ids=str,
)
def test_a_u0000_reaches_no_row(decoder: Decoder, item: dict[str, Any]) -> None:
    (found,) = reads(decoder, session_item(**item), (b"@", ZERO)).sessions

    rows = [table.to_pylist() for table in session_tables([found], NOON).values()]
    assert "\\x00" not in repr(rows)
    assert "\\u0000" not in repr(rows)


def test_text_that_only_looks_like_a_u0000_stays_as_it_is(decoder: Decoder) -> None:
    (found,) = reads(decoder, session_item(title=r"\u0000", tags=["u0000"])).sessions

    assert (found.title, found.tags) == (r"\u0000", ["u0000"])


WRITTEN = [
    MARKED,
    MARKED.replace(b"d", rb"\u0064", 1),
    MARKED.replace(b"v", rb"\u0076"),
    MARKED.replace(b"-", rb"\u002D"),
    MARKED.replace(b"l", rb"\u006C"),
    MARKED.replace(b":", rb"\u003a"),
    b"".join(rb"\u%04x" % letter for letter in MARKED),
]


@pytest.mark.parametrize("written", WRITTEN, ids=bytes.decode)
@pytest.mark.parametrize(
    "fields",
    [
        {"tags": [f"{MARK}2026"]},
        {"tags": ["a", MARK]},
        {"pull_requests": [{"pr_url": MARK}]},
        {"pull_requests": [{"pr_url": "a"}, {"pr_url": f"{MARK}2026", "pr_state": "open"}]},
    ],
    ids=str,
)
def test_what_would_be_taken_for_a_marker_is_rejected_however_it_is_written(
    decoder: Decoder, fields: dict[str, Any], written: bytes
) -> None:
    page = reads(decoder, session_item(**fields), (MARKED, written))

    assert (page.sessions, [item.session_id for item in page.rejected]) == ([], ["5ca1ab1e"])


@pytest.mark.parametrize("written", [b"devin-", rb"\u0064evin-", rb"devin\u002d", rb"d\u0065vin-"])
@pytest.mark.parametrize(
    ("session_id", "expected"),
    [("devin-1", "1"), ("devin-", "devin-"), ("devin-devin-1", "devin-1"), ("1devin-", "1devin-")],
)
def test_an_id_has_no_prefix_however_it_is_written(
    decoder: Decoder, session_id: str, expected: str, written: bytes
) -> None:
    page = reads(decoder, session_item(session_id=session_id), (b"devin-", written))

    assert [session.session_id for session in page.sessions] == [expected]


# How seldom the contract is needed


@pytest.fixture
def to_the_contract(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """The bodies that went to the contract."""
    bodies: list[bytes] = []

    def remember(body: bytes) -> Page:
        bodies.append(body)
        return decode_page(body)

    monkeypatch.setattr(models, "decode_page", remember)
    return bodies


def test_the_pages_of_the_demo_are_never_left_to_the_contract(
    server: DemoServer, client: Client, to_the_contract: list[bytes]
) -> None:
    listing, cursor, count = Listing(client, ORG, page_size=7), None, 0
    while count == 0 or cursor:
        page = listing.page(Bounds(), cursor).value
        cursor, count = page.end_cursor if page.has_next_page else None, count + len(page.sessions)

    assert count == len(server.world.items(ORG))
    assert to_the_contract == []


ORDINARY = [
    session_item(),
    session_item(session_id="devin-5ca1ab1e", title="é 😀", acus_consumed=3, status="hibernating"),
    session_item(tags=["infra"], pull_requests=[{"pr_url": "a"}, {"pr_url": "a", "pr_state": "x"}]),
    session_item(structured_output={"a": [1, None, {"b": 1.5}]}, child_session_ids=["devin-1"]),
    session_item(**dict.fromkeys(sorted(KNOWN_FIELDS - session_item().keys()))),
]


LOOKALIKES = [
    session_item(tags=["devin-", "devin-e", MARK.upper()], url="devin-el"),
    session_item(structured_output={"u0000": ["\\"]}, title="u0000", user_id="\x01\x10\u1000"),
]


def test_nor_are_pages_that_only_look_as_if_they_had_to_be(to_the_contract: list[bytes]) -> None:
    body = page_body(*LOOKALIKES)

    assert Decoder().decode(body) == decode_page(body)
    assert to_the_contract == []


@pytest.mark.parametrize("only_ascii", [True, False])
def test_ordinary_pages_are_never_left_to_the_contract(
    only_ascii: bool, to_the_contract: list[bytes]
) -> None:
    page = {"items": ORDINARY, "has_next_page": True, "end_cursor": "x", "total": 9, "hint": [1]}
    body = json.dumps(page, ensure_ascii=only_ascii).encode()

    assert len(Decoder().decode(body).sessions) == len(ORDINARY)
    assert to_the_contract == []


def test_nor_is_the_contract_imported_for_them() -> None:
    script = (
        "import sys; from sources.devin.decoding import Decoder; "
        "page = Decoder().decode(sys.stdin.buffer.read()); "
        "print(len(page.sessions), [name for name in sys.modules if 'devin.models' in name])"
    )

    printed = subprocess.run(
        [sys.executable, "-c", script],
        input=page_body(*ORDINARY),
        capture_output=True,
        check=True,
        cwd=Path(__file__).parents[2],
    ).stdout

    assert printed.decode().split() == [str(len(ORDINARY)), "[]"]


@pytest.mark.parametrize(
    "more",
    [
        {"priority": 5},
        {"extra": {"a": 1}, "learned_0": None, "": [], "é😀": "x"},
        {"pull_requests": [{"pr_url": "a", "draft": True}, {"pr_url": "b", "pr_state": "open"}]},
    ],
    ids=["a field", "odd names", "a field of pull requests"],
)
def test_a_field_is_left_to_the_contract_once(
    more: dict[str, Any], to_the_contract: list[bytes]
) -> None:
    decoder = Decoder()
    first, then = page_body(session_item(**more)), page_body(session_item(), session_item(**more))

    decoder.decode(first)
    pages = [decoder.decode(body) for body in (then, page_body(*ORDINARY), then)]

    assert to_the_contract == [first]
    assert pages == [decode_page(body) for body in (then, page_body(*ORDINARY), then)]
    assert [session.extra is None for session in pages[0].sessions] == [True, False]


def test_a_session_is_recognised_whoever_read_it() -> None:
    entry = {"pr_url": "a", "draft": True}
    body = page_body(session_item(priority=5, pull_requests=[entry]))
    decoder = Decoder()

    readers = [decode_page, decoder.decode, decoder.decode]
    sessions = [decode(body).sessions[0] for decode in readers]

    assert len({session_fingerprint(session) for session in sessions}) == 1
    assert sessions[0] == sessions[1] == sessions[2]


@pytest.mark.parametrize("of_pull_requests", [False, True])
@pytest.mark.parametrize("at_once", [False, True])
def test_any_number_of_fields_that_nobody_knows_is_kept(
    at_once: bool, of_pull_requests: bool
) -> None:
    names = [f"field {number}" for number in range(MOST_LEARNED + 50)]
    groups = [names] if at_once else [names[start : start + 9] for start in range(0, 250, 9)]
    decoder = Decoder()

    for group in [*groups, names, *reversed(groups)]:
        fields = dict.fromkeys(group, 1)
        entries = [{"pr_url": "a", **(fields if of_pull_requests else {})}]
        unknown = {} if of_pull_requests else fields
        body = page_body(session_item(pull_requests=entries, **unknown))
        (session,) = decoder.decode(body).sessions
        assert session.extra == ({"pull_requests": {"a": fields}} if of_pull_requests else fields)
        assert [session] == decode_page(body).sessions


def test_what_does_not_fit_any_more_leaves_what_was_learned(to_the_contract: list[bytes]) -> None:
    decoder, known = Decoder(), page_body(session_item(priority=5))
    too_many = page_body(session_item(**{f"f{n}": n for n in range(MOST_LEARNED)}))

    pages = [decoder.decode(body) for body in (known, too_many, known, too_many)]

    assert to_the_contract == [known, too_many, too_many]
    assert pages == [decode_page(body) for body in (known, too_many, known, too_many)]


def test_a_decoder_that_many_threads_use_is_always_right() -> None:
    bodies = [
        page_body(
            *(
                session_item(
                    session_id=f"devin-{thread}-{number}",
                    pull_requests=[{"pr_url": "a", f"of {thread} {number % 7}": number}],
                    **{f"field {thread} {number % 5}": [thread, number]},
                )
                for number in range(start, start + 3)
            ),
            total=start,
        )
        for start in range(30)
        for thread in range(8)
    ]
    expected = [decode_page(body) for body in bodies]
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        for _ in range(3):
            decoder = Decoder()
            with ThreadPoolExecutor(8) as threads:
                assert list(threads.map(decoder.decode, bodies)) == expected
            assert [decoder.decode(body) for body in bodies] == expected
    finally:
        sys.setswitchinterval(interval)
