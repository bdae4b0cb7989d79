"""One cycle: raise every scope's coverage to now, batch by batch."""

import logging
from collections.abc import Iterator
from typing import Any

from . import errors
from .client import Client
from .gathering import Gathering
from .identity import explained
from .raising import Batch, Plan, Raising
from .rows import arrow_table
from .runs import Journal, Run, run_table
from .scope import Scope
from .tables import RUNS, TABLES

log = logging.getLogger("devin.cycle")

Memory = dict[str, Any]
"""What dlt stores with the data: `scopes`, the memory of each by name, and `recorded`, the last
entry of the journal that is loaded."""


def run_cycle(plan: Plan, client: Client, memory: Memory, journal: Journal) -> Iterator[Batch]:
    """Raise every scope to now.

    Where nothing new came, nothing is yielded and `memory` stays as it is, so no load package is
    made; the cycle is in the journal then, and loaded with the next one that brings something.

    Args:
        plan: What to do.
        client: The connection, for what it counts.
        memory: What is remembered from the cycle before; brought up to date at the very end, so
            that it is stored together with the rows or not at all.
        journal: Where cycles are kept that make no package.

    Yields:
        Arrow tables by table name; the record of the cycle in the last of them.

    Raises:
        DevinError: A scope could not be raised. Nothing of the cycle counts then.
    """
    journal.forget_through(memory.get("recorded"))
    states = memory.get("scopes", {})
    gathering = Gathering(plan.batch_size)
    raised: list[Raising] = []
    for listing in plan.listings:
        known = Scope.of(states.get(listing.name))
        raised.append(Raising(plan, listing, known, client, gathering))
        try:
            yield from raised[-1].batches()
        except errors.DevinError as error:
            cause = explained(error, client, listing.org_id)
            journal.append([raised[-1].failed(cause)])
            _announce(raised[-1].run)
            if cause is error:
                raise
            raise cause from error
    runs = [scope.run for scope in raised]
    if all(scope.nothing_new for scope in raised):
        journal.append(runs)
    else:
        waiting = journal.read()
        memory["recorded"] = waiting[-1].run_id if waiting else memory.get("recorded")
        memory["scopes"] = states | {
            scope.listing.name: scope.raised_memory(gathering.put_off_since).to_state()
            for scope in raised
        }
        every_table = {} if states else {table.name: arrow_table(table, []) for table in TABLES}
        yield every_table | {RUNS.name: run_table([*waiting, *runs])}
    for run in runs:
        _announce(run)


def _announce(run: Run) -> None:
    # Also of a failure: whoever gets the error that follows decides how loud it is.
    log.info("%s: %s", run.scope, run.outcome, extra={"event": "cycle", "run": run.as_json()})
