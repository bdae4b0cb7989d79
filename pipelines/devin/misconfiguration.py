"""What dlt raises where a setting is wrong or missing, as an error that says where it goes."""

import re
from collections.abc import Callable
from typing import Any

from dlt.common.configuration.exceptions import (
    ConfigFieldMissingException,
    ConfigurationException,
    ConfigValueCannotBeCoercedException,
)
from dlt.common.destination.exceptions import UnknownDestinationModule
from dlt.common.exceptions import MissingDependencyException

from sources.devin.errors import ConfigurationError, DevinError, TokenRejected, excerpt

_WORDS = {
    "bool": "true or false",
    "dict": 'a table such as {"name": "value"}',
    "float": "a number",
    "int": "a whole number",
    "list": 'a list such as ["one", "two"]',
}


def misconfiguration(cause: BaseException) -> DevinError | None:
    """The error to show in place of an exception; None if it is not about the configuration."""
    for kind, translate in _KINDS.items():
        if isinstance(cause, kind):
            return translate(cause)
    return None


def sentence(text: str) -> str:
    """What an error of somebody else says, as part of a sentence of ours."""
    return excerpt(text.replace("`", "")).rstrip(".! ")


def _unknown_destination(cause: Any) -> ConfigurationError:
    return ConfigurationError(
        f"there is no destination {cause.ref!r}", "Name one that dlt has: duckdb, postgres, ..."
    )


def _driver_missing(cause: Any) -> ConfigurationError:
    packages = " ".join(f"'{package}'" for package in cause.dependencies)
    return ConfigurationError(
        f"the {cause.caller} needs {packages}, which is not installed",
        f"Install it into the same environment: pip install {packages}",
    )


def _not_that_kind(cause: Any) -> ConfigurationError:
    kind = getattr(cause.hint, "__name__", str(cause.hint))
    return ConfigurationError(
        f"{cause.field_name} is wrong: {cause.field_value!r} is not {_WORDS.get(kind, kind)}",
        f"Correct it where it is set: {cause.field_name} in .dlt/config.toml, or a variable that "
        f"ends in __{cause.field_name.upper()}.",
    )


def _missing(cause: Any) -> ConfigurationError:
    fields = list(cause.fields)
    if "api_key" in fields:
        return TokenRejected("no token is configured: api_key is missing")
    if found := re.search(r"\bDESTINATION__([A-Z0-9]+)__CREDENTIALS", str(cause)):
        name = found[1].lower()
        return ConfigurationError(
            f"the credentials of destination {name} are missing or incomplete",
            f"Put them into {found[0]}, or under [destination.{name}] in .dlt/secrets.toml.",
        )
    return ConfigurationError(
        f"{', '.join(fields)} is not configured", "Set it in .dlt/config.toml or .dlt/secrets.toml."
    )


def _wrong(cause: Any) -> ConfigurationError:
    said = getattr(cause, "inner_exception", None) or cause
    return ConfigurationError(
        f"the configuration cannot be read: {sentence(str(said))}",
        "Correct it in .dlt/ or in the environment.",
    )


_KINDS: dict[type[BaseException], Callable[[Any], DevinError]] = {
    UnknownDestinationModule: _unknown_destination,
    MissingDependencyException: _driver_missing,
    ConfigFieldMissingException: _missing,
    ConfigValueCannotBeCoercedException: _not_that_kind,
    ConfigurationException: _wrong,
}
"""What dlt raises where a setting is wrong, the special before the general."""
