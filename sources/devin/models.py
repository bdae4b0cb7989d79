"""The contract of a page of v3: what the API promises, and what is made of it where it does not.

Contracts are TypedDicts: pydantic validates a whole page of them from bytes in one call. Unknown
fields are kept (they end up in `extra`), unknown enum values are plain text, and only what could
not be loaded truthfully breaks the contract: a missing required field, a value of another type, a
time that is not epoch seconds.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Generic, NotRequired, TypeVar, cast

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
from .session import (
    EARLIEST_MILLISECONDS,
    KNOWN_FIELDS,
    KNOWN_PULL_REQUEST_FIELDS,
    MARKER,
    Page,
    PullRequest,
    RejectedItem,
    Session,
    Sessions,
    Turn,
    bare_id,
    fingerprint,
)


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


@with_config(ConfigDict(extra="allow", title="PullRequest"))
class PullRequestItem(TypedDict):
    """A pull request as a session lists it."""

    pr_url: Annotated[Name, Field(min_length=1)]
    pr_state: NotRequired[Text | None]


@with_config(ConfigDict(extra="allow", allow_inf_nan=False, title="Session"))
class SessionItem(TypedDict):
    """A session as the v3 listing returns it."""

    session_id: Id
    org_id: Id
    url: Text
    status: Text
    created_at: EpochSeconds
    updated_at: EpochSeconds
    acus_consumed: Amount
    tags: list[Name]
    pull_requests: list[PullRequestItem]
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
    items: list[SessionItem]


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
        items: list[SessionItem] = []
        rejected: list[RejectedItem] = []
        for item in envelope["items"]:
            try:
                # As JSON again: a lone surrogate passes in Python, and no destination can hold it.
                raw = json.dumps(item)
                items.append(self.session.validate_json(raw))
            except ValidationError as error:
                rejected.append(self._rejected(item, raw, _details(error)))
        return self._page(envelope, items, rejected)

    def _page(self, envelope: E, items: list[SessionItem], rejected: list[RejectedItem]) -> Page:
        return Page(Sessions(map(canonical, items)), rejected, *self.turn(envelope))

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


def canonical(item: SessionItem) -> Session:
    """The session that an item becomes."""
    fields, extra = _parted(item, KNOWN_FIELDS)
    pull_requests, of_pull_requests = [], {}
    for entry in item["pull_requests"]:
        known, unknown = _parted(entry, KNOWN_PULL_REQUEST_FIELDS)
        pull_requests.append(PullRequest(**known))
        if unknown:
            of_pull_requests[entry["pr_url"]] = unknown
    if of_pull_requests:
        extra["pull_requests"] = of_pull_requests
    fields |= {"session_id": bare_id(item["session_id"]), "pull_requests": pull_requests}
    return Session(**fields, extra=extra or None)


def _turn(page: _LoosePage) -> Turn:
    return Turn(page.get("end_cursor"), page.get("has_next_page", False), page.get("total"))


_V3 = Contract(TypeAdapter(_Page), TypeAdapter(_LoosePage), TypeAdapter(SessionItem), _turn)


def decode_page(body: bytes) -> Page:
    """Read a page of the v3 listing; see `Contract.decode`."""
    return _V3.decode(body)


def _parted(
    fields: SessionItem | PullRequestItem, known: frozenset[str]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The fields that are known, and the others by name."""
    given = cast(dict[str, Any], fields)
    others = sorted(given.keys() - known)
    return {name: given[name] for name in given.keys() & known}, {n: given[n] for n in others}
