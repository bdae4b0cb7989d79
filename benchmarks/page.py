"""The results as one page that needs nothing but a browser.

    python -m benchmarks.page

Reads benchmarks/results/*.json, and benchmarks/results/notes.md where there is one, and writes
benchmarks/results/index.html.
"""

import sys
from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path

from markdown_it import MarkdownIt

from . import charts
from .cases import RESULTS
from .findings import Finding, read

_STYLE = (Path(__file__).parent / "page.css").read_text()

_REPEAT = """<p>From a checkout, on a machine with nothing else to do:</p>
<pre>make bench                      # everything; takes some hours
make bench ARGS="--case nothing-changed --pairs 9"
make bench ARGS="--case first-load-100k --contenders devin-elt hand-written"</pre>
<p>Every contender runs as a whole process in a fresh folder, by turns with the others. The API is
served by another process from answers that were made before; what it cost is in the tables.
Ratios are of the same round, and the median over the rounds is held against the bar.</p>"""


def page(findings: Sequence[Finding], notes: str) -> str:
    """The whole page.

    Args:
        findings: What was found.
        notes: What somebody says of it, in Markdown; may be empty.
    """
    parts = ["<h1>devin-elt, measured</h1>", "<h2>Bars</h2>", _bars(findings)]
    if notes:
        parts.append(
            f'<section class="notes">{MarkdownIt().enable("table").render(notes)}</section>'
        )
    lined = [finding for finding in findings if finding.of_walkers]
    for finding in findings:
        if finding not in lined:
            parts += [_heading(finding), _figure(charts.bars(finding)), _details([finding])]
    if lined:
        title = "Walkers side by side, by how long the API takes to answer"
        parts += [f"<h2>{title}</h2>", _about(lined[0])]
        parts += [_figure(charts.walkers(lined)), _details(lined)]
    parts += ["<h2>How to repeat it</h2>", _REPEAT, "<h2>The machine</h2>", _machine(findings)]
    body = "\n".join(parts)
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n'
        f"<title>devin-elt, measured</title>\n<style>\n{_STYLE}</style>\n</head>\n"
        f"<body>\n{body}\n</body>\n</html>\n"
    )


def _bars(findings: Sequence[Finding]) -> str:
    rows = []
    for finding in findings:
        for bar in finding.content["bars"]:
            sign = "≥" if bar["at_least"] else "≤"
            low, high = min(bar["found"]), max(bar["found"])
            verdict = "met" if bar["met"] else "missed"
            cells = [
                f'<td><a href="#{finding.name}">{finding.name}</a></td>',
                f"<td>{escape(bar['says'])}</td>",
                *_numbers(f"{sign} {bar['bound']:g}", f"{sign} {bar['reach']:g}"),
                *_numbers(_short(bar["median"]), f"{_short(low)} … {_short(high)}"),
                *_numbers(str(len(bar["found"]))),
                f'<td class="{verdict}">{verdict}</td>',
            ]
            rows.append("".join(cells))
    numbers = ("bar", "reach", "found", "range", "rounds")
    return _table(["case", "what", *numbers, ""], rows, numbers)


def _heading(finding: Finding) -> str:
    title = escape(finding.content["title"])
    return f'<h2 id="{finding.name}">{title}</h2>{_about(finding)}'


def _about(finding: Finding) -> str:
    return f'<p class="about">{finding.content["date"]}, {finding.content["rounds"]} rounds</p>'


def _details(findings: Iterable[Finding]) -> str:
    """All figures as a table, for whoever cannot see the picture or wants to know exactly."""
    rows = []
    for finding in findings:
        for one in finding.figures:
            name = f"{finding.content['latency'] * 1000:.0f} ms, {one.name}"
            name = name if one.walkers else one.name
            mark = f' id="{finding.name}"' if one.walkers and one is finding.figures[0] else ""
            spread = f"{_short(one.least)} … {_short(one.most)}"
            rows.append(
                f"<td{mark}>{escape(name)}</td>"
                + "".join(_numbers(_short(one.wall), spread, _short(one.processor)))
                + "".join(_numbers(f"{one.peak:,.0f}", f"{one.speed:,.0f}" if one.first else "-"))
                + "".join(_numbers(f"{one.server:.2f}", str(one.rounds)))
            )
    numbers = ("seconds", "range", "processor s", "peak MiB", "sessions/s", "API s", "rounds")
    shown = _table(["", *numbers], rows, numbers)
    return f"<details><summary>All figures</summary>{shown}</details>"


def _machine(findings: Sequence[Finding]) -> str:
    if not findings:
        return "<p>Nothing was measured yet.</p>"
    machine = findings[0].content["machine"]
    versions: dict[str, dict[str, str]] = {}
    for finding in findings:
        versions |= finding.content["versions"]
    shared: dict[str, list[str]] = {}
    for contender, told in versions.items():
        shared.setdefault(", ".join(f"{name} {one}" for name, one in told.items()), []).append(
            contender
        )
    rows = [
        f"<td>{escape(', '.join(names))}</td><td>{escape(told)}</td>"
        for told, names in shared.items()
    ]
    return (
        f"<p>{machine['cores']} cores, {machine['memory_gib']:.0f} GiB of memory, "
        f"{escape(machine['system'])} on {escape(machine['architecture'])}.</p>"
    ) + _table(["contenders", "run with"], rows)


def _table(names: Iterable[str], rows: Iterable[str], numbers: Iterable[str] = ()) -> str:
    kinds = dict.fromkeys(numbers, ' class="number"')
    head = "".join(f"<th{kinds.get(name, '')}>{name}</th>" for name in names)
    body = "\n".join(f"<tr>{row}</tr>" for row in rows)
    return f'<div class="wide"><table><tr>{head}</tr>\n{body}</table></div>'


def _numbers(*texts: str) -> list[str]:
    return [f'<td class="number">{text}</td>' for text in texts]


def _figure(svg: str) -> str:
    return f'<figure class="wide">{svg}</figure>'


def _short(value: float) -> str:
    small = 100
    return f"{value:.2f}" if value < small else f"{value:,.0f}"


def main() -> None:
    """Write the page."""
    path = RESULTS / "notes.md"
    notes = path.read_text() if path.exists() else ""
    (RESULTS / "index.html").write_text(page(read(RESULTS), notes))
    sys.stdout.write("written: benchmarks/results/index.html\n")


if __name__ == "__main__":
    main()
