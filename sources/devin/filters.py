"""The filters that restrict a sync to some of an organisation's sessions."""

import contextlib
import json
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict

from .session import Session, bare_id


def _as_list(value: Any) -> Any:
    """A list as the environment may hold it: JSON, or the one value that there is."""
    if not isinstance(value, str):
        return value
    with contextlib.suppress(ValueError):
        if isinstance(parsed := json.loads(value), list):
            return parsed
    return [value] if value else []


Contradiction = tuple[Session, str]
"""A session that was returned, and what was asked for that excludes it."""

Texts = Annotated[tuple[str, ...], BeforeValidator(_as_list)]

IN_V2 = frozenset({"tags", "user_ids", "session_ids"})
"""The filters that v2 has."""


def described(given: Iterable[tuple[str, tuple[str, ...]]]) -> str:
    """Parameters as part of a scope's name: the same read the same, others differently."""
    return "&".join(
        f"{name}={value.replace('%', '%25').replace('&', '%26')}"
        for name, values in sorted(given)
        for value in sorted(set(values))
    )


class Filters(BaseModel):
    """What a caller may restrict a sync with, named as the API's own parameters.

    A list matches sessions that have any of its values. Values are not checked against the ones
    known today, since the API keeps adding some; it refuses what it does not know.

    Attributes:
        tags: Tags.
        origins: Where sessions were started, such as `slack` or `api`.
        category: The use case that a session was classified as.
        playbook_id: The playbook that sessions follow.
        schedule_id: The schedule that started sessions.
        user_ids: People who started sessions.
        service_user_ids: Service users that started sessions.
        repo_names: Repositories as `owner/name`.
        is_archived: Only archived sessions, or only others; None for both.
        session_ids: These sessions only.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    tags: Texts = ()
    origins: Texts = ()
    category: str | None = None
    playbook_id: str | None = None
    schedule_id: str | None = None
    user_ids: Texts = ()
    service_user_ids: Texts = ()
    repo_names: Texts = ()
    is_archived: bool | None = None
    session_ids: Texts = ()

    def params(self) -> list[tuple[str, str]]:
        """The query parameters: a list repeats its key, which is the form the API reads."""
        return [(name, value) for name, values in self.given() for value in values]

    def describe(self) -> str:
        """The filters as part of a scope's name; see `described`."""
        return described(self.given())

    def excluding(self, sessions: Sequence[Session]) -> Contradiction | None:
        """A session that contradicts a filter, and which; None where none can be seen to.

        Tags, repositories and schedules are not looked at: how the API matches the first two is not
        documented, and a session does not name its schedule.
        """
        for name, (key, wanted) in self._visible.items():
            for session in sessions:
                if getattr(session, key) not in wanted:
                    return session, name
        return None

    @cached_property
    def _visible(self) -> dict[str, tuple[str, frozenset[Any]]]:
        """The filters that show in a row: the field to look at, and what it may hold."""
        visible = {
            "origins": ("origin", self.origins),
            "category": ("category", self.category and (self.category,)),
            "playbook_id": ("playbook_id", self.playbook_id and (self.playbook_id,)),
            "user_ids": ("user_id", self.user_ids),
            "service_user_ids": ("service_user_id", self.service_user_ids),
            "session_ids": ("session_id", tuple(map(bare_id, self.session_ids))),
            "is_archived": (
                "is_archived",
                {None: (), True: (True,), False: (False, None)}[self.is_archived],
            ),
        }
        return {name: (key, frozenset(wanted)) for name, (key, wanted) in visible.items() if wanted}

    def given(self) -> Iterator[tuple[str, tuple[str, ...]]]:
        """The filters that are set, by name, with their values as the API reads them."""
        for name in sorted(type(self).model_fields):
            value = getattr(self, name)
            if isinstance(value, bool):
                yield name, ("true" if value else "false",)
            elif isinstance(value, str):
                yield name, (value,)
            elif value:
                yield name, value
