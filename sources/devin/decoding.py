"""Pages of v3 from bytes straight into sessions: nearly all of them, nearly all of the time.

What is read here is read strictly. A page with anything that cannot be taken just as it stands goes
to the contract in `models`, which knows what is to be loaded all the same, and what is rejected and
why. Of what both read, both make the same sessions.
"""

import contextlib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar, cast

import msgspec

from .session import (
    ID_PREFIX,
    KNOWN_FIELDS,
    KNOWN_PULL_REQUEST_FIELDS,
    MARKER,
    NAME_OF_EXTRA,
    Page,
    PullRequest,
    Session,
    Sessions,
    bare_id,
)

S = TypeVar("S", bound=msgspec.Struct)

_NUL = re.compile(rb"\\u0000")  # the contract changes it

# A field of msgspec's has no name that JSON escapes, and `NAME_OF_EXTRA` is one already.
_LEARNABLE = re.compile(rf'(?!{NAME_OF_EXTRA}\Z)[^"\\\x00-\x1f]*')

MOST_LEARNED = 200
"""Fields that are learned at most; a page with more of them is left to the contract."""


class Decoder:
    """Reads pages, and learns which fields the API has that this version does not know.

    The first page with such a field goes to the contract, those that follow do not. Any number of
    threads may use it.
    """

    def __init__(self) -> None:
        self._reader = _Reader()

    def decode(self, body: bytes) -> Page:
        """Read a page.

        Args:
            body: The answer's body.

        Returns:
            The page; an item that breaks the contract is among its `rejected`, the rest loads.

        Raises:
            UndecodableBody: The body is not JSON, or not the envelope of a page.
        """
        if not _NUL.search(body):
            with contextlib.suppress(msgspec.MsgspecError, ValueError, RecursionError):
                return self._reader.read(body)
        # Rarely needed, and slow to import.
        from .models import decode_page

        page = decode_page(body)
        self._reader = self._reader.knowing(page.sessions)
        return page


@dataclass(frozen=True)
class _Reader:
    """Reads pages whose items have no other fields than the known ones and these."""

    fields: tuple[str, ...] = ()
    of_pull_requests: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        session: Any = Session
        if self.fields or self.of_pull_requests:
            pull_request: Any = _with(PullRequest, self.of_pull_requests)
            session = _with(Session, self.fields, pull_requests=list[pull_request])
        page = msgspec.defstruct(
            "Page",
            [
                ("items", list[session]),
                ("end_cursor", str | None, None),
                ("has_next_page", bool, False),
                ("total", int | None, None),
            ],
        )
        object.__setattr__(self, "_decode", msgspec.json.Decoder(page).decode)

    def read(self, body: bytes) -> Page:
        if not body.isascii():
            body.decode()  # what msgspec skips it does not look at
        page: Any = self._decode(body)  # type: ignore[attr-defined]
        sessions: list[Session] = page.items
        if MARKER in "\n".join(_reserved_in(sessions)):
            raise ValueError("a marker is for the contract to reject")
        if self.fields or self.of_pull_requests:
            extras = [self._extra(session) for session in sessions]
            # Without the learned fields: who reads it does not change what a session is equal to.
            sessions = msgspec.convert(sessions, list[Session], from_attributes=True)
            for session, extra in zip(sessions, extras, strict=True):
                session.extra = extra
        for session in sessions:
            if session.session_id.startswith(ID_PREFIX):
                session.session_id = bare_id(session.session_id)
        return Page(Sessions(sessions), [], page.end_cursor, page.has_next_page, page.total)

    def knowing(self, sessions: Iterable[Session]) -> "_Reader":
        """A reader that knows the fields that these sessions have, too."""
        extras = [session.extra for session in sessions if session.extra]
        if not extras:
            return self
        of_each = [names for extra in extras for names in extra.get("pull_requests", {}).values()]
        fields = _union(self.fields, extras) - KNOWN_FIELDS
        of_pull_requests = _union(self.of_pull_requests, of_each) - KNOWN_PULL_REQUEST_FIELDS
        known = len(self.fields) + len(self.of_pull_requests)
        if not known < len(fields) + len(of_pull_requests) <= MOST_LEARNED:
            return self
        return _Reader(tuple(sorted(fields)), tuple(sorted(of_pull_requests)))

    def _extra(self, session: Session) -> dict[str, Any] | None:
        extra = _given(session, self.fields)
        of_pull_requests = {
            entry.pr_url: given
            for entry in session.pull_requests
            if (given := _given(entry, self.of_pull_requests))
        }
        if of_pull_requests:
            extra["pull_requests"] = of_pull_requests
        return extra or None


def _reserved_in(sessions: Iterable[Session]) -> Iterator[str]:
    """The texts that may not begin like a marker."""
    for session in sessions:
        yield from session.tags
        for entry in session.pull_requests:
            yield entry.pr_url


def _with(kind: type[S], names: Iterable[str], **replaced: Any) -> type[S]:
    """The same kind of item with other fields besides; they may have any name."""
    known = [
        (field.name, replaced.get(field.name, field.type), *_default(field))
        for field in msgspec.structs.fields(kind)
        if field.name != "extra"
    ]
    learned = {f"learned_{place}": name for place, name in enumerate(names)}
    made: Any = msgspec.defstruct(
        kind.__name__,
        [*known, *((field, Any, msgspec.UNSET) for field in learned)],
        rename=learned,
        kw_only=True,
        gc=False,
        forbid_unknown_fields=True,
    )
    return cast(type[S], made)


def _default(field: Any) -> list[Any]:
    return [] if field.required else [field.default]


def _given(item: msgspec.Struct, names: tuple[str, ...]) -> dict[str, Any]:
    values = ((name, getattr(item, f"learned_{place}")) for place, name in enumerate(names))
    return {name: value for name, value in values if value is not msgspec.UNSET}


def _union(names: Iterable[str], more: Iterable[Mapping[str, Any]]) -> set[str]:
    return {name for name in set(names).union(*more) if _LEARNABLE.fullmatch(name)}
