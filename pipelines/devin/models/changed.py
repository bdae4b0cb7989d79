"""Whether the views are as they would be made: mostly they are, and nothing is to be done.

Nothing is asked of the destination, and nothing imported that only rendering takes: an idle cycle
looks here too.
"""

import contextlib
from collections.abc import Mapping
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any

import dlt

from sources.devin.session import fingerprint
from sources.devin.tables import TABLES
from sources.devin.usage_tables import USAGE_TABLES

from . import FOLDER
from .config import ModelSettings, model_settings

if TYPE_CHECKING:
    from .applying import Applied

READER = "devin-models"
_APPLIED = "devin_models"
_NAMES = frozenset(table.name for table in (*TABLES, *USAGE_TABLES))


def apply_changed(pipeline: dlt.Pipeline, folder: Path = FOLDER) -> "Applied | None":
    """Make the views, unless this machine has made just these before.

    Args:
        pipeline: A pipeline that has loaded something.
        folder: Where the files of the models are.

    Returns:
        What became of them; None if nothing had to be done.

    Raises:
        ConfigurationError: What the models are told is wrong.
        Exception: Whatever dlt raises where the destination cannot be reached.
    """
    wording = _wording(pipeline, folder, model_settings())
    if _applied(pipeline) == wording:
        return None
    from .applying import apply

    applied = apply(pipeline, folder)
    if not applied.broken and not applied.skipped:
        pipeline.set_local_state_val(_APPLIED, wording)
    return applied


def prepare(pipeline: dlt.Pipeline, folder: Path = FOLDER) -> None:
    """Read the models meanwhile, if this machine never made their views.

    A destination that loads leaves Python with little to do, and this takes a tenth of a second.
    """
    if _applied(pipeline) is None:
        Thread(target=_read, args=(folder,), name=READER).start()


def _read(folder: Path) -> None:
    with contextlib.suppress(Exception):  # whoever needs them meets it, and says so
        from . import applying  # noqa: F401 - slow to import, too
        from .catalogue import catalogue

        catalogue(folder)


def _wording(pipeline: dlt.Pipeline, folder: Path, settings: ModelSettings) -> str:
    """What the views depend on, as far as this machine knows."""
    texts = [path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.sql"))]
    tables: Mapping[str, Any] = pipeline.default_schema.tables
    columns = {name: sorted(tables[name]["columns"]) for name in _NAMES & set(tables)}
    return fingerprint(repr([texts, settings, sorted(columns.items())]))


def _applied(pipeline: dlt.Pipeline) -> str | None:
    try:
        return str(pipeline.get_local_state_val(_APPLIED))
    except KeyError:
        return None
