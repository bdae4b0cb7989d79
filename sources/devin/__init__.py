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
from functools import partial
from typing import Any

import dlt
from dlt.common.runtime import signals
from dlt.common.storages.load_package import load_package_state
from dlt.pipeline.exceptions import PipelineStepFailed
from dlt.sources import DltResource

from . import errors
from .assembly import asking_of, client_of, listings_of, plan_of
from .coverage import Span
from .cycle import Cycle, Rows
from .due import Due
from .errors import DevinError
from .filters import Filters
from .held import Held
from .identity import Access, check_access
from .listing import LARGEST_PAGE
from .merging import check_destination, file_item, load_hints, merges_directly
from .quiet import expect_conversions
from .ranges import read_range, scheduled
from .retry import wall_clock
from .runs import Journal
from .settings import Settings
from .spool import Spool, Spooled
from .tables import SESSIONS, TABLES, Table
from .usage import Usage
from .usage_tables import USAGE_TABLES

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
    batch_size: int = 5_000,
    timeout: str = "60s",
    retry_attempts: int = 8,
    retry_budget: str = "5m",
    concurrency: int = 8,
    requests_per_second: float | None = None,
    commit_every: int = 200_000,
    rescan: str = "30d",
    rescan_every: str = "1d",
    most_deleted: float = 0.05,
    usage_every: str = "6h",
    consumption_overlap: str = "7d",
    insights: bool = False,
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
    usage: Usage | None = None,
) -> Iterable[DltResource]:
    """The sessions of one or several organisations, and what their people used in all.

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
        usage_every: How often the tables beside the sessions are read: people, playbooks,
            consumption, limits, metrics; `0` for never.
        consumption_overlap: How far behind what is loaded consumption is asked for again: the
            margin for what is booked late.
        insights: Whether the insights of sessions are read as well, which may quote prompts.
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
        cycle: What several runs have in common that load a part of the sessions each; see `load`.
        usage: What a run tells of the tables beside the sessions, which then are all it loads.

    Returns:
        A resource for each table, of the same name: those of the sessions, `sessions`,
        `session_pull_requests`, `session_tags`, `session_links`, `session_snapshots`,
        `rejected_items` and `sync_runs`, and those of `usage_tables`. Others are not selected:
        reading `access` tells what the token may do (see `identity`), `usage_access` what it may
        do besides, and `scopes` the names of what would be read.

    Raises:
        ConfigurationError: An option is not what it should be.
        DevinError: While the resources are read; see `errors` for all there are.
    """
    options = dict(locals())
    given_cycle, given_usage = options.pop("cycle"), options.pop("usage")
    span = _span(options)
    filters = {name: options.pop(name) for name in Filters.model_fields}
    settings = Settings.checked(**options, filters=filters)
    expect_conversions()
    # What is read again is a span of sessions; all else has no such spans.
    due = Due(0.0 if span else settings.usage_every, settings.insights)
    if given_cycle:
        given_cycle.intend(lambda: plan_of(settings, span), due)

    hints: dict[str, Any] = {}

    @dlt.resource(name="cycle", selected=False)
    def read() -> Iterator[Mapping[str, Rows]]:
        _check_selection(dlt.current.source().selected_resources)
        pipeline = dlt.current.pipeline()
        check_destination(pipeline)
        with contextlib.ExitStack() as ending:
            running = given_cycle or ending.enter_context(Cycle(whole=True))
            for batch in running.package(
                lambda: plan_of(settings, span),
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
        with client_of(settings) as client:
            yield from check_access(client, listings_of(settings, client))

    @dlt.resource(name="scopes", selected=False)
    def scopes() -> Iterator[str]:
        with client_of(settings) as client:
            yield from (listing.name for listing in listings_of(settings, client))

    yield access
    yield scopes
    if given_usage is None:
        yield from (_table_resource(read, table, hints) for table in TABLES)
    if given_cycle is None:
        yield from _usage_resources(settings, due, given_usage)


def _usage_resources(
    settings: Settings, due: Due, given_usage: Usage | None
) -> Iterator[DltResource]:
    """The resources of the tables beside the sessions."""
    hints: dict[str, Any] = {}

    @dlt.resource(name="usage", selected=False)
    def usage() -> Iterator[Mapping[str, Rows]]:
        pipeline, memory, now = dlt.current.pipeline(), dlt.current.resource_state, wall_clock()
        selected = dlt.current.source().selected_resources
        tables = [table for table in due.tables(memory, now) if table.name in selected]
        if not tables:
            return
        from .reading import read

        check_destination(pipeline)
        told = Usage() if given_usage is None else given_usage
        with client_of(settings) as client:
            begin = partial(asking_of, settings, client, Held(pipeline), memory)
            for batch in read(told, begin, tables, now):
                if not hints:
                    hints.update(load_hints(USAGE_TABLES, settings.api_version))
                yield batch
        if given_usage is None:
            told.complain()

    @dlt.resource(name="usage_access", selected=False)
    def usage_access() -> Iterator[Any]:
        from .reading import look

        tables = due.tables(lambda _: {}, wall_clock())
        with client_of(settings) as client:
            yield from look(partial(asking_of, settings, client), tables)

    yield usage_access
    for table in USAGE_TABLES:
        resource = _table_resource(usage, table, hints)
        resource.selected = bool(due.every)
        yield resource


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
        failure = cycle.failure
        if usage := next_usage(pipeline, cycle):
            pipeline.run(devin(**options, usage=usage))
            failure = failure or usage.failure
        if failure:
            raise failure


def next_usage(pipeline: dlt.Pipeline, cycle: Cycle) -> Usage | None:
    """What is to become of the tables beside the sessions after a cycle; None if none is due.

    Args:
        pipeline: The active pipeline.
        cycle: The cycle, which is over, and which a source was made with.

    Returns:
        What to make a source with that loads them, and what tells of it afterwards.
    """
    if cycle.due is None or isinstance(cycle.failure, errors.TryAgainLater):
        return None
    if not cycle.due.tables(lambda name: _memory(pipeline, name), wall_clock()):
        return None
    return Usage()


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
    memory = _memory(pipeline, SESSIONS.name)
    if not memory:  # what is remembered was loaded, so the destination could hold it
        check_destination(pipeline)
    journal, held = Journal(pipeline.working_dir), Held(pipeline, loaded)
    return lambda: cycle.read_ahead(memory, journal, held, spool, look)


def _memory(pipeline: dlt.Pipeline, resource: str) -> dict[str, Any]:
    """What a resource remembers."""
    sources: dict[str, Any] = pipeline.state.get("sources", {})
    found: dict[str, Any] = sources.get("devin", {}).get("resources", {}).get(resource, {})
    return found


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
