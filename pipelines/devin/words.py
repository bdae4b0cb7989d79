"""Results in words, for people at a terminal."""

from datetime import datetime, timedelta
from typing import Any

from .status import ScopeStatus, Status, iso
from .sync import SyncResult

_NOUNS = {
    "sessions": "sessions",
    "session_pull_requests": "pull requests",
    "session_tags": "tags",
    "session_links": "links",
    "rejected_items": "rejected items",
}


def sync_in_words(result: SyncResult) -> str:
    """What a sync did: a line a scope, and one for what a crash had left."""
    lines = []
    if result.drained:
        lines.append(f"Loaded {_packages(result.drained)} that an earlier run had left pending.")
    if result.dropped:
        lines.append(f"Dropped {_packages(result.dropped)}: another machine has loaded since.")
    lines += [_run_in_words(run) for run in result.runs]
    return "\n".join([*lines, f"Done in {result.seconds:.1f} s."])


def _run_in_words(run: dict[str, Any]) -> str:
    counts = [
        f"{run['rows'][table]:,} {noun}" for table, noun in _NOUNS.items() if run["rows"].get(table)
    ]
    what = "loaded " + ", ".join(counts) if counts else "nothing new"
    again = f", {run['unchanged']:,} came again unchanged" if run["unchanged"] else ""
    traffic = f"{run['requests']:,} requests"
    if run["retries"]:
        traffic += f", {run['retries']:,} of them retries"
    return f"{run['scope']}: {what}{again} ({traffic}); complete as of {_short(run['as_of'])}."


def status_in_words(status: Status, now: datetime) -> str:
    """The status of a pipeline, some lines a scope."""
    if not status.scopes:
        return "Nothing is loaded yet. Run: devin-elt sync"
    parts = [_scope_in_words(scope, now) for scope in status.scopes]
    if status.pending_packages:
        parts.append(
            f"{_packages(status.pending_packages).capitalize()} pending: the next sync loads them "
            "first."
        )
    return "\n\n".join(parts)


def _scope_in_words(scope: ScopeStatus, now: datetime) -> str:
    lag = scope.lag(now)
    lines = [scope.scope]
    lines += [
        f"  created {iso(created_from)} to {iso(created_to)}: complete as of {iso(as_of)}"
        for created_from, created_to, as_of in scope.covered
    ] or ["  nothing is covered yet"]
    if lag is not None:
        lines.append(f"  last good cycle {timedelta(seconds=round(lag))} ago")
    lines.append(f"  rejected items: {scope.rejected:,}")
    lines.append("  last cycles:")
    lines += [
        f"    {_short(cycle['finished_at'].isoformat())}  {cycle['outcome']}"
        + (f": {cycle['error']}" if cycle["error"] else "")
        for cycle in scope.cycles
    ]
    return "\n".join(lines)


def _packages(count: int) -> str:
    return f"{count} load package{'s' if count != 1 else ''}"


def _short(moment: str | None) -> str:
    return "never" if moment is None else moment[:19].replace("T", " ") + "Z"
