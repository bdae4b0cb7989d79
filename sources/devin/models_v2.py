"""The contract of a page of v2, whose items become the canonical session of `models`.

Times are ISO 8601 here. Three dialects are about: pull requests come as `pr_url` and `pr_state`, as
`url` and `state`, or as `prs` instead of `pull_requests`; items of the last name their session
`devin_id`, `devin_status` and `session_url`.
"""

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, NotRequired, cast

from pydantic import (
    AfterValidator,
    AliasChoices,
    BeforeValidator,
    ConfigDict,
    Field,
    TypeAdapter,
    with_config,
)

from .models import Contract, Envelope, Id, Name, PullRequestItem, SessionItem, Text
from .session import EARLIEST_MILLISECONDS, Page, Turn

_DATE_AND_TIME = re.compile(r"^\d{4}-?\d\d-?\d\d[Tt ]\d\d", re.ASCII)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def _epoch_seconds(value: Any) -> int:
    """The second that an ISO 8601 time lies in; UTC unless it says otherwise."""
    if not isinstance(value, str) or not _DATE_AND_TIME.match(value):
        raise ValueError(f"{json.dumps(value)} is not an ISO 8601 time")
    try:
        moment = datetime.fromisoformat(value.upper())
    except ValueError:
        raise ValueError(f"{json.dumps(value)} is not an ISO 8601 time") from None
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return (aware - _EPOCH) // timedelta(seconds=1)


def _canonical(pull_request: PullRequestItem) -> PullRequestItem:
    """The pull request without `state`, which tells what `pr_state` tells, or stands in for it."""
    fields = cast(dict[str, Any], pull_request)
    state = fields.pop("state", None)
    if pull_request.get("pr_state") is None and state is not None:
        pull_request["pr_state"] = state
    return pull_request


Instant = Annotated[int, BeforeValidator(_epoch_seconds), Field(ge=0, lt=EARLIEST_MILLISECONDS)]


@with_config(ConfigDict(extra="allow"))
class _PullRequest(PullRequestItem):
    pr_url: Annotated[Name, Field(min_length=1, validation_alias=AliasChoices("pr_url", "url"))]
    state: NotRequired[Text | None]


@with_config(ConfigDict(extra="allow", allow_inf_nan=False))
class _Session(SessionItem):
    session_id: Annotated[Id, Field(validation_alias=AliasChoices("session_id", "devin_id"))]
    url: Annotated[Text, Field(validation_alias=AliasChoices("url", "session_url"))]
    status: Annotated[Text, Field(validation_alias=AliasChoices("status", "devin_status"))]
    created_at: Instant
    updated_at: Instant
    pull_requests: Annotated[  # type: ignore[misc]  # what comes of each is a `PullRequestItem`
        list[Annotated[_PullRequest, AfterValidator(_canonical)]],
        Field(validation_alias=AliasChoices("pull_requests", "prs")),
    ]


class _LoosePage(Envelope):
    skip: int
    has_more: bool
    limit: NotRequired[int]
    total: NotRequired[int | None]
    next_cursor: NotRequired[int | None]


class _Page(_LoosePage):
    items: list[_Session]


def _turn(page: _LoosePage) -> Turn:
    return Turn(
        str(_next_skip(page)) if page["has_more"] else None, page["has_more"], page.get("total")
    )


def _next_skip(page: _LoosePage) -> int:
    named = page.get("next_cursor")
    return page["skip"] + len(page["items"]) if named is None else named


_V2 = Contract(
    TypeAdapter(_Page),
    TypeAdapter(_LoosePage),
    TypeAdapter(_Session),
    _turn,
    id_fields=("session_id", "devin_id"),
)


def decode_enterprise_page(body: bytes) -> Page:
    """Read a page of the v2 listing of an enterprise; see `Contract.decode`.

    Its `end_cursor` is how many items to skip for the next page.
    """
    return _V2.decode(body)
