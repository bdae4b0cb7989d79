"""Reads the documents: code blocks, inline code, links and tables."""

from __future__ import annotations

import re
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
        return f"{self.document}: {self.text.strip().splitlines()[0][:50]}"


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
    """The rows of the table that has this header, without back quotes."""
    lines = iter(prose(document).splitlines())
    wanted = f"| {' | '.join(header)} |"
    assert wanted in lines, f"{document} has no table with the header {wanted}"
    rows = []
    for line in lines:
        if not line.startswith("|"):
            break
        cells = line.removeprefix("|").removesuffix("|").split(" | ")
        rows.append([cell.strip().replace("`", "") for cell in cells])
    return rows[1:]
