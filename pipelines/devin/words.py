"""Results in words, for people at a terminal."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from .amounts import count, duration

if TYPE_CHECKING:  # whoever has a result has imported what made it
    from .backfill import Planned
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
    """What a sync did: a line a scope, and one for what a crash had left."""
    left, lines = result.recovered, []
    if left.loaded:
        lines.append(f"Loaded {count(left.loaded, 'package')} that an earlier run had left.")
    if left.dropped:
        lines.append(
            f"Dropped {count(left.dropped, 'package')} that an earlier run had left, since "
            f"{left.reason}; what it held was asked for again."
        )
    lines += [_run_in_words(run) for run in result.runs]
    return "\n".join([*lines, f"Done in {result.seconds:.1f} s: {result.warehouse}"])


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
    """The status of a pipeline, some lines a scope."""
    parts = [_scope_in_words(scope, now) for scope in status.scopes]
    if not parts:
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
