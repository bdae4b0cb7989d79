"""Results in words, for people at a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from .amounts import count, duration

if TYPE_CHECKING:  # whoever has a result has imported what made it
    from sources.devin.usage import Usage

    from .backfill import Planned
    from .models.applying import Applied
    from .models.catalogue import Model
    from .status import ScopeStatus, Status
    from .sync import SyncResult

_NOUNS = {
    "sessions": "session",
    "session_pull_requests": "pull request",
    "session_tags": "tag",
    "session_links": "link",
    "rejected_items": "rejected item",
}


def sync_in_words(result: SyncResult) -> str:
    """What a sync did: a line a scope, and some for what a crash had left and for all else."""
    left, lines = result.recovered, []
    if left.loaded:
        lines.append(f"Loaded {count(left.loaded, 'package')} that an earlier run had left.")
    if left.dropped:
        lines.append(
            f"Dropped {count(left.dropped, 'package')} that an earlier run had left, since "
            f"{left.reason}; what it held was asked for again."
        )
    lines += [_run_in_words(run) for run in result.runs]
    if result.usage:
        lines += _usage_in_words(result.usage)
    if result.models:
        lines.append(models_in_words(result.models))
    return "\n".join([*lines, f"Done in {result.seconds:.1f} s: {result.warehouse}"])


def models_in_words(applied: Applied) -> str:
    """What became of the models: a line for each that there is no view of, and one for the rest."""
    lines = [f"Model not made: {problem.message}." for problem in applied.broken]
    lines += [f"Model {name} not made: {reason}." for name, reason in applied.skipped.items()]
    if applied.created:
        lines.append(f"Made {count(len(applied.created), 'model')} in {applied.dataset}.")
    return "\n".join(lines)


def catalogue_in_words(models: Sequence[Model]) -> str:
    """The models, a line each: the name, and what it answers."""
    width = max((len(model.name) for model in models), default=0)
    return "\n".join(f"{model.name:<{width}}  {model.question}" for model in models)


def _usage_in_words(usage: Usage) -> list[str]:
    """What came beside the sessions, and what did not, with the permissions to ask for."""
    filled = {table: rows for table, rows in usage.rows.items() if rows}
    lines = []
    if filled:
        rows, tables = count(sum(filled.values()), "row"), count(len(filled), "table")
        lines.append(f"Beside the sessions: loaded {rows} of {tables}.")
    permissions: dict[str, list[str]] = {}
    for denied in usage.denied:
        permissions.setdefault(denied.permission or "", []).append(denied.what)
    refused = permissions.pop("", None)
    if permissions:
        needed = [f"{name} ({', '.join(what)})" for name, what in permissions.items()]
        lines.append(f"To read more, ask for {'; '.join(needed)}.")
    if refused:
        lines.append(f"The API refuses {', '.join(refused)}.")
    return lines


def plan_in_words(scopes: list[Planned]) -> str:
    """What a backfill would read, some lines a scope."""
    lines = []
    for scope in scopes:
        lines.append(scope.scope)
        lines += [
            f"  created {_short(part.created_from)} to {_short(part.created_to)}: would be read"
            for part in scope.slices
        ]
    return "\n".join(lines)


def _run_in_words(run: dict[str, Any]) -> str:
    rows = run["rows"]
    counts = [count(rows[table], noun) for table, noun in _NOUNS.items() if rows.get(table)]
    if run["outcome"] == "failed":
        what = f"till then it loaded {', '.join(counts)}" if counts else "nothing new is loaded"
        return f"{run['scope']}: failed; {what}."
    what = "loaded " + ", ".join(counts) if counts else "nothing new"
    traffic = count(run["requests"], "request")
    if run["retries"]:
        traffic += f", {run['retries']:,} of them again"
    return f"{run['scope']}: {what} ({traffic}); complete as of {_short(run['as_of'])}."


def status_in_words(status: Status, now: datetime) -> str:
    """The status of a pipeline: where its tables are, and some lines a scope."""
    parts = [status.warehouse, *(_scope_in_words(scope, now) for scope in status.scopes)]
    if not status.scopes:
        parts.append("Nothing is loaded yet. Run: devin-elt sync")
    if pending := status.pending_packages:
        parts.append(f"{count(pending, 'package')} pending: the next sync loads what is pending.")
    return "\n\n".join(parts)


def _scope_in_words(scope: ScopeStatus, now: datetime) -> str:
    lines = [scope.scope]
    lines += [
        f"  created {_short(begin)} to {_short(end)}: complete as of {_short(as_of)}"
        for begin, end, as_of in scope.covered
    ] or ["  nothing is loaded yet"]
    lines += [
        f"  created {_short(begin)} to {_short(end)}: to be read again"
        for begin, end in scope.missing
    ]
    lag = scope.lag(now)
    lines.append(f"  last good cycle: {'none' if lag is None else f'{duration(lag)} ago'}")
    lines.append(f"  rejected items: {scope.rejected:,}")
    lines.append("  last cycles:")
    lines += [
        f"    {_short(cycle['finished_at'])}  {cycle['outcome']}"
        + (f": {cycle['error']}" if cycle["error"] else "")
        for cycle in scope.cycles
    ]
    return "\n".join(lines)


def _short(moment: datetime | str | int | None) -> str:
    if moment is None:
        return "never"
    if isinstance(moment, str):
        moment = datetime.fromisoformat(moment)
    elif isinstance(moment, int):
        moment = datetime.fromtimestamp(moment, UTC)
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%SZ}"
