"""Keeps two warnings of dlt's quiet that are true, and meant: here they are no news.

JSON columns travel as text in Arrow, since nested Arrow types fail on some destinations; dlt warns
at every batch that a column's hint says something else than its Arrow type. And where a
destination has no good way of taking Arrow, dlt warns at every table that it converts the rows.
"""

import logging
import re

from .tables import TABLES
from .usage_tables import USAGE_TABLES

_OURS = "|".join(table.name for table in (*TABLES, *USAGE_TABLES))
_EXPECTED = re.compile(
    rf"In resource: ({_OURS}), when merging .* several column hints were different"
    rf"|For data items in `({_OURS})` .* native writer could not be found"
)


class _Expected(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        return not _EXPECTED.match(record.getMessage())


_FILTER = _Expected()


def expect_conversions() -> None:
    """Keep the warnings quiet for the tables of this source, and only for them."""
    logging.getLogger("dlt").addFilter(_FILTER)
