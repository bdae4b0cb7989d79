"""What a cycle is to do."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from .client import Client
from .coverage import Span
from .deletions import MOST_DELETED
from .listing import EnterpriseListing, Listing
from .rereads import DAY
from .walk import Limits

AnyListing = Listing | EnterpriseListing


@dataclass(frozen=True)
class Plan:
    """What a cycle is to do.

    Attributes:
        client: The connection of all of them.
        listings: One for each scope, with a client of its own that counts for it alone.
        start: Sessions created before this are not loaded, epoch seconds.
        settle: Seconds before the moment a walk began that count as not yet settled.
        batch_size: Sessions a batch.
        batch_bytes: Bytes of answers after which a batch is complete with fewer sessions: what
            destinations take at once is a matter of bytes.
        limits: How far a walk may go.
        walkers: How many slices are walked side by side at most.
        commit_every: Sessions after which a load package is complete, where a cycle may have
            several.
        commit_bytes: Bytes of answers after which it is with fewer sessions.
        commit_after: Seconds after which it is with fewer still, where the API is slow.
        clock: Seconds that only ever grow.
        backfill: The span to read again, in place of raising everything; None to raise.
        rescan: Seconds before now whose sessions are read again now and then; 0 for never.
        rescan_every: Seconds between two rescans.
        most_deleted: The share of a span's sessions that may be gone at once.
    """

    client: Client
    listings: Sequence[AnyListing]
    start: int
    settle: int = 5
    batch_size: int = 5_000
    batch_bytes: int = 16 * 2**20
    limits: Limits = field(default_factory=Limits)
    walkers: int = 1
    commit_every: int = 200_000
    commit_bytes: int = 160 * 2**20
    commit_after: float = 60.0
    clock: Callable[[], float] = time.monotonic
    backfill: Span | None = None
    rescan: int = 0
    rescan_every: int = DAY
    most_deleted: float = MOST_DELETED
