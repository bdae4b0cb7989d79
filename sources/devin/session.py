"""The one canonical session that every dialect of the API becomes, and the page that brings it."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import msgspec

EARLIEST_MILLISECONDS = 100_000_000_000
"""From here on a number is taken for milliseconds, not for a second of the year 5138."""

ID_PREFIX = "devin-"
MARKER = "devin-elt:replaced-as-of:"
"""What no tag and no address may begin with: by it `shredding` marks the rows that are not real."""

NAME_OF_EXTRA = "devin-elt:extra"
"""What `Session.extra` is called in JSON, so that no field of the API is taken for it."""

Filled = Annotated[str, msgspec.Meta(min_length=1)]
EpochSeconds = Annotated[int, msgspec.Meta(ge=0, lt=EARLIEST_MILLISECONDS)]

if TYPE_CHECKING:
    Extra = dict[str, Any] | None
else:
    # What no JSON is: a field of the API that has this very name is not to be taken for it.
    Extra = Annotated[dict[str, Any], msgspec.Meta(min_length=1, max_length=0)]


# Neither takes part in garbage collection: what comes of JSON holds no cycles.
class PullRequest(msgspec.Struct, gc=False, forbid_unknown_fields=True):
    """A pull request as a session lists it."""

    pr_url: Filled
    pr_state: str | None = None


class Session(
    msgspec.Struct,
    gc=False,
    forbid_unknown_fields=True,
    kw_only=True,
    rename={"extra": NAME_OF_EXTRA},
):
    """A session as the v3 listing returns it, its id without prefix.

    Times are epoch seconds. `extra` holds the fields that this version does not know, None if there
    are none; those of its pull requests are under `pull_requests`, by address.
    """

    session_id: Filled
    org_id: Filled
    url: str
    status: str
    created_at: EpochSeconds
    updated_at: EpochSeconds
    acus_consumed: float
    tags: list[str]
    pull_requests: list[PullRequest]
    title: str | None = None
    status_detail: str | None = None
    origin: str | None = None
    category: str | None = None
    subcategory: str | None = None
    is_archived: bool | None = None
    user_id: str | None = None
    service_user_id: str | None = None
    playbook_id: str | None = None
    automation_id: str | None = None
    devin_mode: str | None = None
    parent_session_id: str | None = None
    child_session_ids: list[str] | None = None
    structured_output: dict[str, Any] | None = None
    extra: Extra = None


class Sessions(list[Session]):
    """Sessions that come together, and what is asked of each of them, in their order."""

    @classmethod
    def of(cls, sessions: Sequence[Session]) -> "Sessions":
        """These sessions; what was asked of them before is not asked again."""
        return sessions if isinstance(sessions, cls) else cls(sessions)

    @cached_property
    def session_ids(self) -> list[str]:
        """Their ids."""
        return [session.session_id for session in self]

    @cached_property
    def created_at(self) -> list[int]:
        """When they were created, epoch seconds."""
        return [session.created_at for session in self]

    @cached_property
    def updated_at(self) -> list[int]:
        """When they last changed, epoch seconds."""
        return [session.updated_at for session in self]


KNOWN_FIELDS = frozenset(Session.__struct_fields__) - {"extra"}
KNOWN_PULL_REQUEST_FIELDS = frozenset(PullRequest.__struct_fields__)


@dataclass(frozen=True)
class RejectedItem:
    """An item that broke its contract.

    Attributes:
        item_hash: Names the item by its content: the same item is the same row each time.
        reason: The first thing that is wrong with it, in one line.
        error: All that is wrong: `[{"loc": [...], "msg": ..., "type": ...}, ...]`.
        raw: The item as JSON text.
        session_id: The session that it is about, without prefix; None where it does not say.
    """

    item_hash: str
    reason: str
    error: list[dict[str, Any]]
    raw: str
    session_id: str | None = None


class Turn(NamedTuple):
    """What a page says of the ones that follow; the fields are those of `Page`."""

    end_cursor: str | None
    has_next_page: bool
    total: int | None


@dataclass(frozen=True)
class Page:
    """One page of a listing.

    Attributes:
        sessions: The sessions that keep the contract, in the API's order.
        rejected: The items that don't.
        end_cursor: Where the next page begins; None if the API named no place.
        has_next_page: Whether there is one.
        total: How many items match in all, None where the API does not say.
    """

    sessions: Sessions
    rejected: list[RejectedItem]
    end_cursor: str | None
    has_next_page: bool
    total: int | None


def bare_id(session_id: str) -> str:
    """A session id without the `devin-` that some endpoints put before it."""
    return session_id.removeprefix(ID_PREFIX) or session_id


def fingerprint(content: str) -> str:
    """A short name for a content: 16 hexadecimal digits, equal only for equal content."""
    return _digest(content.encode())


def session_fingerprint(session: Session) -> str:
    """The fingerprint of everything the API said of a session."""
    return _digest(msgspec.json.encode(session, order="sorted"))


def _digest(content: bytes) -> str:
    return hashlib.blake2b(content, digest_size=8).hexdigest()
