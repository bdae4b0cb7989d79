"""Reads the documents: code blocks, inline code, links and tables."""

from __future__ import annotations

import re
from itertools import takewhile
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
DOCUMENTS = (
    "README.md",
    "BEHAVIOR.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
    "sources/devin/README.md",
)

_FENCE = re.compile(r"(?ms)^ *```(\w+)\n(.*?)^ *```$")
_LINK = re.compile(r"\]\(([^)#\s]+)[^)]*\)")


class Block(NamedTuple):
    """A code block."""

    document: str
    language: str
    text: str

    def __str__(self) -> str:
        """Where it is and how it begins, to name a test after."""
        return f"{self.document}: {'; '.join(self.text.strip().splitlines()[:2])[:70]}"


def text_of(document: str) -> str:
    return (ROOT / document).read_text(encoding="utf-8")


def blocks(*languages: str) -> list[Block]:
    """The code blocks of all documents in these languages."""
    return [
        Block(document, language, text)
        for document in DOCUMENTS
        for language, text in _FENCE.findall(text_of(document))
        if language in languages
    ]


def prose(document: str) -> str:
    """A document without its code blocks."""
    return _FENCE.sub("", text_of(document))


def inline_code(document: str) -> list[str]:
    return re.findall(r"`([^`\n]+)`", prose(document))


def links(document: str) -> list[str]:
    return _LINK.findall(prose(document))


def table(document: str, *header: str) -> list[list[str]]:
    """The rows of the first table that has this header, without back quotes."""
    return tables(document, *header)[0]


def tables(document: str, *header: str) -> list[list[list[str]]]:
    """The rows of each table that has this header, of which there is at least one."""
    wanted = f"| {' | '.join(header)} |"
    found: list[list[list[str]]] = []
    lines = iter(prose(document).splitlines())
    for begin in lines:
        if begin == wanted:
            found.append([_cells(line) for line in takewhile(_is_row, lines)][1:])
    assert found, f"{document} has no table with the header {wanted}"
    return found


def _is_row(line: str) -> bool:
    return line.startswith("|")


def _cells(line: str) -> list[str]:
    cells = line.removeprefix("|").removesuffix("|").split(" | ")
    return [cell.strip().replace("`", "") for cell in cells]
