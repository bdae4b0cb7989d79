"""The DuckDB file of a pipeline: its folder, its format, its memory, and when it is open."""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from typing import Any

import dlt

from sources.devin.merging import duckdb_file

MEMORY = "64MiB"
"""What DuckDB may keep of its file; what a merge needs beyond that goes to disk beside the file."""

MEMORY_AT_MOST = "4GiB"
"""What it may keep where that is not enough."""

_THREADS = 1
"""How many threads it has: two of them take twice the processor time for a merge, and as long."""

FORMAT = "v1.3.0"
"""The oldest DuckDB that reads a file made here. By default that is 1.0, whose way to make text
small takes a sixth more time for all that is loaded, and a tenth more room."""

_NEXT_ITEM = "extract.next_item_mode"
"""Whether dlt writes all tables of a batch before it asks for the next one, or keeps several."""
_OF_DUCKDB = "destination.duckdb.credentials.global_config"
_FOLDER = "local_dir"
"""Parameter of dlt's destinations that write files: where names of files begin."""

_REMEMBERED = "initial_cwd"
"""Local value of a pipeline, from which dlt takes that folder."""


def choose_folder(pipeline: dlt.Pipeline) -> None:
    """Let the file lie in the folder of the sync that makes it, unless one is named.

    dlt takes the folder in which a pipeline was first looked at, by whatever verb. Here that
    counts only while a file is there, or something waits to be loaded into it.

    Args:
        pipeline: The pipeline; where it does not load into a file, nothing is done.
    """
    file = duckdb_file(pipeline)
    if file and not file.exists() and not pipeline.has_pending_data:
        here = Path(dlt.current.run_context().local_dir).absolute()
        pipeline.destination.config_params[_FOLDER] = str(here)


def keep_folder(pipeline: dlt.Pipeline) -> None:
    """Remember the folder of the file, of which dlt may have another one in mind."""
    folder = pipeline.destination.config_params.get(_FOLDER)
    if folder and folder != pipeline.get_local_state_val(_REMEMBERED):
        pipeline.set_local_state_val(_REMEMBERED, folder)


@contextmanager
def held_open(pipeline: dlt.Pipeline, *, create: bool = False) -> Iterator[None]:
    """Keep a DuckDB file open in the block, so that it is opened, and written through, once.

    DuckDB writes its log into the file whenever the last connection closes, and dlt opens one for
    each thing it does. Nobody else can open the file meanwhile, so the block is not to wait for
    the API.

    Args:
        pipeline: The pipeline; where it does not load into a file, nothing is done.
        create: Whether to make the file if it is not there.

    Raises:
        Exception: Whatever dlt raises where the file cannot be opened, or is held by another.
    """
    file = duckdb_file(pipeline)
    if file and create:
        _make(file)
    with pipeline.sql_client() if file and (create or file.exists()) else nullcontext():
        yield


def _make(file: Path) -> None:
    """Make a DuckDB file, if there is none: it keeps the format that it is made with."""
    if file.exists():
        return
    import duckdb  # noqa: PLC0415 - slow to import, and there is one destination that needs it

    # What is in the way dlt meets again, and says it as it says all that is wrong with a file.
    with suppress(duckdb.Error):
        duckdb.connect(file, config={"storage_compatibility_version": FORMAT}).close()


def keep_memory_small() -> None:
    """Settings of dlt and DuckDB for a load whose memory does not grow, where nobody set them."""
    if dlt.config.get(_NEXT_ITEM) is None:
        dlt.config[_NEXT_ITEM] = "fifo"
    if dlt.secrets.get(_OF_DUCKDB) is None:
        dlt.secrets[_OF_DUCKDB] = _duckdb_config(MEMORY)


def give_memory() -> bool:
    """Let DuckDB take what it wants from now on; whether that is more than it was given."""
    given: Any = dlt.secrets.get(_OF_DUCKDB)
    small: bool = given == _duckdb_config(MEMORY)
    if small:
        dlt.secrets[_OF_DUCKDB] = _duckdb_config(MEMORY_AT_MOST)
    return small


def _duckdb_config(memory: str) -> dict[str, Any]:
    return {"memory_limit": memory, "threads": _THREADS}
