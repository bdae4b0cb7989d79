"""The error tree: grouped by what the reader can do, and complete sentences throughout."""

import inspect
import re

import pytest

from sources.devin import errors
from sources.devin.errors import (
    BODY_EXCERPT_LENGTH,
    ConfigurationError,
    ContractBroken,
    DevinError,
    PermissionMissing,
    RateLimited,
    ScopesFailed,
    TablesFailed,
    TokenRejected,
    TryAgainLater,
    Unreachable,
    excerpt,
)

CLASSES = [
    member
    for _, member in inspect.getmembers(errors, inspect.isclass)
    if member.__module__ == errors.__name__
]
SEVERAL = (ScopesFailed, TablesFailed)
"""Errors that are about several others, and say what those advise."""
GROUPS = (ConfigurationError, PermissionMissing, *SEVERAL, TryAgainLater, ContractBroken)


def raised(cls: type[DevinError]) -> DevinError:
    """An error of a class that takes a message, and perhaps more."""
    return RateLimited("It happened", 5.0) if cls is RateLimited else cls("It happened")


def drawn_tree() -> dict[str, str]:
    """The base of each class, as the docstring of the module draws it."""
    bases: dict[str, str] = {}
    path: list[tuple[int, str]] = []
    for line in (errors.__doc__ or "").splitlines():
        if drawn := re.match(r"^[ │├└─]*(?=[A-Z]\w+(?: {2,}|$))", line):
            depth, name = drawn.end(), line[drawn.end() :].split()[0]
            path = [(level, above) for level, above in path if level < depth]
            bases[name] = path[-1][1] if path else "Exception"
            path.append((depth, name))
    return bases


def test_the_drawn_tree_is_the_tree() -> None:
    assert {cls.__name__: cls.__mro__[1].__name__ for cls in CLASSES} == drawn_tree()


@pytest.mark.parametrize("cls", CLASSES)
def test_each_error_says_what_it_means(cls: type[DevinError]) -> None:
    assert cls.__dict__.get("__doc__")


@pytest.mark.parametrize(
    "cls", [cls for cls in CLASSES if not cls.__subclasses__() and cls not in SEVERAL]
)
def test_each_error_that_is_raised_comes_with_advice(cls: type[DevinError]) -> None:
    error = raised(cls)

    assert error.message == "It happened"
    assert error.advice.endswith(".")
    assert str(error) == f"It happened. {error.advice}"


@pytest.mark.parametrize("cls", CLASSES)
def test_each_error_belongs_to_one_group(cls: type[DevinError]) -> None:
    expected = 0 if cls is DevinError else 1

    assert expected == sum(issubclass(cls, group) for group in GROUPS)


@pytest.mark.parametrize("cls", CLASSES)
def test_only_what_the_configuration_can_mend_exits_with_2(cls: type[DevinError]) -> None:
    expected = 2 if issubclass(cls, ConfigurationError) else 1

    assert expected == cls.exit_code


def test_advice_that_is_given_takes_the_place_of_the_class_own() -> None:
    error = ConfigurationError("It is wrong", "Make it right.")

    assert str(error) == "It is wrong. Make it right."
    assert ConfigurationError.advice == ""


def test_an_error_without_advice_is_its_message() -> None:
    assert str(DevinError("It happened")) == "It happened"


def test_a_message_that_ends_with_a_full_stop_gets_no_second_one() -> None:
    assert str(ConfigurationError("Not found.", "Look again.")) == "Not found. Look again."


def test_a_refused_pause_is_named_in_the_advice_and_as_a_number() -> None:
    error = RateLimited("Too many requests", 3600.4)

    assert error.retry_after == 3600.4
    assert error.advice.startswith("Run again in 3600 s: ")
    assert "raise retry_budget and retry_attempts under [sources.devin]" in error.advice


def test_scopes_that_failed_are_named_with_what_happened_and_each_advice_once() -> None:
    refused = TokenRejected("It is revoked")
    failed = {"v3/org-a": Unreachable("No answer"), "v3/org-b": Unreachable("Silence")}

    error = ScopesFailed(failed | {"v3/org-c": refused}, 5)

    assert error.message == (
        "3 of 5 scopes failed: v3/org-a: No answer; v3/org-b: Silence; v3/org-c: It is revoked"
    )
    assert error.advice == f"{Unreachable.advice} {TokenRejected.advice}"
    assert error.failed == failed | {"v3/org-c": refused}


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("", "(empty)"),
        (" \n\t ", "(empty)"),
        ("  one\r\n\ttwo  ", "one two"),
        ("x" * BODY_EXCERPT_LENGTH, "x" * 300),
        ("x" * (BODY_EXCERPT_LENGTH + 1), "x" * 300),
        (" " * 1000 + "late", "late"),
    ],
)
def test_an_excerpt_is_one_line_of_300_characters_at_most(body: str, expected: str) -> None:
    assert expected == excerpt(body)
