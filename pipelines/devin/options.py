"""The options that verbs share."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

SHORTEST = 1.0
"""Seconds between the begins of two cycles at least."""


class LogFormat(StrEnum):
    """How the log is written."""

    text = "text"
    json = "json"


def _seconds(text: str) -> float:
    from sources.devin.settings import duration  # noqa: PLC0415  # it takes dlt

    try:
        seconds = duration(text)
    except ValueError as error:
        raise typer.BadParameter(f"{error}.") from None
    if seconds < SHORTEST:
        raise typer.BadParameter(f"{text!r} is shorter than {SHORTEST:.0f}s.")
    return seconds


def _named(text: str) -> str:
    if not text.strip():
        raise typer.BadParameter("it is empty.")
    return text.strip()


Destination = Annotated[
    str,
    typer.Option(metavar="NAME", callback=_named, help="Any dlt destination, such as postgres."),
]
Dataset = Annotated[
    str,
    typer.Option(metavar="NAME", callback=_named, help="Dataset (schema) that holds the tables."),
]
Every = Annotated[
    float | None,
    typer.Option(
        metavar="TIME", parser=_seconds, help="Repeat until stopped, so far apart: 90s, 15m, 1h."
    ),
]
Strict = Annotated[bool, typer.Option("--strict", help="Exit with 3 if items were rejected.")]
Json = Annotated[bool, typer.Option("--json", help="Print the result as one line of JSON.")]
Logging = Annotated[
    LogFormat, typer.Option("--log-format", metavar="text|json", help="Form of the log on stderr.")
]
Debug = Annotated[bool, typer.Option("--debug", help="Show tracebacks and every log line.")]
Sessions = Annotated[int, typer.Option(metavar="N", min=1, help="Sessions to make up.")]
Begin = Annotated[
    str | None,
    typer.Argument(metavar="BEGIN", help="A date or an instant: 2026-03-01.", show_default=False),
]
End = Annotated[
    str | None,
    typer.Argument(metavar="END", help="Not part of the range: 2026-04-01.", show_default=False),
]
Last = Annotated[
    str | None, typer.Option(metavar="TIME", help="The range of this long up to now: 30d, 12h.")
]
TimeZone = Annotated[
    str, typer.Option(metavar="ZONE", help="Where dates begin, such as Europe/Berlin.")
]
From = Annotated[
    str | None,
    typer.Option(
        "--from", metavar="DATE", help="First billing day: 2026-03-01.", show_default=False
    ),
]
To = Annotated[
    str | None,
    typer.Option("--to", metavar="DATE", help="Not part of it: 2026-04-01.", show_default=False),
]
Organizations = Annotated[
    list[str] | None,
    typer.Option("--org", metavar="ORG", help="Organisation, by id or name; may be repeated."),
]
Output = Annotated[Path, typer.Option("-o", metavar="FILE", help="The page to write.")]
AsText = Annotated[
    bool, typer.Option("--text", help="Show the essentials here, and write nothing.")
]
PlanOnly = Annotated[
    bool, typer.Option("--plan", help="Show what would be read, and read nothing.")
]
