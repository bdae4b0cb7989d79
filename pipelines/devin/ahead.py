"""Reading on while a load package is loaded: one takes the processor, the other the destination."""

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from typing import Self

import dlt

from sources.devin import Cycle, next_package
from sources.devin.spool import Spool

FOLDER = "ahead"
"""Where in a pipeline's working directory the rows wait that are read ahead."""


class _Over(Exception):
    """The run ends, so there is nothing to read ahead for."""


class Ahead:
    """The load packages of a cycle, one after another.

    Args:
        pipeline: The active pipeline.
        cycle: The cycle, which a source was made with.
    """

    def __init__(self, pipeline: dlt.Pipeline, cycle: Cycle) -> None:
        self._pipeline = pipeline
        self._cycle = cycle
        self._reader = ThreadPoolExecutor(1, "ahead")
        self._spool = Spool(Path(pipeline.working_dir) / FOLDER)
        self._begun: Future[bool] | None = None
        self._loaded = Event()
        self._over = Event()

    def __enter__(self) -> Self:
        self._spool.clear()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._loaded.set()
        self._reader.shutdown()
        self._spool.clear()

    @property
    def finished(self) -> bool:
        """Whether there is no further package."""
        return self._begun is None and self._cycle.finished

    def anything_new(self) -> bool:
        """Read the next package, and say whether there is anything in it; the source then has it.

        Raises:
            DevinError: Nothing of the package could be read.
            Exception: Whatever dlt raises where the destination cannot be read.
        """
        if self._begun is None:
            return next_package(self._pipeline, self._cycle, self._spool)()
        begun, self._begun = self._begun, None
        return begun.result()

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Read the next package, if there may be one, while the block loads this one.

        This one is extracted, so dlt has what waited for it.
        """
        self._spool.clear()
        if self._cycle.finished:
            yield
            return
        self._loaded.clear()
        begin = next_package(
            self._pipeline,
            self._cycle,
            self._spool,
            loaded=self._wait_until_loaded,
            look=self._look,
        )
        self._begun = self._reader.submit(begin)
        yield
        self._loaded.set()

    def _wait_until_loaded(self) -> None:
        self._loaded.wait()
        self._look()

    def _look(self) -> None:
        if self._over.is_set():
            raise _Over
