"""The page in a real browser: nothing is asked for, nothing complains, and charts have marks."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.report.browser import Page
from tests.report.conftest import Read, shown
from tests.report.test_page import nasty

MARKS = """
[...document.querySelectorAll('.chart')].filter(chart => chart.offsetParent).map(chart =>
  [...chart.querySelectorAll('[role=graphics-symbol]')].filter(mark => {
    const box = mark.getBoundingClientRect();
    return box.width > 0 && box.height > 0;
  }).length)
"""
CONTRAST = """
(() => {
  const light = text => {
    const [r, g, b] = text.match(/[\\d.]+/g).map(Number).map(one => {
      one /= 255;
      return one <= 0.03928 ? one / 12.92 : ((one + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = element => {
    for (; element; element = element.parentElement) {
      const colour = getComputedStyle(element).backgroundColor;
      if (!colour.endsWith(', 0)')) return colour;
    }
    return 'rgb(255, 255, 255)';
  };
  const texts = [...document.querySelectorAll('p, td, th, dd, dt, a, h1, h2, caption, summary')];
  return Math.min(...texts.filter(one => one.offsetParent).map(one => {
    const pair = [light(getComputedStyle(one).color), light(behind(one))].sort((a, b) => b - a);
    return (pair[0] + 0.05) / (pair[1] + 0.05);
  }));
})()
"""
CHARTS = 5
"""ACUs over time, the cycle, pull requests, adoption, metering."""

READABLE = 4.5
"""Contrast of text that WCAG asks for."""


@pytest.fixture
def place(read: Read, tmp_path: Path) -> Path:
    path = tmp_path / "report.html"
    path.write_text(shown(read()), encoding="utf-8")
    return path


def test_it_asks_for_nothing_and_nothing_complains(browser: Page, place: Path) -> None:
    browser.open(place)

    assert browser.value("document.title").startswith("Where the ACUs went: 1 Jan 2026")
    assert browser.requests == [place.as_uri()]
    assert browser.complaints == []


@pytest.mark.parametrize("width", [1280, 390])
def test_every_chart_has_marks_and_the_page_fits(browser: Page, place: Path, width: int) -> None:
    browser.looks(width=width)
    browser.open(place)

    marks = browser.value(MARKS)
    assert len(marks) == CHARTS
    assert min(marks) > 0
    assert browser.value("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize(
    ("scheme", "media"), [("light", "screen"), ("dark", "screen"), ("dark", "print")]
)
def test_text_can_be_read_in_light_in_the_dark_and_on_paper(
    browser: Page, place: Path, scheme: str, media: str
) -> None:
    browser.looks(scheme=scheme, media=media)
    browser.open(place)

    paper = browser.value("getComputedStyle(document.body).backgroundColor")
    assert (paper == "rgb(255, 255, 255)") == (scheme == "light" or media == "print")
    assert browser.value(CONTRAST) >= READABLE


def test_names_that_are_programs_do_not_run(browser: Page, read: Read, tmp_path: Path) -> None:
    place = tmp_path / "nasty.html"
    place.write_text(shown(read(nasty())), encoding="utf-8")
    browser.open(place)

    assert browser.requests == [place.as_uri()]
    assert browser.complaints == []
    assert browser.value("document.querySelectorAll('script, img, iframe').length") == 0


def test_a_program_in_the_page_would_not_run_either(
    browser: Page, place: Path, tmp_path: Path
) -> None:
    """The policy of the page holds even where text got in unescaped."""
    spoilt = tmp_path / "spoilt.html"
    spoilt.write_text(
        place.read_text().replace("</h1>", "</h1><script>document.title = 'ran'</script>", 1)
    )
    browser.open(spoilt)

    assert browser.value("document.title") != "ran"
    assert any("Content Security Policy" in said for said in browser.complaints)
