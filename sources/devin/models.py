"""The contract of a page, and the one canonical session that every dialect becomes.

Contracts are TypedDicts: pydantic validates a whole page of them from bytes in one call. Unknown
fields are kept (they end up in `extra`), unknown enum values are plain text, and only what could
not be loaded truthfully breaks the contract: a missing required field, a value of another type, a
time that is not epoch seconds.
"""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Generic, NamedTuple, NotRequired, TypeVar, cast

from pydantic import (
    AfterValidator,
    BeforeValidator,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationError,
    with_config,
)
from typing_extensions import TypedDict

from .client import UndecodableBody

EARLIEST_MILLISECONDS = 100_000_000_000
"""From here on a number is taken for milliseconds, not for a second of the year 5138."""

ID_PREFIX = "devin-"
MARKER = "devin-elt:replaced-as-of:"
"""What no tag and no address may begin with: it tells marker rows from real ones (see `rows`)."""


def _storable(text: str) -> str:
    """Text as every destination can hold it: U+0000 becomes U+FFFD."""
    return text.replace("\x00", "\ufffd") if "\x00" in text else text


def _number(value: Any) -> Any:
    """What Python takes for a number is none in JSON: true and false."""
    if isinstance(value, bool):
        raise ValueError(f"{json.dumps(value)} is not a number")  # noqa: TRY004 - pydantic reads this one only
    return value


def _no_marker(text: str) -> str:
    if text.startswith(MARKER):
        raise ValueError(f"begins with {MARKER}, which is reserved")
    return text


Text = Annotated[str, AfterValidator(_storable)]
Name = Annotated[Text, AfterValidator(_no_marker)]
Id = Annotated[Text, Field(min_length=1)]
EpochSeconds = Annotated[int, Field(ge=0, lt=EARLIEST_MILLISECONDS), BeforeValidator(_number)]
Amount = Annotated[float, BeforeValidator(_number)]


@with_config(ConfigDict(extra="allow"))
class PullRequest(TypedDict):
    """A pull request as a session lists it."""

    pr_url: Annotated[Name, Field(min_length=1)]
    pr_state: NotRequired[Text | None]


@with_config(ConfigDict(extra="allow", allow_inf_nan=False))
class Session(TypedDict):
    """A session as the v3 listing returns it: the canonical one."""

    session_id: Id
    org_id: Id
    url: Text
    status: Text
    created_at: EpochSeconds
    updated_at: EpochSeconds
    acus_consumed: Amount
    tags: list[Name]
    pull_requests: list[PullRequest]
    title: NotRequired[Text | None]
    status_detail: NotRequired[Text | None]
    origin: NotRequired[Text | None]
    category: NotRequired[Text | None]
    subcategory: NotRequired[Text | None]
    is_archived: NotRequired[bool | None]
    user_id: NotRequired[Text | None]
    service_user_id: NotRequired[Text | None]
    playbook_id: NotRequired[Text | None]
    automation_id: NotRequired[Text | None]
    devin_mode: NotRequired[Text | None]
    parent_session_id: NotRequired[Text | None]
    child_session_ids: NotRequired[list[Text] | None]
    structured_output: NotRequired[dict[str, Any] | None]


class Envelope(TypedDict):
    """What a page of any version has: items, of whatever kind."""

    items: list[Any]


class _LoosePage(Envelope):
    end_cursor: NotRequired[str | None]
    has_next_page: NotRequired[bool]
    total: NotRequired[int | None]


class _Page(_LoosePage):
    items: list[Session]


KNOWN_FIELDS = frozenset(Session.__annotations__)
_KNOWN_PULL_REQUEST_FIELDS = frozenset(PullRequest.__annotations__)


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

    sessions: list[Session]
    rejected: list[RejectedItem]
    end_cursor: str | None
    has_next_page: bool
    total: int | None


class Turn(NamedTuple):
    """What a page says of the ones that follow; the fields are those of `Page`."""

    end_cursor: str | None
    has_next_page: bool
    total: int | None


E = TypeVar("E", bound=Envelope)


@dataclass(frozen=True)
class Contract(Generic[E]):
    """What one version of the API promises of a page, and how its pages are read.

    Attributes:
        page: The page, every item checked.
        loose_page: The same, its items not looked at.
        session: An item, which becomes the canonical session.
        turn: What a page says of the ones that follow.
        id_fields: Where an item may name its session.
    """

    page: TypeAdapter[E]
    loose_page: TypeAdapter[E]
    session: TypeAdapter[Any]
    turn: Callable[[E], Turn]
    id_fields: tuple[str, ...] = ("session_id",)

    def decode(self, body: bytes) -> Page:
        """Read a page.

        Args:
            body: The answer's body.

        Returns:
            The page; an item that breaks the contract is among its `rejected`, the rest loads.

        Raises:
            UndecodableBody: The body is not JSON, or not the envelope of a page.
        """
        try:
            envelope = self.page.validate_json(body)
        except ValidationError:
            return self._decode_item_by_item(body)
        return self._page(envelope, envelope["items"], [])

    def _decode_item_by_item(self, body: bytes) -> Page:
        try:
            envelope = self.loose_page.validate_python(json.loads(body))
        except ValidationError as error:
            raise UndecodableBody(f"not a page of sessions: {_reason(_details(error))}") from error
        except (ValueError, RecursionError) as error:
            raise UndecodableBody(f"not JSON: {error}") from error
        sessions: list[Session] = []
        rejected: list[RejectedItem] = []
        for item in envelope["items"]:
            try:
                # As JSON again: a lone surrogate passes in Python, and no destination can hold it.
                raw = json.dumps(item)
                sessions.append(self.session.validate_json(raw))
            except ValidationError as error:
                rejected.append(self._rejected(item, raw, _details(error)))
        return self._page(envelope, sessions, rejected)

    def _page(self, envelope: E, sessions: list[Session], rejected: list[RejectedItem]) -> Page:
        for session in sessions:
            session["session_id"] = bare_id(session["session_id"])
        return Page(sessions, rejected, *self.turn(envelope))

    def _rejected(self, item: Any, raw: str, details: list[dict[str, Any]]) -> RejectedItem:
        fields = item if isinstance(item, dict) else {}
        named = (fields.get(name) for name in self.id_fields)
        session_id = next((bare_id(name) for name in named if name and isinstance(name, str)), None)
        return RejectedItem(fingerprint(raw), _reason(details), details, raw, session_id)


def _details(error: ValidationError) -> list[dict[str, Any]]:
    entries = error.errors(include_url=False, include_context=False, include_input=False)
    return [{**entry, "loc": list(entry["loc"])} for entry in entries]


def _reason(details: list[dict[str, Any]]) -> str:
    first = details[0]
    return f"{'.'.join(map(str, first['loc']))}: {first['msg']}".lstrip(": ")


def bare_id(session_id: str) -> str:
    """A session id without the `devin-` that some endpoints put before it."""
    return session_id.removeprefix(ID_PREFIX) or session_id


def extra_fields(session: Session) -> dict[str, Any] | None:
    """The fields of a session that this version does not know; None if there are none.

    Those of its pull requests are under `pull_requests`, by address.
    """
    extra = _unknown(session, KNOWN_FIELDS)
    of_pull_requests = {
        entry["pr_url"]: unknown
        for entry in session["pull_requests"]
        if (unknown := _unknown(entry, _KNOWN_PULL_REQUEST_FIELDS))
    }
    if of_pull_requests:
        extra["pull_requests"] = of_pull_requests
    return extra or None


def _turn(page: _LoosePage) -> Turn:
    return Turn(page.get("end_cursor"), page.get("has_next_page", False), page.get("total"))


_V3 = Contract(TypeAdapter(_Page), TypeAdapter(_LoosePage), TypeAdapter(Session), _turn)


def decode_page(body: bytes) -> Page:
    """Read a page of the v3 listing; see `Contract.decode`."""
    return _V3.decode(body)


def _unknown(fields: Session | PullRequest, known: frozenset[str]) -> dict[str, Any]:
    if fields.keys() <= known:
        return {}
    untyped = cast(dict[str, Any], fields)
    return {key: value for key, value in untyped.items() if key not in known}


def fingerprint(content: str) -> str:
    """A short name for a content: 16 hexadecimal digits, equal only for equal content."""
    return hashlib.blake2b(content.encode(), digest_size=8).hexdigest()


def session_fingerprint(session: Session) -> str:
    """The fingerprint of everything the API said of a session."""
    return fingerprint(json.dumps(session, sort_keys=True))
