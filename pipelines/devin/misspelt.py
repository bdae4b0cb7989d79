"""Settings that nobody reads, because an option is spelt differently.

dlt takes what it asks for and leaves the rest, so a `strat_date` is no error: all is loaded.
"""

import os
from collections.abc import Collection, Iterator
from difflib import get_close_matches

from dlt.common.configuration.container import Container
from dlt.common.configuration.specs.pluggable_run_context import PluggableRunContext

_VARIABLE = "SOURCES__DEVIN__"
_ALIKE = 0.8  # of the letters


def misspelt(options: Collection[str]) -> Iterator[tuple[str, str]]:
    """Settings of the source that are no options, but look like one.

    Only these: dlt has settings of its own that may stand in the same place.

    Args:
        options: The names of all options.

    Yields:
        What is set, as it is written, and the option that it looks like; by name.
    """
    for name, written in sorted(_given().items()):
        if name not in options and (meant := get_close_matches(name, options, 1, _ALIKE)):
            yield written, meant[0]


def _given() -> dict[str, str]:
    """What is set for the source, by its name in lower case."""
    names = [name for name in os.environ if name.startswith(_VARIABLE)]
    given = {name.removeprefix(_VARIABLE).lower(): name for name in names}
    for provider in Container()[PluggableRunContext].providers.providers:
        table, _ = provider.get_value("devin", dict, "", "sources")
        given |= {name.lower(): name for name in table} if isinstance(table, dict) else {}
    return given
