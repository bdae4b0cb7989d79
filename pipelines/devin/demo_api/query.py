"""What a client asks of the listing, checked the way the real service checks it."""

from collections.abc import Callable, Iterable
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails, PydanticCustomError

from .rows import bare
from .vocabulary import CATEGORIES, ORIGINS

Pairs = Iterable[tuple[str, str]]
Q = TypeVar("Q", bound=BaseModel)


def _one_of(words: tuple[str, ...]) -> Callable[[str], str]:
    expected = ", ".join(repr(word) for word in words)

    def check(word: str) -> str:
        if word not in words:
            raise PydanticCustomError("enum", "Input should be {expected}", {"expected": expected})
        return word

    return check


_Origin = Annotated[str, AfterValidator(_one_of(ORIGINS))]
_Category = Annotated[str, AfterValidator(_one_of(CATEGORIES))]
SessionId = Annotated[str, AfterValidator(bare)]


class Filters(BaseModel):
    """Which sessions to list. None lets every session pass.

    Times are epoch seconds: `*_after` includes its second, `*_before` does not. Of a set, one
    match is enough.
    """

    model_config = ConfigDict(frozen=True)

    created_after: int | None = None
    created_before: int | None = None
    updated_after: int | None = None
    updated_before: int | None = None
    tags: frozenset[str] | None = None
    origins: frozenset[_Origin] | None = None
    category: _Category | None = None
    playbook_id: str | None = None
    schedule_id: str | None = None
    user_ids: frozenset[str] | None = None
    service_user_ids: frozenset[str] | None = None
    repo_names: frozenset[str] | None = None
    is_archived: bool | None = None
    session_ids: frozenset[SessionId] | None = None


_SETS = frozenset(
    {"tags", "origins", "user_ids", "service_user_ids", "repo_names", "session_ids", "org_ids"}
)


class Query(Filters):
    """Which sessions to list, and which part of that list to send."""

    first: int = Field(default=100, ge=1, le=200)
    after: str | None = None

    @property
    def filters(self) -> Filters:
        """The query without the part: every page of a walk has the same."""
        return Filters.model_construct(**{name: getattr(self, name) for name in _FILTERS})


_FILTERS = tuple(Filters.model_fields)


class InvalidQuery(ValueError):
    """A query that cannot be answered.

    Args:
        errors: One entry of `loc`, `msg` and `type` for each fault, ready to be sent.
    """

    def __init__(self, errors: list[dict[str, Any]]) -> None:
        super().__init__(f"{len(errors)} invalid parameters")
        self.errors = errors


def parse(pairs: Pairs, kind: type[Q]) -> Q:
    """Read the query of a request; names it does not know are ignored.

    Raises:
        InvalidQuery: At least one value is not acceptable; all of them are reported.
    """
    try:
        return kind.model_validate(_gathered(pairs))
    except ValidationError as failure:
        raise InvalidQuery([_told(error) for error in failure.errors()]) from None


def _gathered(pairs: Pairs) -> dict[str, str | list[str]]:
    """A set is sent by repeating its name; of any other name the last value counts."""
    sets: dict[str, list[str]] = {}
    scalars: dict[str, str] = {}
    for name, value in pairs:
        if name in _SETS:
            sets.setdefault(name, []).append(value)
        else:
            scalars[name] = value
    return {**scalars, **sets}


def _told(error: ErrorDetails) -> dict[str, Any]:
    return {"loc": ["query", *error["loc"]], "msg": error["msg"], "type": error["type"]}
