"""The report as one page that needs nothing but a browser, runs nothing, and asks for nothing."""

import shlex
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from importlib.metadata import version
from pathlib import Path

from ..models.catalogue import Model
from ..models.config import ModelSettings
from .bought import (
    adoption_section,
    outcomes_section,
    stuck_section,
    trees_section,
    waste_section,
)
from .content import Report
from .controls import forecast_section, metering_section, quality_section
from .facts import NOT_METERED, about, movement, notes_on, value
from .headline import Figure, Headline
from .markup import Html, element, html, joined, name
from .sections import Section, ranking_section, time_section
from .wording import NOTHING, day, days, moment

_STYLE = (Path(__file__).parent / "page.css").read_text(encoding="utf-8")
_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; "
    "form-action 'none'"
)
_TITLE = "Where the ACUs went"


def page(
    report: Report,
    models: Iterable[Model],
    settings: ModelSettings,
    made_at: datetime,
) -> str:
    """The whole page.

    Args:
        report: What it holds.
        models: The models it was read from, for their definitions.
        settings: What the models were told.
        made_at: When it is made.
    """
    known = {model.name: model for model in models}
    sections = _sections(report)
    body = joined(
        (
            _head(report),
            _contents(sections),
            Html("<main>"),
            _headline(report),
            *(_section(section, known) for section in sections),
            Html("</main>"),
            _foot(report, settings, made_at),
        )
    )
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n'
        '<meta name="referrer" content="no-referrer">\n'
        f"<title>{_TITLE}: {html(days(report.period))}</title>\n<style>\n{_STYLE}</style>\n"
        f"</head>\n<body>\n{body}\n</body>\n</html>\n"
    )


def _sections(report: Report) -> list[Section]:
    return [
        time_section(report),
        forecast_section(report),
        ranking_section(report, "user", "By user"),
        ranking_section(report, "repository", "By repository"),
        ranking_section(report, "playbook", "By playbook"),
        ranking_section(report, "category", "By category"),
        ranking_section(report, "tag", "By tag"),
        ranking_section(report, "origin", "By origin"),
        outcomes_section(report),
        trees_section(report),
        waste_section(report),
        stuck_section(report),
        adoption_section(report),
        metering_section(report),
        quality_section(report),
    ]


def _head(report: Report) -> Html:
    facts = (
        ("Period", days(report.period)),
        ("Organisations" if report.several else "Organisation", name(about(report))),
        ("Loaded as of", moment(report.as_of)),
    )
    listed = joined(
        element("div", element("dt", what), element("dd", that)) for what, that in facts
    )
    return element("header", element("h1", _TITLE), element("dl", listed, kind="facts"))


def _contents(sections: Sequence[Section]) -> Html:
    links = (Html(f'<a href="#{section.anchor}">{html(section.title)}</a>') for section in sections)
    return Html(f'<nav aria-label="Contents">{joined(links)}</nav>')


def _headline(report: Report) -> Html:
    found = report.headline
    notes = [element("p", text, kind="note") for text in notes_on(found)]
    before = f"Changes are against the {report.period.days} days before."
    if report.period.days == 1:
        before = "Changes are against the day before."
    cards = joined(_card(figure, found) for figure in found.figures)
    return Html(
        '<section id="headline" aria-label="Headline figures">'
        f'{joined(notes)}<dl class="cards of-{len(found.figures)}">{cards}</dl>'
        f"{element('p', before, kind='about')}</section>"
    )


def _card(figure: Figure, found: Headline) -> Html:
    shown = value(figure, found)
    moved, better = movement(figure, found)
    arrow = {"+": "▲ ", "\N{MINUS SIGN}": "▼ "}.get(moved[:1], "")
    kind = {1: " good", -1: " bad"}.get(better, "")
    return element(
        "div",
        element("dt", figure.name),
        element("dd", shown, kind="value none" if shown in (NOTHING, NOT_METERED) else "value"),
        element("dd", f"{arrow}{moved}" or Html("&nbsp;"), kind=f"change{kind}"),
        element("dd", figure.means, kind="means"),
        kind="card",
    )


def _section(section: Section, models: Mapping[str, Model]) -> Html:
    defined = joined(_definition(models[one]) for one in section.models if one in models)
    beside = Html(f'<aside aria-label="Definition">{defined}</aside>') if defined else ""
    return Html(
        f'<section id="{section.anchor}"><h2>{html(section.title)}</h2>'
        f'<div class="beside"><div class="shown">{section.body}</div>{beside}</div></section>'
    )


def _definition(model: Model) -> Html:
    return joined(
        (
            element("p", model.question, kind="question"),
            element("p", _sentence(model.grain)),
            element("p", element("b", "Cannot know:"), " ", model.cannot_know),
            element("p", "View ", element("code", model.name), kind="view"),
        )
    )


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def _foot(report: Report, settings: ModelSettings, made_at: datetime) -> Html:
    chosen = "".join(f" --org {shlex.quote(org_id)}" for org_id in report.chosen)
    period = f"--from {report.period.begin} --to {report.period.end}"
    again = f"devin-elt report {period}{chosen} -o report.html"
    prices = "; ".join(
        f"{price.price:g} from {day(price.effective_from)}" for price in settings.prices
    )
    told = (
        f"Made {moment(made_at)} by devin-elt {version('devin-elt')} from {report.source}, which "
        f"was loaded as of {moment(report.as_of)}. Nothing in here runs, or asks for anything."
    )
    hour = settings.billing_day_offset / 3600
    how = (
        "ACUs are the growth that syncs saw in sessions' acus_consumed, booked on the billing day "
        f"on which it was seen; billing days begin {hour:+g} h from midnight UTC. "
        f"{f'Prices of an ACU: {prices}.' if prices else 'No price of an ACU is configured.'}"
    )
    return element(
        "footer",
        element("h2", "How this was made"),
        element("p", told),
        element("p", how),
        element("p", "Again: ", element("code", again)),
    )
