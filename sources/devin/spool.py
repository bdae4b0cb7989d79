"""Rows that were read before dlt asked for them: in files, so that they take no memory.

A load package can so be read as a whole while the one before it is loaded.
"""

import contextlib
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq


class Spooled(NamedTuple):
    """The rows of one table.

    Attributes:
        path: A Parquet file of them.
        rows: How many there are.
    """

    path: Path
    rows: int

    def read(self) -> "pa.Table":
        """The rows, in memory."""
        import pyarrow.parquet as pq

        return pq.read_table(self.path, memory_map=True)


class Spool:
    """Where the rows of one load package wait for it.

    Args:
        folder: A folder that nobody else uses; what an earlier run left there is of no use.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._writers: dict[str, pq.ParquetWriter] = {}
        self._rows: dict[str, int] = {}

    def clear(self) -> None:
        """Forget all that waits, or that a reading that failed took in."""
        with contextlib.suppress(OSError):  # a disk that was full still is
            self.close()
        self._writers, self._rows = {}, {}
        shutil.rmtree(self._folder, ignore_errors=True)

    def add(self, batch: "dict[str, pa.Table]") -> None:
        """Take in the rows of a batch, by table name."""
        for name, rows in batch.items():
            self._writer(name, rows.schema).write_table(rows.combine_chunks())
            self._rows[name] = self._rows.get(name, 0) + rows.num_rows

    def close(self) -> dict[str, Spooled]:
        """All that was taken in, by table name; the files stay until `clear`."""
        for writer in self._writers.values():
            writer.close()
        waiting = {name: Spooled(self._path(name), rows) for name, rows in self._rows.items()}
        self._writers, self._rows = {}, {}
        return waiting

    def _writer(self, name: str, schema: Any) -> "pq.ParquetWriter":
        if name not in self._writers:
            import pyarrow.parquet as pq

            self._folder.mkdir(parents=True, exist_ok=True)
            self._writers[name] = pq.ParquetWriter(
                self._path(name),
                schema,
                # It is read once, and soon: to make it small takes longer than to write it.
                compression="none",
                use_dictionary=False,
                write_statistics=False,
            )
        return self._writers[name]

    def _path(self, name: str) -> Path:
        return self._folder / f"{name}.parquet"
