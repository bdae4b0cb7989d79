"""What a sync is configured with, checked before anything is asked for."""

import math
import re
from datetime import UTC, date, datetime
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, ValidationError

from .errors import ConfigurationError, TokenRejected
from .filters import IN_V2, Filters, Texts
from .listing import LARGEST_PAGE
from .retry import RetryPolicy

MOST_WALKERS = 64
"""Pages asked for at once at most: more threads than this only wait for each other."""

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_DURATION = re.compile(r"^\s*(\d+(?:\.\d+)?)\s*([smhdw]?)\s*$")


def duration(value: Any) -> float:
    """Seconds from a duration such as `30`, `"90s"`, `"15m"`, `"1h"`, `"7d"` or `"2w"`.

    Raises:
        ValueError: It is not one.
    """
    match = _DURATION.match(str(value))
    if not match:
        raise ValueError(f"{value!r} is not a duration such as 90s, 15m, 1h or 7d")
    return float(match[1]) * _UNITS.get(match[2], 1)


def instant(value: Any) -> int:
    """Epoch seconds from a date, an ISO 8601 instant (UTC unless it says otherwise) or a number.

    Raises:
        ValueError: It is none of these.
    """
    if isinstance(value, datetime):
        moment = value
    elif isinstance(value, date):
        moment = datetime(value.year, value.month, value.day, tzinfo=UTC)
    elif str(value).strip().isdecimal() or (isinstance(value, float) and math.isfinite(value)):
        return int(value)
    else:
        try:
            moment = datetime.fromisoformat(str(value).strip())
        except ValueError:
            raise ValueError(
                f"{value!r} is not a date such as 2026-03-01 or 2026-03-01T08:00:00Z"
            ) from None
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())


def _base_url(value: Any) -> str:
    text = str(value).strip().rstrip("/")
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError(f"{value!r} is not an address such as https://api.devin.ai")
    return text


Duration = Annotated[float, BeforeValidator(duration), Field(ge=0, allow_inf_nan=False)]
Instant = Annotated[int, BeforeValidator(instant), Field(ge=0)]


class Settings(BaseModel):
    """Everything that `devin` can be told; see there what each option is for."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    api_key: SecretStr
    base_url: Annotated[str, BeforeValidator(_base_url)]
    api_version: Literal["v3", "v2"]
    org_ids: Texts
    start_date: Instant
    overlap: Duration
    settle: Duration
    page_size: Annotated[int, Field(ge=1, le=LARGEST_PAGE)]
    batch_size: Annotated[int, Field(ge=1)]
    timeout: Annotated[Duration, Field(gt=0)]
    retry_attempts: Annotated[int, Field(ge=1)]
    retry_budget: Duration
    concurrency: Annotated[int, Field(ge=1, le=MOST_WALKERS)]
    requests_per_second: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None
    commit_every: Annotated[int, Field(ge=1)]
    rescan: Duration
    rescan_every: Duration
    most_deleted: Annotated[float, Field(ge=0, le=1)]
    usage_every: Duration
    consumption_overlap: Duration
    insights: bool
    filters: Filters

    @classmethod
    def checked(cls, **options: Any) -> "Settings":
        """The settings, if they make sense.

        Raises:
            TokenRejected: The token is empty, or could not be sent in a header.
            ConfigurationError: An option is not what it should be; the message names it.
        """
        given = options["filters"].items()
        options["filters"] = {name: value for name, value in given if value not in (None, "")}
        if options.get("org_ids") is None:
            options["org_ids"] = ()
        if options.get("requests_per_second") == "":
            options["requests_per_second"] = None
        options["rescan"] = options.get("rescan") or 0
        options["usage_every"] = options.get("usage_every") or 0
        token = options["api_key"] = str(options["api_key"]).strip()
        if not token or not token.isascii() or not token.isprintable() or " " in token:
            raise TokenRejected(
                "api_key is "
                + ("empty" if not token else "malformed: it holds characters no key has")
            )
        try:
            settings = cls.model_validate(options)
        except ValidationError as error:
            raise ConfigurationError(*_explained(error)) from None
        settings._check_filters()
        return settings

    def _check_filters(self) -> None:
        """An API answers a filter that it does not know with all sessions."""
        unknown = [name for name, _ in self.filters.given() if name not in IN_V2]
        if self.api_version == "v2" and unknown:
            raise ConfigurationError(
                f"{unknown[0]} is wrong: v2 of the API has no such filter",
                f"Take {unknown[0]} away under [sources.devin] in .dlt/config.toml (or "
                f"SOURCES__DEVIN__{unknown[0].upper()}), or read v3: api_version.",
            )

    @property
    def retry_policy(self) -> RetryPolicy:
        """How hard to try for one answer."""
        return RetryPolicy(attempts=self.retry_attempts, budget=self.retry_budget)


def _explained(error: ValidationError) -> tuple[str, str]:
    """What is wrong with which option, and where it goes."""
    first = error.errors(include_url=False)[0]
    option = next(str(part) for part in first["loc"] if part != "filters")
    problem = first["msg"].removeprefix("Value error, ")
    given = "" if option == "api_key" or "is not" in problem else f", not {first['input']!r}"
    return (
        f"{option} is wrong: {problem}{given}",
        f"Correct {option} under [sources.devin] in .dlt/config.toml, or "
        f"SOURCES__DEVIN__{option.upper()}.",
    )
