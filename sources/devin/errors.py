"""What can go wrong, grouped by what the reader can do about it.

    DevinError
    ├── ConfigurationError      fix the configuration, then run again
    │   ├── TokenRejected           the API does not accept the token
    │   ├── OrganizationUnknown     no organisation has this id
    │   ├── RequestRefused          the API calls a parameter invalid
    │   └── DestinationUnsuitable   this destination cannot hold the tables, or not exactly
    ├── PermissionMissing       ask for a permission, then run again
    ├── ScopesFailed            see to the scopes that are named; the others are loaded
    ├── TablesFailed            see to the tables that are named; all else is loaded
    ├── TryAgainLater           wait and run again: the run resumes by itself
    │   ├── RateLimited             the API asks for more patience than the retry budget allows
    │   ├── Unreachable             no usable answer in spite of all retries
    │   ├── DestinationBusy         another process holds the destination
    │   └── SyncRunning             another sync of the same pipeline is under way
    └── ContractBroken          report it: the API did not keep its contract
        ├── BodyUnreadable          an answer that is not what the endpoint promises
        ├── ClockMissing            an answer without the `Date` header that coverage depends on
        ├── CursorBroken            a cursor that repeats itself, or is missing
        ├── FilterIgnored           rows that the request's filters exclude
        ├── RowsMissing             fewer rows than the API said there are, walk after walk
        ├── PagesEndless            more pages than any organisation can have
        └── SpanShrank              far fewer sessions in a span than were loaded from it before

Every error is two sentences: `message`, what happened, and `advice`, what to do next. Neither ever
holds a token.
"""

from collections.abc import Mapping
from typing import ClassVar

NOT_ACCEPTED = "the API does not accept the token"

BODY_EXCERPT_LENGTH = 300
"""Characters of an answer's body that an error may quote."""


def excerpt(body: str) -> str:
    """The beginning of an answer's body on one line, fit to be quoted in an error.

    Args:
        body: The body, decoded.

    Returns:
        At most `BODY_EXCERPT_LENGTH` characters, white space folded; `(empty)` for nothing.
    """
    folded = " ".join(body.split())
    return folded[:BODY_EXCERPT_LENGTH] or "(empty)"


class DevinError(Exception):
    """Anything this source raises on purpose.

    Args:
        message: What happened, with the values needed to understand it.
        advice: What to do about it; the class's own advice if not given.
    """

    advice: str = ""
    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, advice: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        if advice is not None:
            self.advice = advice

    def __str__(self) -> str:
        return f"{self.message.removesuffix('.')}. {self.advice}" if self.advice else self.message


class ConfigurationError(DevinError):
    """The configuration has to be changed; running again as it is cannot succeed."""

    exit_code = 2


class TokenRejected(ConfigurationError):
    """The API does not accept the token, whatever it is used for."""

    advice = (
        "Put a valid service user key (it begins with cog_) into SOURCES__DEVIN__API_KEY, or into "
        "api_key under [sources.devin] in .dlt/secrets.toml."
    )


class OrganizationUnknown(ConfigurationError):
    """The API knows no organisation of the configured id."""

    advice = (
        "Correct org_ids under [sources.devin] in .dlt/config.toml (or SOURCES__DEVIN__ORG_IDS)."
    )


class RequestRefused(ConfigurationError):
    """The API finds a parameter invalid (400, 409, 422 and other client errors)."""

    advice = (
        "Correct the filter or option that is named, under [sources.devin] in .dlt/config.toml."
    )


class DestinationUnsuitable(ConfigurationError):
    """The destination cannot hold the tables, or not exactly."""

    advice = "Choose a destination that merges by delete-insert: DuckDB, Postgres, or a warehouse."


class PermissionMissing(DevinError):
    """The token is valid but may not do this; the message names the permission and its scope."""

    advice = "Ask an administrator of the organisation to grant it to the token's service user."


class ScopesFailed(DevinError):
    """Some scopes of several failed; the others are loaded.

    Args:
        failed: The failures by the name of the scope.
        scopes: How many scopes there are in all.
    """

    def __init__(self, failed: Mapping[str, DevinError], scopes: int) -> None:
        told = "; ".join(f"{name}: {error.message}" for name, error in failed.items())
        advice = " ".join(dict.fromkeys(error.advice for error in failed.values()))
        super().__init__(f"{len(failed)} of {scopes} scopes failed: {told}", advice)
        self.failed = dict(failed)


class TablesFailed(DevinError):
    """Some tables beside the sessions could not be read; all else is loaded.

    Args:
        failed: The failures by table, and organisation where it is of one.
    """

    def __init__(self, failed: Mapping[str, DevinError]) -> None:
        told = "; ".join(f"{name}: {error.message}" for name, error in failed.items())
        advice = " ".join(dict.fromkeys(error.advice for error in failed.values()))
        super().__init__(f"the sessions are loaded, but not {told}", advice)
        self.failed = dict(failed)


class TryAgainLater(DevinError):
    """Nothing is wrong with the configuration; the same run can succeed later."""

    advice = "Run again later: it continues by itself where it stopped."


class RateLimited(TryAgainLater):
    """The API asked for a longer pause, or for more pauses, than the retry budget allows.

    Args:
        message: What was asked, and by which request.
        retry_after: The pause it asked for, in seconds.
    """

    def __init__(self, message: str, retry_after: float) -> None:
        super().__init__(
            message,
            f"Run again in {retry_after:.0f} s: it continues by itself where it stopped. To wait "
            "longer within a run, raise retry_budget and retry_attempts under [sources.devin].",
        )
        self.retry_after = retry_after


class Unreachable(TryAgainLater):
    """No usable answer came, in spite of all retries."""

    advice = (
        "Check base_url under [sources.devin] and the network, then run again: it continues by "
        "itself where it stopped."
    )


class DestinationBusy(TryAgainLater):
    """Another process holds the destination."""

    advice = "Close what has the file open (a DuckDB shell, a notebook), then run again."


class SyncRunning(TryAgainLater):
    """Another sync of the same pipeline is under way."""

    advice = "Wait for it to end, or stop it, then run again."


class ContractBroken(DevinError):
    """The API did something its contract excludes; going on could lose rows unnoticed."""

    advice = "Please report it with this message."


class BodyUnreadable(ContractBroken):
    """An answer that is not what the endpoint promises: HTML, broken JSON, another shape."""

    advice = (
        "Check base_url under [sources.devin]: a proxy or another server may be answering. If it "
        "is right, please report this message."
    )


class ClockMissing(ContractBroken):
    """An answer without a readable `Date` header: as of when its rows hold is unknown."""


class CursorBroken(ContractBroken):
    """A cursor that was already followed in this walk, or none where more pages were announced."""


class FilterIgnored(ContractBroken):
    """Rows came that the request's filters exclude: the API ignores what it does not know."""

    advice = (
        "This API version does not apply that filter, so what it returns cannot be trusted to be "
        "complete. Remove the filter, or report it with this message."
    )


class RowsMissing(ContractBroken):
    """Every walk of a span came out with fewer rows than the API said it holds."""

    advice = "Rows kept moving between pages. Run again at a quieter time, or report this message."


class PagesEndless(ContractBroken):
    """A walk passed the page cap."""


class SpanShrank(ContractBroken):
    """A complete reading of a span returned far fewer sessions than are loaded from it."""

    advice = (
        "The API may be listing only a part of them, so none was marked as deleted, and the span "
        "will be read again. If they were really deleted, raise most_deleted under "
        "[sources.devin] for one run: a share, 0.05 by default; 1 accepts everything."
    )
