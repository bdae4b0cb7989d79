"""What a reading of the tables beside the sessions has at hand."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeVar

from .books import Books
from .client import Client
from .fields import Odd, Row
from .filters import Filters
from .held import Held
from .rereads import batches
from .tables import Table

Q = TypeVar("Q")
A = TypeVar("A")

Rows = Iterator[Row | Odd]
"""Rows of a table on their way, and the reasons of items that make none."""

FARTHEST = 400 * 86_400
"""Seconds before now from which consumption is read first."""

_AT_ONCE = 8
"""Questions a walker that wait to be asked, or whose answers wait to be taken."""


@dataclass(frozen=True)
class Asking:
    """What a reading has at hand.

    Attributes:
        client: The connection.
        org_ids: The organisations.
        memory: What a table remembers, by its name; stored together with the rows.
        now: When the reading began, by the API's clock, in epoch seconds.
        start: What lies before is not loaded, epoch seconds.
        settle: Seconds before now that count as not yet settled.
        overlap: Seconds before what is loaded from which sessions are asked for again.
        consumption_overlap: The same of consumption.
        walkers: Questions that are asked side by side at most.
        held: What the destination holds; None to find out only what may be read.
        filters: What restricts the sessions that are loaded.
    """

    client: Client
    org_ids: Sequence[str]
    memory: Callable[[str], dict[str, Any]]
    now: int
    start: int
    settle: int = 5
    overlap: int = 900
    consumption_overlap: int = 7 * 86_400
    walkers: int = 1
    held: Held | None = None
    filters: Filters = field(default_factory=Filters)

    @property
    def earliest(self) -> int:
        """From when on consumption is read first."""
        return max(self.start, self.now - FARTHEST)

    @cached_property
    def books(self) -> Books:
        """What the destination holds of consumption."""
        if self.held is None:
            raise RuntimeError("rows are to be read for no destination")
        return Books(self.held, self.earliest)

    def remembered(self, table: Table, scope: str) -> dict[str, Any]:
        """What a table remembers of an organisation, or of another part of it."""
        scopes: dict[str, dict[str, Any]] = self.memory(table.name).get("scopes", {})
        return dict(scopes.get(scope, {}))

    def remember(self, table: Table, scope: str, **what: Any) -> None:
        """Have a table remember this of an organisation, in place of what it did."""
        memory = self.memory(table.name)
        memory["scopes"] = {**memory.get("scopes", {}), scope: what}

    def side_by_side(self, ask: Callable[[Q], A], questions: Iterable[Q]) -> Iterator[A]:
        """Ask several questions at once.

        Yields:
            The answers, in the order of the questions.

        Raises:
            Exception: What asking one of them raised; those that are left are not asked.
        """
        with ThreadPoolExecutor(self.walkers, "usage") as pool:
            for some in batches(list(questions), _AT_ONCE * self.walkers):
                try:
                    yield from pool.map(ask, some)
                except (KeyboardInterrupt, SystemExit):
                    self.client.stop()
                    raise
