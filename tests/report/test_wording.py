"""Amounts, changes and stretches of time in words."""

from __future__ import annotations

import pytest

from pipelines.devin.report.headline import Kind
from pipelines.devin.report.markup import Html, bar, html, link
from pipelines.devin.report.wording import amount, changed, hours


@pytest.mark.parametrize(
    ("value", "kind", "expected"),
    [
        (None, "acus", "\N{EN DASH}"),
        (0.0, "acus", "0"),
        (0.1234, "acus", "0.12"),
        (3.44, "acus", "3.4"),
        (12_345.6, "acus", "12,346"),
        (7, "count", "7"),
        (1234.5, "cost", "1,234.50"),
        (0.0, "share", "0%"),
        (0.0123, "share", "1.2%"),
        (1.234, "share", "123%"),
    ],
)
def test_amounts_have_as_many_digits_as_they_are_good_for(
    value: float | None, kind: Kind, expected: str
) -> None:
    assert amount(value, kind) == expected


@pytest.mark.parametrize(
    ("now", "before", "points", "expected"),
    [
        (110, 100, False, "+10%"),
        (90, 100, False, "\N{MINUS SIGN}10%"),
        (100.1, 100, False, "as before"),
        (5, 0, False, "new"),
        (0, 0, False, ""),
        (0, 5, False, "\N{MINUS SIGN}100%"),
        (1200, 100, False, "12 times"),
        (None, 5, False, ""),
        (5, None, False, ""),
        (0.55, 0.5, True, "+5 points"),
        (0.5, 0.5, True, "as before"),
    ],
)
def test_changes_are_told_where_there_is_something_to_compare(
    now: float | None, before: float | None, points: bool, expected: str
) -> None:
    assert changed(now, before, points=points) == expected


@pytest.mark.parametrize(("value", "expected"), [(0.5, "30 min"), (7, "7 h"), (72, "3 days")])
def test_hours_are_told_in_a_unit_that_suits(value: float, expected: str) -> None:
    assert hours(value) == expected


def test_text_becomes_html_once() -> None:
    once = html("<b>&")

    assert once == "&lt;b&gt;&amp;"
    assert html(once) == once
    assert html(Html("<b>")) == "<b>"


@pytest.mark.parametrize(
    "url", [None, "", "http://acme.example", "javascript:alert(1)", "file:///"]
)
def test_only_what_is_on_the_web_is_a_link(url: str | None) -> None:
    assert link("label", url) == "<bdi>label</bdi>"


@pytest.mark.parametrize(
    ("share", "width"), [(None, "0.0"), (-1, "0.0"), (0.5, "50.0"), (9, "100.0")]
)
def test_a_bar_stays_in_its_room(share: float | None, width: str) -> None:
    assert f"width:{width}%" in bar(share)
