"""Pieces of HTML. What is not made here is text, and is written so that it does nothing."""

from collections.abc import Iterable, Sequence
from html import escape


class Html(str):
    """Text that is HTML already."""

    __slots__ = ()


def html(value: object) -> Html:
    """Anything as HTML: text is escaped, and kept from turning what follows around."""
    if isinstance(value, Html):
        return value
    return Html(escape(str(value), quote=True))


def name(value: object) -> Html:
    """A name somebody gave: it may hold anything, also letters that run from right to left."""
    return Html(f"<bdi>{html(value)}</bdi>")


def link(label: object, url: str | None) -> Html:
    """A name that leads somewhere, if that is on the web."""
    if url is None or not url.startswith("https://"):
        return name(label)
    return Html(f'<a href="{html(url)}" rel="noopener noreferrer">{name(label)}</a>')


def element(tag: str, *parts: object, kind: str = "") -> Html:
    """An element with these parts.

    Args:
        tag: Its name.
        parts: What is in it.
        kind: Its class.
    """
    marked = f' class="{kind}"' if kind else ""
    return Html(f"<{tag}{marked}>{joined(parts)}</{tag}>")


def joined(parts: Iterable[object]) -> Html:
    """Parts one after another."""
    return Html("".join(html(part) for part in parts))


def bar(share: float | None, *, faint: bool = False) -> Html:
    """A bar that takes this share of the room."""
    width = 100 * min(max(share or 0.0, 0.0), 1.0)
    return Html(f'<span class="bar{" faint" * faint}" style="width:{width:.1f}%"></span>')


def table(
    caption: str, columns: Sequence[str], rows: Iterable[Sequence[object]], *, numbers: str = ""
) -> Html:
    """A table that scrolls by itself where there is no room for it.

    Args:
        caption: What it shows.
        columns: What the columns are called; `bar` has no name, and holds bars.
        rows: The cells.
        numbers: A letter a column: `n` for numbers, which are set to the right, `b` for bars,
            `d` for days, `t` for text.
    """
    kinds = [
        {"n": ' class="number"', "b": ' class="bars"', "d": ' class="date"'}.get(one, "")
        for one in numbers
    ]
    heads = zip(columns, kinds, strict=True)
    head = "".join(f'<th scope="col"{kind}>{html(column)}</th>' for column, kind in heads)
    body = "\n".join(
        "<tr>" + "".join(_cell(cell, kind) for cell, kind in zip(row, kinds, strict=True)) + "</tr>"
        for row in rows
    )
    return Html(
        f'<div class="wide" tabindex="0" role="region" aria-label="{html(caption)}"><table>'
        f"<caption>{html(caption)}</caption>\n<thead><tr>{head}</tr></thead>\n"
        f"<tbody>\n{body}\n</tbody></table></div>"
    )


def _cell(cell: object, kind: str) -> str:
    return f"<td{kind}>{html(cell)}</td>"


def folded(title: str, *parts: object) -> Html:
    """Parts that are shown when they are asked for."""
    return Html(f"<details><summary>{html(title)}</summary>{joined(parts)}</details>")
