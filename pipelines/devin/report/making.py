"""Makes the report, and puts it where it is asked for."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import dlt

from sources.devin.errors import ConfigurationError

from ..models.catalogue import catalogue
from ..models.config import model_settings
from .content import Asked, read_report


class NoPlaceForReport(ConfigurationError):
    """The report cannot be written where it is asked for."""

    advice = "Name a file in a folder that exists: devin-elt report -o report.html"


def make_page(pipeline: dlt.Pipeline, asked: Asked, to: Path) -> None:
    """Write the report as a page.

    Args:
        pipeline: The pipeline into the warehouse.
        asked: What it is to be about.
        to: The file; one that is there is replaced, once the report is whole.

    Raises:
        NoPlaceForReport: The file cannot be written: its folder does not exist, or it is one.
        ConfigurationError: There is nothing to report, or not of what is asked for.
        Exception: Whatever dlt raises where the destination cannot be read.
    """
    with _place(to):
        if not to.parent.is_dir():
            raise NoPlaceForReport(f"there is no folder {to.parent}")
        if to.is_dir():
            raise NoPlaceForReport(f"{to} is a folder")
    report = read_report(pipeline, asked)
    from .page import page  # noqa: PLC0415 - it takes altair, and nothing has to be drawn till now

    models, _ = catalogue()
    whole = page(report, models, model_settings(), datetime.now(UTC))
    unfinished = to.with_name(f".{to.name}.unfinished")
    with _place(to):
        try:
            unfinished.write_text(whole, encoding="utf-8")
            unfinished.replace(to)
        finally:
            unfinished.unlink(missing_ok=True)


@contextmanager
def _place(to: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise NoPlaceForReport(f"{to} cannot be written: {error.strerror}") from error


def show_text(pipeline: dlt.Pipeline, asked: Asked) -> None:
    """Show the essentials of the report on stdout.

    Args:
        pipeline: The pipeline into the warehouse.
        asked: What it is to be about.

    Raises:
        ConfigurationError: There is nothing to report, or not of what is asked for.
        Exception: Whatever dlt raises where the destination cannot be read.
    """
    report = read_report(pipeline, asked)
    from .text import show  # noqa: PLC0415 - it takes rich

    show(report)
