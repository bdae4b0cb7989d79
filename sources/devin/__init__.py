"""Loads the sessions of Devin, the AI software engineer, and the ACUs they used.

    import dlt
    from sources.devin import devin

    dlt.pipeline("devin", destination="duckdb", dataset_name="devin").run(devin())

Each run raises what is loaded to now: it asks only for what changed, and loses nothing. What is
loaded as of when is kept with the data (see `coverage`).
"""

import contextlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from copy import deepcopy
from threading import Condition
from typing import Any

import dlt
from dlt.common.runtime import signals
from dlt.common.storages.load_package import load_package_state
from dlt.pipeline.exceptions import PipelineStepFailed
from dlt.sources import DltResource

from . import errors
from .client import Client
from .coverage import Span
from .cycle import Cycle, Rows
from .errors import DevinError
from .filters import Filters
from .held import Held
from .identity import Access, check_access, own_organization
from .listing import LARGEST_PAGE, EnterpriseListing, Listing
from .merging import check_destination, file_item, load_hints, merges_directly
from .pace import Pace
from .plan import Plan
from .quiet import expect_conversions
from .ranges import read_range, scheduled
from .retry import wall_clock
from .runs import Journal
from .settings import Settings
from .spool import Spool, Spooled
from .tables import SESSIONS, TABLES, Table
from .walk import Limits

BOUNDS = 2

__all__ = ["Cycle", "DevinError", "devin", "errors", "load", "next_package"]


@dlt.source(name="devin", max_table_nesting=0)
def devin(
    api_key: str = dlt.secrets.value,
    base_url: str = "https://api.devin.ai",
    api_version: str = "v3",
    org_ids: str | list[str] | None = None,
    start_date: str = "2024-01-01",
    overlap: str = "15m",
    settle: str = "5s",
    page_size: int = LARGEST_PAGE,
    batch_size: int = 10_000,
    timeout: str = "60s",
    retry_attempts: int = 8,
    retry_budget: str = "5m",
    concurrency: int = 8,
    requests_per_second: float | None = None,
    commit_every: int = 200_000,
    rescan: str = "30d",
    rescan_every: str = "1d",
    most_deleted: float = 0.05,
    backfill: Sequence[Any] | None = None,
    allow_external_schedulers: bool | None = None,
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
    cycle: Cycle | None = None,
) -> Iterable[DltResource]:
    """The sessions of one or several organisations, with all that belongs to them.

    Every argument can be left to dlt's configuration: `[sources.devin]` in `.dlt/config.toml`
    (`api_key` in `.dlt/secrets.toml`), or `SOURCES__DEVIN__<NAME>` in the environment.

    Args:
        api_key: A service user key or personal access token (`cog_...`).
        base_url: Address of the API; dedicated tenants have their own.
        api_version: `v3`, or `v2` for the older listing of a whole enterprise in one scope. That
            one tells less of a session, filters by tags, people and sessions only, and takes the
            personal key of an Enterprise Admin (`apk_user_...`).
        org_ids: Organisations to load, each a scope of its own; the token's own if none is given,
            or with v2 all of the enterprise.
        start_date: Sessions created before this date or instant (UTC) are not loaded.
        overlap: How far behind what is loaded to ask for updates again: the margin for rows that
            the API lists later than they changed.
        settle: How long before a walk began updates may still be on their way into the listing.
        page_size: Sessions a page, 200 at most.
        batch_size: Sessions that are held in memory and written at once.
        timeout: Longest silence while an answer is waited for.
        retry_attempts: Requests made for one answer at most.
        retry_budget: Longest time spent on one answer; a longer `Retry-After` ends the run.
        concurrency: Pages that are asked for at once, at most; fewer while the API answers 429.
        requests_per_second: Requests a second, at most; as many as it takes if not given.
        commit_every: Sessions after which what is read is loaded, where the run is one of `load`
            or of the command line; a plain run loads everything at once.
        rescan: The sessions of so many days are all read again now and then, for what their
            `updated_at` does not show and for those that are gone; `0` for never.
        rescan_every: How often that is.
        most_deleted: The share of the loaded sessions in a span that may be gone when it is read
            again; more ends the run.
        backfill: Begin and end of the span of `created_at` to read again, whatever is loaded; in
            place of everything that is new. Dates and instants in UTC, the end not part of it.
        allow_external_schedulers: Whether the interval that Airflow or `DLT_INTERVAL_START` and
            `DLT_INTERVAL_END` set is such a span; as dlt's own incremental has it.
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
        cycle: What several runs have in common that load a part each; see `load`.

    Returns:
        The resources `sessions`, `session_pull_requests`, `session_tags`, `session_links`,
        `session_snapshots`, `rejected_items` and `sync_runs`, each a table of the same name. Two
        more are not selected: reading `access` tells what the token may do (see `identity`), and
        `scopes` the names of what would be read.

    Raises:
        ConfigurationError: An option is not what it should be.
        DevinError: While the resources are read; see `errors` for all there are.
    """
    options = dict(locals())
    given_cycle, span = options.pop("cycle"), _span(options)
    filters = {name: options.pop(name) for name in Filters.model_fields}
    settings = Settings.checked(**options, filters=filters)
    expect_conversions()
    if given_cycle:
        given_cycle.intend(lambda: _plan(settings, span))

    hints: dict[str, Any] = {}

    @dlt.resource(name="cycle", selected=False)
    def read() -> Iterator[Mapping[str, Rows]]:
        _check_selection(dlt.current.source().selected_resources)
        pipeline = dlt.current.pipeline()
        check_destination(pipeline)
        with contextlib.ExitStack() as ending:
            running = given_cycle or ending.enter_context(Cycle(whole=True))
            for batch in running.package(
                lambda: _plan(settings, span),
                dlt.current.resource_state(SESSIONS.name),
                Journal(pipeline.working_dir),
                Held(pipeline),
                signals.raise_if_signalled,
            ):
                # Once for all batches: dlt keeps exceptions whose tracebacks hold what is under way
                # where a destination's capabilities are asked for.
                if not hints:
                    hints.update(load_hints(TABLES, settings.api_version))
                yield batch

    @dlt.resource(name="access", selected=False)
    def access() -> Iterator[Access]:
        with _client(settings) as client:
            yield from check_access(client, _listings(settings, client))

    @dlt.resource(name="scopes", selected=False)
    def scopes() -> Iterator[str]:
        with _client(settings) as client:
            yield from (listing.name for listing in _listings(settings, client))

    yield access
    yield scopes
    yield from (_table_resource(read, table, hints) for table in TABLES)


def load(pipeline: dlt.Pipeline, **options: Any) -> None:
    """Load everything that is new, package by package, so that a long load is safe on its way.

    Args:
        pipeline: The pipeline into the destination.
        options: Arguments of `devin` that are not left to the configuration.

    Raises:
        DevinError: Something could not be read; what could is loaded.
        Exception: Whatever dlt raises.
    """
    with Cycle() as cycle:
        source = devin(**options, cycle=cycle)
        while not cycle.finished:
            try:
                pipeline.run(source)
            except PipelineStepFailed as failed:
                if cycle.failure:
                    raise cycle.failure from failed
                raise
        if cycle.failure:
            raise cycle.failure


def next_package(
    pipeline: dlt.Pipeline,
    cycle: Cycle,
    spool: Spool,
    *,
    loaded: Callable[[], None] = lambda: None,
    look: Callable[[], None] = signals.raise_if_signalled,
) -> Callable[[], bool]:
    """What reads the next load package of a cycle, and says whether there is anything to load.

    A run that loads nothing costs more than asking, so this asks first. What is read is not read
    again by the run. It may be called in another thread, while the package before is loaded.

    Args:
        pipeline: The active pipeline; it knows what its destination holds.
        cycle: The cycle, which a source was made with.
        spool: Where the rows are kept until the run; what waits there is to be extracted before.
        loaded: Waits until the package before is loaded.
        look: Called now and then; may raise to end the run.

    Returns:
        A function without arguments that may raise what `Cycle.read_ahead` raises.

    Raises:
        DestinationUnsuitable: Nothing was ever loaded, and the destination cannot hold it.
    """
    sources: dict[str, Any] = pipeline.state.get("sources", {})
    memory = sources.get("devin", {}).get("resources", {}).get(SESSIONS.name, {})
    if not memory:  # what is remembered was loaded, so the destination could hold it
        check_destination(pipeline)
    journal, held = Journal(pipeline.working_dir), Held(pipeline, loaded)
    return lambda: cycle.read_ahead(memory, journal, held, spool, look)


def _check_selection(selected: Iterable[str]) -> None:
    """Coverage is claimed for all tables together, so they are loaded together."""
    if missing := {table.name for table in TABLES} - set(selected):
        raise errors.ConfigurationError(
            f"{', '.join(sorted(missing))} would not be loaded, and never be caught up on",
            "Load all tables of the source: leave with_resources() away.",
        )


def _span(options: dict[str, Any]) -> Span | None:
    """The span to read again, if there is one."""
    given, allowed = options.pop("backfill"), options.pop("allow_external_schedulers")
    if not given:
        interval = scheduled(allowed, now=int(wall_clock()))
    elif len(given) == BOUNDS:
        interval = read_range(*given, now=int(wall_clock()))
    else:
        raise errors.ConfigurationError(
            f"backfill is wrong: {given!r} is not the begin and the end of a span",
            'Give two dates or instants, such as ("2026-03-01", "2026-04-01").',
        )
    return None if interval is None else Span(*interval)


def _wait(condition: Condition, seconds: float | None) -> None:
    """Wait, unless somebody stops the run: dlt only takes a note of the first signal."""
    signals.raise_if_signalled()
    condition.wait(min(1.0, seconds or 1.0))
    signals.raise_if_signalled()


def _client(settings: Settings) -> Client:
    return Client(
        settings.base_url,
        settings.api_key.get_secret_value(),
        policy=settings.retry_policy,
        timeout=settings.timeout,
        pace=Pace(settings.concurrency, settings.requests_per_second, wait=_wait),
    )


def _plan(settings: Settings, span: Span | None) -> Plan:
    client = _client(settings)
    try:
        listings = _listings(settings, client)
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


def _listings(settings: Settings, client: Client) -> list[Listing] | list[EnterpriseListing]:
    rest = settings.filters, settings.page_size
    if settings.api_version == "v2":
        return [EnterpriseListing(client.counting(), settings.org_ids, *rest)]
    org_ids = settings.org_ids or (own_organization(client),)
    return [Listing(client.counting(), org_id, *rest) for org_id in dict.fromkeys(org_ids)]


def _table_resource(cycle: DltResource, table: Table, hints: Mapping[str, Any]) -> DltResource:
    """The resource that picks one table out of what the cycle yields."""

    @dlt.transformer(data_from=cycle, write_disposition="merge", **table.hints())
    def pick(batch: Mapping[str, Rows]) -> Iterator[Any]:
        rows = batch.get(table.name)
        if rows is None:
            return
        own = deepcopy(hints[table.name])
        if isinstance(rows, Spooled):
            if merges_directly(dlt.current.pipeline()):
                yield file_item(rows, own)
                return
            rows = rows.read()
        from .rows import with_load_id

        yield dlt.mark.with_hints(with_load_id(rows, load_package_state()["load_id"]), own)

    return pick.apply_hints(additional_table_hints={"description": table.description})
