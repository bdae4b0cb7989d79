"""Consumption by billing day is what the API says, whatever was loaded of it before."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sources.devin.asking import FARTHEST
from sources.devin.consumption import (
    DAY_BEGINS,
    LONGEST,
    Subject,
    billing_day,
    day_begin,
    rows_of_days,
    spans,
)
from sources.devin.fields import Odd
from tests.support.places import MOMENTS, Died, dying
from tests.usage.conftest import DAY, EIGHT, ORG, OTHER, Api, Place

ANN, BOB = "okta|Acme & Söhne|ann", "email|bob/x"
PEOPLE = [("user", ANN), ("user", BOB), ("service_user", "service-user-ci")]
PRODUCTS = ("devin", "cascade", "terminal", "review", "something-new")
CRASHES = [
    ("sources.devin.endpoints", "Endpoint", "object"),
    *(MOMENTS[name] for name in ("a package is read", "between two tables", "after it")),
]


def expected(api: Api) -> dict[tuple[Any, ...], float]:
    return {
        (*subject, datetime.fromtimestamp(day, UTC).date(), product): float(acus)
        for subject, days in api.books.items()
        for day, products in days.items()
        for product, acus in products.items()
        if acus
    }


def works(api: Api, org_id: str, kind: str, name: str) -> None:
    owner = {"user_id": None, "service_user_id": None, f"{kind}_id": name}
    api.work(f"{org_id} {name}", org_id=org_id, **owner)


def something_happens(api: Api, draw: random.Random) -> None:
    """Days pass, and some of the last three are booked, booked otherwise, or taken back."""
    api.now += draw.randrange(2 * DAY)
    subjects = [("enterprise", "", "enterprise")]
    for org_id in api.org_ids:
        subjects.append(("organization", org_id, org_id))
        subjects += [(kind, org_id, name) for kind, name in PEOPLE]
    for scope, org_id, name in draw.sample(subjects, 4):
        if scope in {"user", "service_user"}:
            works(api, org_id, scope, name)
        day = day_begin(api.now) - draw.randrange(3) * DAY
        products = draw.sample(PRODUCTS, draw.randrange(4))
        acus = {product: draw.choice([0, 0.25, 1, "2.5", None]) for product in products}
        api.book(scope, org_id, name, day, **acus)
        if draw.random() < 0.2:
            del api.books[scope, org_id, name][day]


@contextmanager
def crash(draw: random.Random) -> Iterator[None]:
    """The process may die somewhere."""
    with suppress(Died), dying(draw.choice(CRASHES), draw.randint(1, 6), lambda: None):
        yield


def test_it_is_what_the_api_says_whatever_was_booked_late_and_wherever_a_sync_was_interrupted(
    anywhere: Place, tmp_path: Path
) -> None:
    draw, api = random.Random(type(anywhere.warehouse).__name__), anywhere.api
    api.org_ids = [ORG, OTHER]
    for step in range(5):
        something_happens(api, draw)
        if draw.random() < 0.4:
            with crash(draw):
                anywhere.sync()
            continue
        if draw.random() < 0.2:
            anywhere.folder = str(tmp_path / f"another machine {step}")
        assert anywhere.sync().failure is None

        assert anywhere.booked() == expected(api)


def test_what_is_booked_no_longer_is_zero(place: Place) -> None:
    place.api.book("organization", ORG, ORG, EIGHT - DAY, devin=2, cascade=1)
    place.sync()
    place.api.book("organization", ORG, ORG, EIGHT - DAY, devin=3)

    place.sync()

    rows = [(row["product"], row["acus"]) for row in place.table("consumption_daily")]
    assert rows == [("cascade", 0.0), ("devin", 3.0)]


def test_both_ends_of_a_span_are_always_sent_and_no_span_is_too_long(place: Place) -> None:
    works(place.api, ORG, "user", ANN)

    place.sync(start_date="2024-01-01")

    windows = [call.params for call in place.api.asked() if "/consumption/daily" in call.path]
    assert {tuple(sorted(window)) for window in windows} == {("time_after", "time_before")}
    ends = [(int(w["time_after"]), int(w["time_before"])) for w in windows]
    assert max(end - begin for begin, end in ends) == LONGEST + 1
    assert min(ends)[0] == day_begin(place.api.now - FARTHEST) - 1


def test_what_is_loaded_is_asked_for_again_from_the_overlap_on_by_whole_days(place: Place) -> None:
    place.sync(start_date="2026-06-01")
    place.api.calls.clear()
    place.api.now += DAY

    place.sync(start_date="2026-06-01", consumption_overlap="3d")

    (call,) = place.api.asked(f"{ORG}/consumption/daily")
    assert int(call.params["time_after"]) == EIGHT - 3 * DAY - 1
    assert place.api.now - 1 <= int(call.params["time_before"]) <= place.api.now


def test_an_earlier_start_is_caught_up_on(place: Place) -> None:
    may = EIGHT - 40 * DAY
    place.api.book("organization", ORG, ORG, may, devin=1)
    place.sync(start_date="2026-06-15")
    assert place.booked() == {}

    place.sync(start_date="2026-05-01")

    assert place.booked() == expected(place.api)


def test_who_works_for_the_first_time_is_asked_about_from_the_beginning(place: Place) -> None:
    works(place.api, ORG, "user", ANN)
    place.sync()
    place.api.book("user", ORG, BOB, EIGHT - 100 * DAY, cascade=4)
    works(place.api, ORG, "user", BOB)

    place.sync()

    assert place.booked() == expected(place.api)


def test_who_used_nothing_is_asked_about_from_the_beginning_only_once(place: Place) -> None:
    works(place.api, ORG, "user", BOB)
    place.sync(start_date="2026-01-01")
    place.api.calls.clear()

    place.sync(start_date="2026-01-01")

    assert len(place.api.asked(f"/users/{BOB}")) == 1


def test_who_did_not_work_lately_is_not_asked_about(place: Place) -> None:
    works(place.api, ORG, "user", BOB)
    place.sync()
    place.api.now += 30 * DAY
    place.sync()
    place.api.calls.clear()

    place.sync()

    assert place.api.asked(f"/users/{BOB}") == []


def test_who_was_billed_lately_is_asked_about_without_working(place: Place) -> None:
    works(place.api, ORG, "user", BOB)
    for days in (0, 2, 4, 6):
        place.api.now += 2 * DAY
        place.api.book("user", ORG, BOB, EIGHT + days * DAY, cascade=days + 1)

        place.sync(consumption_overlap="3d")

    assert place.booked() == expected(place.api)


def test_ids_are_percent_encoded(place: Place) -> None:
    works(place.api, ORG, "user", BOB)

    place.sync(start_date="2026-06-29")

    (call,) = place.api.asked(f"/users/{BOB}")
    assert call.raw_path.endswith("/users/email%7Cbob%2Fx")


def test_a_person_whom_the_api_no_longer_knows_keeps_what_was_loaded(place: Place) -> None:
    for name in (ANN, BOB):
        works(place.api, ORG, "user", name)
        place.api.book("user", ORG, name, EIGHT - DAY, devin=1)
    place.sync()
    place.api.refused[f"/users/{BOB}"] = (404, "There is no such user.")
    place.api.book("user", ORG, ANN, EIGHT - DAY, devin=2)

    result = place.sync()

    assert (result.failure, result.usage and result.usage.denied) == (None, [])
    assert place.booked() == expected(place.api)


@pytest.mark.parametrize("status", [403, 422])
def test_a_person_whom_the_api_refuses_is_told_and_keeps_no_other_from_being_read(
    place: Place, status: int
) -> None:
    for name in (ANN, BOB):
        works(place.api, ORG, "user", name)
        place.api.book("user", ORG, name, EIGHT - DAY, devin=1)
    place.api.refused[f"/users/{BOB}"] = (status, "Not this one.")

    result = place.sync()

    assert (result.failure, result.usage and result.usage.denied) == (None, [])
    assert {row[2] for row in place.booked()} == {ANN}
    (note,) = [
        row
        for row in place.table("endpoint_reads")
        if (row["endpoint"], row["org_id"]) == ("consumption_daily", ORG)
    ]
    assert note["outcome"] == "loaded"
    assert note["message"].startswith(f"1 left out: user {BOB}: ")
    place.api.calls.clear()
    place.sync()
    (call,) = place.api.asked(f"{ORG}/consumption/daily")
    assert int(call.params["time_after"]) > place.api.now - 9 * DAY


def test_a_refusal_that_ended_leaves_no_hole(place: Place) -> None:
    works(place.api, ORG, "user", BOB)
    place.api.book("user", ORG, BOB, EIGHT - DAY, devin=1)
    place.sync()
    place.api.refused[f"/users/{BOB}"] = (403, "Not this one.")
    place.api.book("user", ORG, BOB, EIGHT - DAY, cascade=2)
    place.api.book("user", ORG, BOB, EIGHT + 2 * DAY, devin=3)
    for _ in range(3):
        place.api.now += 7 * DAY
        works(place.api, ORG, "user", BOB)
        place.sync()
    place.api.refused.clear()

    place.sync()

    assert place.booked() == expected(place.api)


def test_who_returns_after_a_while_is_asked_about_from_the_beginning_once(place: Place) -> None:
    works(place.api, ORG, "user", BOB)
    place.api.book("user", ORG, BOB, EIGHT - DAY, devin=1)
    place.sync()
    for _ in range(2):
        place.api.now += 10 * DAY
        place.sync()
    place.api.book("user", ORG, BOB, EIGHT + 19 * DAY, cascade=4)
    place.api.now += 10 * DAY
    place.sync()
    works(place.api, ORG, "user", BOB)

    place.sync(start_date="2026-06-01")

    assert place.booked() == expected(place.api)
    place.api.calls.clear()
    place.sync(start_date="2026-06-01")
    (call,) = place.api.asked(f"/users/{BOB}")
    assert int(call.params["time_after"]) > place.api.now - 9 * DAY


def test_where_a_day_cannot_be_read_nothing_is_taken_back(place: Place) -> None:
    works(place.api, ORG, "user", BOB)
    for scope, name in (("organization", ORG), ("user", BOB)):
        place.api.book(scope, ORG, name, EIGHT - DAY, devin=2, cascade=1)
    place.sync()
    before = place.booked()
    for scope, name in (("organization", ORG), ("user", BOB)):
        place.api.book(scope, ORG, name, EIGHT - DAY, devin="many", cascade=1)

    place.sync()

    assert place.booked() == before


def test_who_used_nothing_that_can_be_read_is_asked_about_from_the_beginning_again(
    place: Place,
) -> None:
    works(place.api, ORG, "user", BOB)
    place.api.book("user", ORG, BOB, EIGHT - 30 * DAY, devin="many")
    place.sync()
    place.api.book("user", ORG, BOB, EIGHT - 30 * DAY, devin=2)

    place.sync()

    assert place.booked() == expected(place.api)


@given(begin=st.integers(0, 2**31), length=st.integers(0, 3 * FARTHEST))
def test_spans_are_next_to_each_other_and_none_is_too_long(begin: int, length: int) -> None:
    found = spans(begin, begin + length)

    ends = [begin, *(end for _, end in found)]
    assert [at for at, _ in found] == ends[:-1]
    assert ends[-1] == begin + length
    assert all(0 < end - at <= LONGEST for at, end in found)


@given(moment=st.integers(0, 2**31))
def test_a_billing_day_is_the_one_that_began_last(moment: int) -> None:
    begin = day_begin(moment)

    assert begin <= moment < begin + DAY
    assert begin % DAY == DAY_BEGINS
    assert billing_day(moment) == billing_day(begin) == datetime.fromtimestamp(begin, UTC).date()


def rows_of(*days: Any) -> list[Any]:
    span = EIGHT, EIGHT + 2 * DAY
    return list(rows_of_days(list(days), Subject("user", ORG, ANN), span, EIGHT))


def test_a_day_makes_a_row_of_each_product_that_has_a_number() -> None:
    products = {"devin": 1, "new": "0.5", "review": None, "cascade": 0}

    found = rows_of({"date": EIGHT, "acus": 1.5, "acus_by_product": products, "more": {}})

    today = date(2026, 6, 30)
    assert [row[:6] for row in found] == [
        ("user", ORG, ANN, today, "devin", 1.0),
        ("user", ORG, ANN, today, "new", 0.5),
        ("user", ORG, ANN, today, "cascade", 0.0),
    ]


@pytest.mark.parametrize("told", [{}, {"acus_by_product": None}, {"acus_by_product": {}}])
def test_a_day_without_products_is_one_row(told: dict[str, Any]) -> None:
    assert [row[4:6] for row in rows_of({"date": EIGHT, "acus": 2, **told})] == [("", 2.0)]


@pytest.mark.parametrize("at", [EIGHT - 1, EIGHT + 2 * DAY])
def test_a_day_outside_of_what_was_asked_for_may_be_a_part_and_is_left_out(at: int) -> None:
    assert rows_of({"date": at, "acus": 1}) == []


@pytest.mark.parametrize(
    "day",
    [
        None,
        {},
        {"date": "soon"},
        {"date": True},
        {"date": EIGHT, "acus_by_product": {"devin": "x"}},
        {"date": EIGHT, "acus": "x"},
    ],
)
def test_a_day_that_cannot_be_read_is_told(day: Any) -> None:
    assert [type(row) for row in rows_of(day)] == [Odd]
