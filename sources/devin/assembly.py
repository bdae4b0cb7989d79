"""What a run needs, put together of the settings: a connection, listings, a plan."""

from collections.abc import Callable
from threading import Condition
from typing import TYPE_CHECKING, Any

from dlt.common.runtime import signals

from . import errors
from .client import Client
from .coverage import Span
from .held import Held
from .identity import introduced, organization_of, own_organization
from .listing import EnterpriseListing, Listing
from .pace import Pace
from .plan import Plan
from .retry import wall_clock
from .settings import Settings
from .walk import Limits

if TYPE_CHECKING:
    from .asking import Asking


def client_of(settings: Settings) -> Client:
    """The connection, not opened yet."""
    return Client(
        settings.base_url,
        settings.api_key.get_secret_value(),
        policy=settings.retry_policy,
        timeout=settings.timeout,
        pace=Pace(settings.concurrency, settings.requests_per_second, wait=_wait),
    )


def plan_of(settings: Settings, span: Span | None) -> Plan:
    """What a cycle is to do.

    Args:
        settings: The settings.
        span: What to read again; None to raise everything.

    Raises:
        DevinError: It could not be asked whose the token is.
    """
    client = client_of(settings)
    try:
        listings = listings_of(settings, client)
    except BaseException:
        client.close()
        raise
    return Plan(
        client,
        listings,
        settings.start_date,
        settle=int(settings.settle),
        batch_size=settings.batch_size,
        limits=Limits(overlap=int(settings.overlap)),
        walkers=settings.concurrency,
        commit_every=settings.commit_every,
        backfill=span,
        rescan=int(settings.rescan),
        rescan_every=int(settings.rescan_every),
        most_deleted=settings.most_deleted,
    )


def listings_of(settings: Settings, client: Client) -> list[Listing] | list[EnterpriseListing]:
    """The listings that are loaded, each with a client of its own that counts for it alone.

    Raises:
        DevinError: It could not be asked whose the token is.
    """
    rest = settings.filters, settings.page_size
    if settings.api_version == "v2":
        return [EnterpriseListing(client.counting(), settings.org_ids, *rest)]
    org_ids = settings.org_ids or (own_organization(client),)
    return [Listing(client.counting(), org_id, *rest) for org_id in dict.fromkeys(org_ids)]


def asking_of(
    settings: Settings,
    client: Client,
    held: Held | None = None,
    memory: Callable[[str], dict[str, Any]] = lambda _: {},
) -> "Asking":
    """What a reading of the tables beside the sessions has at hand.

    Args:
        settings: The settings.
        client: The connection.
        held: What the destination holds; None to find out only what may be read.
        memory: What a table remembers, by its name.

    Raises:
        DevinError: It could not be asked whose the token is.
    """
    from .asking import Asking

    org_ids = list(dict.fromkeys(settings.org_ids))
    try:
        owner = introduced(client)
        now = owner.began
        if not org_ids and settings.api_version != "v2":
            org_ids = [organization_of(owner.value)]
    except errors.TokenRejected:
        if settings.api_version != "v2":
            raise
        now = int(wall_clock())  # v3 knows nothing of the keys of v2
    return Asking(
        client,
        org_ids,
        memory,
        now,
        settings.start_date,
        settle=int(settings.settle),
        overlap=int(settings.overlap),
        consumption_overlap=int(settings.consumption_overlap),
        walkers=settings.concurrency,
        held=held,
        filters=settings.filters,
    )


def _wait(condition: Condition, seconds: float | None) -> None:
    """Wait, unless somebody stops the run: dlt only takes a note of the first signal."""
    signals.raise_if_signalled()
    condition.wait(min(1.0, seconds or 1.0))
    signals.raise_if_signalled()
