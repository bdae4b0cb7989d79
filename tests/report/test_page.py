"""The page shows what the report holds, beside its definition, and nothing in it does anything."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from html.parser import HTMLParser

import pytest

from pipelines.devin.models.config import ModelSettings, Price
from pipelines.devin.report.content import Report
from tests.report.conftest import SMALL, Read, Rows, burned, session, shown

NASTY = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>&amp;\u202e"
SECTIONS = [
    "headline",
    "time",
    "forecast",
    *(f"by-{of}" for of in ("user", "repository", "playbook", "category", "tag", "origin")),
    "pull-requests",
    *("trees", "waste", "stuck", "adoption", "metering", "quality"),
]


class Reading(HTMLParser):
    """The elements of a page, and what text is in each section."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[str, str] = {}
        self._section = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag == "section":
            self._section = str(dict(attrs)["id"])
        if tag in ("td", "th", "p", "dd", "dt"):
            self.texts[self._section] = self.texts.get(self._section, "") + " "

    def handle_endtag(self, tag: str) -> None:
        if tag == "section":
            self._section = ""

    def handle_data(self, data: str) -> None:
        self.texts[self._section] = self.texts.get(self._section, "") + data

    def attributes(self) -> Iterator[tuple[str, str, str]]:
        """Element, attribute and value of all that have one."""
        for tag, attributes in self.elements:
            for name, value in attributes.items():
                yield tag, name, value or ""

    def said(self, section: str) -> str:
        """The text of a section, white space folded."""
        return " ".join(self.texts[section].split())


@pytest.fixture
def report(read: Read) -> Report:
    return read()


def test_it_has_every_section_and_a_link_to_each(report: Report) -> None:
    found = Reading(shown(report))

    assert [a["id"] for tag, a in found.elements if tag == "section"] == SECTIONS
    links = [a["href"] for tag, a in found.elements if tag == "a" and "#" in str(a["href"])]
    assert links == [f"#{name}" for name in SECTIONS[1:]]


def test_it_shows_the_figures_and_how_they_changed(report: Report) -> None:
    found = Reading(shown(report))

    said = found.said("headline")
    for figure in (
        "ACUs 60 ▲ +100%",
        "Cost 120.00 ▲ +100%",
        "Sessions 4 ▲ +100%",
        "Merge rate 50% ▼ \N{MINUS SIGN}50 points",
        "Wasted share 17% ▲ +16.7 points",
    ):
        assert figure in said
    assert "30 Mar 2026" in found.said("time")


def test_acus_without_a_price_are_said_instead_of_a_cost(read: Read) -> None:
    rows = [*SMALL["acu_daily"], burned("2026-03-31", "org_a", 20)]

    said = Reading(shown(read({**SMALL, "acu_daily": rows}))).said("headline")

    assert "20 ACUs were burned on days without a price, so what the period cost is not" in said
    assert "Cost 1" not in said


def test_checks_are_said_to_be_of_the_whole_warehouse(read: Read) -> None:
    said = Reading(shown(read(organizations=["Platform"]))).said("quality")

    assert "The checks are of the whole warehouse, whatever the report is about." in said


def test_it_shows_each_part_in_words(report: Report) -> None:
    found = Reading(shown(report))

    for section, words in {
        "by-user": "Largest: Ada with 30 ACUs, 50% of all.",
        "by-repository": "Largest: acme/api with 15 ACUs, 25% of all. 75% went to no repository.",
        "pull-requests": "1 of 2 pull requests are merged by now: 50%.",
        "trees": "The largest took 40 ACUs with 1 further session.",
        "waste": "10 ACUs, 17% of all, went to 1 session that ended with nothing to show.",
        "stuck": "1 session waits (1 for a user); 30 ACUs are in them.",
        "adoption": "At most 2 active users in a week, that of 30 Mar 2026",
        "forecast": "Platform is expected to pass its limit.",
        "metering": "Not metered: Payments.",
        "quality": "1 of 2 checks found something.",
        "by-tag": "No ACUs were burned in the period.",
    }.items():
        assert words in found.said(section)
    assert "acu_limits enterprise ViewAccountConsumption" in found.said("quality")


def test_definitions_stand_beside_what_they_define(report: Report) -> None:
    page = shown(report)

    assert page.count("<aside") == len(SECTIONS) - 1
    assert "Cannot know:" in Reading(page).said("waste")
    assert "View wasted_acus" in Reading(page).said("waste")


def test_it_says_what_it_was_made_of(report: Report) -> None:
    prices = (Price(date(2026, 1, 1), None, 2.25),)

    said = Reading(shown(replace(report, chosen=("org_a",)), ModelSettings(28_800, prices))).said(
        ""
    )

    assert "Made 1 Apr 2026, 09:00 UTC by devin-elt" in said
    assert "loaded as of 31 Mar 2026, 12:00 UTC" in said
    assert "billing days begin +8 h from midnight UTC" in said
    assert "Prices of an ACU: 2.25 from 1 Jan 2026." in said
    again = "devin-elt report --from 2026-01-01 --to 2026-04-01 --org org_a -o report.html"
    assert again in said


def test_nothing_is_loaded_and_nothing_runs(report: Report) -> None:
    page = shown(report)
    found = Reading(page)

    assert {tag for tag, _ in found.elements} & {
        "script",
        "link",
        "img",
        "iframe",
        "object",
    } == set()
    assert [name for _, name, _ in found.attributes() if name.startswith("on")] == []
    addresses = [(tag, name) for tag, name, value in found.attributes() if "://" in value]
    assert set(addresses) == {("a", "href")}
    assert re.findall(r"@import|url\((?!#)", page) == []
    policy = [a["content"] for tag, a in found.elements if a.get("http-equiv")]
    assert [str(one).partition(";")[0] for one in policy] == ["default-src 'none'"]


def test_ids_are_there_once(report: Report) -> None:
    ids = [value for _, name, value in Reading(shown(report)).attributes() if name == "id"]

    assert len(ids) == len(set(ids))


def nasty() -> Rows:
    who = {"user_id": NASTY, "name": NASTY}
    rows: dict[str, list[dict[str, object]]] = {
        name: [
            {
                key: NASTY if isinstance(value, str) and key in TEXTS else value
                for key, value in row.items()
            }
            for row in rows
        ]
        for name, rows in SMALL.items()
    }
    rows["acu_by_user"] = [burned("2026-03-31", "org_a", 5, 5, **who)]
    rows["organizations"] = [{"org_id": "org_a", "name": NASTY}, {"org_id": "org_b", "name": "B"}]
    rows["sessions"] = [
        {**session("s1", "org_a", NASTY, "2026-03-30T10:00"), "url": f"javascript:{NASTY}"},
        {**session("s3", "org_b", NASTY, "2026-03-30T10:00"), "url": f"https://{NASTY}"},
    ]
    return rows


TEXTS = {
    "title",
    "repository",
    "tag",
    "check_name",
    "what",
    "explanation",
    "endpoint",
    "permission",
}


def test_whatever_is_called_whatever_does_nothing(read: Read) -> None:
    page = shown(read(nasty()))
    found = Reading(page)

    assert "<script" not in page
    assert "<img" not in page
    assert [name for _, name, _ in found.attributes() if name.startswith("on")] == []
    assert [value for _, name, value in found.attributes() if value.startswith("javascript")] == []
    assert NASTY in found.texts["by-user"]
    assert NASTY in found.texts["trees"]


def test_an_odd_name_is_the_same_in_a_chart(read: Read) -> None:
    charts = shown(read(nasty())).split("<svg")[1:]

    assert any("&lt;script" in chart for chart in charts)


def test_sessions_that_show_no_acus_are_called_not_metered(read: Read) -> None:
    rows = {"sessions": [session("s1", "org_a", "u1", "2026-03-30T10:00")]}

    found = Reading(shown(read(rows)))

    assert "ACUs not metered" in found.said("headline")
    assert "Not metered: 1 session begun, and no ACUs are shown for them." in found.said("headline")
    assert "No ACUs were burned" in found.said("time")
    assert "No pull request was first seen" in found.said("pull-requests")


def test_a_history_of_one_day_makes_a_whole_page(read: Read) -> None:
    found = Reading(shown(read(begin="2026-03-31")))

    assert "Changes are against the day before." in found.said("headline")
    assert "31 Mar 2026 (one day)" in found.said("")
    assert [tag for tag, _ in found.elements].count("svg") > 0


def test_a_part_that_is_not_there_says_so(read: Read) -> None:
    found = Reading(shown(read(without=["session_tree", "acu_by_user"])))

    for section in ("trees", "by-user"):
        assert "Not available here. The destination has no view" in found.said(section)


def test_a_long_period_is_shown_by_week(read: Read) -> None:
    assert "ACUs by week" in Reading(shown(read(begin="2025-10-01"))).said("time")


def test_many_organisations_share_a_colour(read: Read) -> None:
    sessions = [session(f"s{n}", f"org_{n}", "u1", "2026-03-30T10:00") for n in range(9)]
    rows = {
        "sessions": sessions,
        "acu_daily": [burned("2026-03-30", f"org_{n}", n + 1) for n in range(9)],
    }

    page = shown(read(rows))

    assert "all 9 organisations" in page
    assert "all others: 15 ACUs" in page
