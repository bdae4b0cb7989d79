"""Loads the sessions of Devin, the AI software engineer, and the ACUs they used.

    import dlt
    from sources.devin import devin

    dlt.pipeline("devin", destination="duckdb", dataset_name="devin").run(devin())

Each run raises what is loaded to now: it asks only for what changed, and loses nothing. What is
loaded as of when is kept with the data (see `coverage`).
"""

from collections.abc import Iterable, Iterator
from typing import Any

import dlt
from dlt.common.runtime import signals
from dlt.common.storages.load_package import load_package_state
from dlt.sources import DltResource

from . import errors
from .client import Client
from .cycle import run_cycle
from .errors import DevinError
from .filters import Filters
from .identity import Access, check_access, own_organization
from .listing import LARGEST_PAGE, Listing
from .merging import check_destination, load_hints
from .quiet import expect_conversions
from .raising import Batch, Plan
from .rows import with_load_id
from .runs import Journal
from .settings import Settings
from .tables import SESSIONS, TABLES, Table
from .walk import Limits

__all__ = ["DevinError", "devin", "errors"]


@dlt.source(name="devin", max_table_nesting=0)
def devin(
    api_key: str = dlt.secrets.value,
    base_url: str = "https://api.devin.ai",
    org_ids: str | list[str] | None = None,
    start_date: str = "2024-01-01",
    overlap: str = "15m",
    settle: str = "5s",
    page_size: int = LARGEST_PAGE,
    batch_size: int = 10_000,
    timeout: str = "60s",
    retry_attempts: int = 8,
    retry_budget: str = "5m",
    tags: str | list[str] | None = None,
    origins: str | list[str] | None = None,
    category: str | None = None,
    playbook_id: str | None = None,
    schedule_id: str | None = None,
    user_ids: str | list[str] | None = None,
    service_user_ids: str | list[str] | None = None,
    repo_names: str | list[str] | None = None,
    is_archived: bool | None = None,
    session_ids: str | list[str] | None = None,
) -> Iterable[DltResource]:
    """The sessions of one or several organisations, with all that belongs to them.

    Every argument can be left to dlt's configuration: `[sources.devin]` in `.dlt/config.toml`
    (`api_key` in `.dlt/secrets.toml`), or `SOURCES__DEVIN__<NAME>` in the environment.

    Args:
        api_key: A service user key or personal access token (`cog_...`).
        base_url: Address of the API; dedicated tenants have their own.
        org_ids: Organisations to load, each a scope of its own; the token's own if none is given.
        start_date: Sessions created before this date or instant (UTC) are not loaded.
        overlap: How far behind what is loaded to ask for updates again: the margin for rows that
            the API lists later than they changed.
        settle: How long before a walk began updates may still be on their way into the listing.
        page_size: Sessions a page, 200 at most.
        batch_size: Sessions that are held in memory and written at once.
        timeout: Longest silence while an answer is waited for.
        retry_attempts: Requests made for one answer at most.
        retry_budget: Longest time spent on one answer; a longer `Retry-After` ends the run.
        tags: Only sessions with one of these tags. This and the filters below make the sync a
            scope of its own, with a coverage of its own.
        origins: Only sessions started in one of these places, such as `slack` or `api`.
        category: Only sessions of this use case.
        playbook_id: Only sessions that follow this playbook.
        schedule_id: Only sessions that this schedule started.
        user_ids: Only sessions that one of these people started.
        service_user_ids: Only sessions that one of these service users started.
        repo_names: Only sessions that worked on one of these repositories (`owner/name`).
        is_archived: Only archived sessions, or only others.
        session_ids: Only these sessions.

    Returns:
        The resources `sessions`, `session_pull_requests`, `session_tags`, `session_links`,
        `session_snapshots`, `rejected_items` and `sync_runs`, each a table of the same name. One
        more, `access`, is not selected: reading it tells what the token may do (see `identity`).

    Raises:
        ConfigurationError: An option is not what it should be.
        DevinError: While the resources are read; see `errors` for all there are.
    """
    options = dict(locals())
    filters = {name: options.pop(name) for name in Filters.model_fields}
    settings = Settings.checked(**options, filters=filters)
    expect_conversions()

    @dlt.resource(name="cycle", selected=False)
    def cycle() -> Iterator[Batch]:
        _check_selection(dlt.current.source().selected_resources)
        pipeline = dlt.current.pipeline()
        check_destination(pipeline)
        memory = dlt.current.resource_state(SESSIONS.name)
        with _client(settings) as client:
            plan = _plan(settings, client)
            yield from run_cycle(plan, client, memory, Journal(pipeline.working_dir))

    @dlt.resource(name="access", selected=False)
    def access() -> Iterator[Access]:
        with _client(settings) as client:
            yield from check_access(client, _plan(settings, client).listings)

    yield access
    yield from (_table_resource(cycle, table) for table in TABLES)


def _check_selection(selected: Iterable[str]) -> None:
    """Coverage is claimed for all tables together, so they are loaded together."""
    if missing := {table.name for table in TABLES} - set(selected):
        raise errors.ConfigurationError(
            f"{', '.join(sorted(missing))} would not be loaded, and never be caught up on",
            "Load all tables of the source: leave with_resources() away.",
        )


def _client(settings: Settings) -> Client:
    return Client(
        settings.base_url,
        settings.api_key.get_secret_value(),
        policy=settings.retry_policy,
        timeout=settings.timeout,
        sleep=_sleep,
    )


def _sleep(seconds: float) -> None:
    """Wait, unless somebody stops the run: dlt only takes a note of the first signal."""
    signals.raise_if_signalled()
    signals.sleep(seconds)
    signals.raise_if_signalled()


def _plan(settings: Settings, client: Client) -> Plan:
    org_ids = settings.org_ids or (own_organization(client),)
    return Plan(
        [
            Listing(client, org_id, settings.filters, settings.page_size)
            for org_id in dict.fromkeys(org_ids)
        ],
        settings.start_date,
        int(settings.settle),
        settings.batch_size,
        Limits(overlap=int(settings.overlap)),
    )


def _table_resource(cycle: DltResource, table: Table) -> DltResource:
    """The resource that picks one table out of what the cycle yields."""

    @dlt.transformer(data_from=cycle, write_disposition="merge", **table.hints())
    def pick(batch: Batch) -> Iterator[Any]:
        if (rows := batch.get(table.name)) is not None:
            load_id = load_package_state()["load_id"]
            yield dlt.mark.with_hints(with_load_id(rows, load_id), load_hints(table))

    return pick.apply_hints(additional_table_hints={"description": table.description})
