"""Keeps one warning of dlt's quiet that is true and means nothing.

JSON columns travel as text in Arrow, since nested Arrow types fail on some destinations. dlt warns
at every batch that the column's hint says something else than its Arrow type.
"""

import logging

from .tables import TABLES

_DIFFERENCE = "several column hints were different"


class _JsonTravelsAsText(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        text = record.getMessage()
        ours = any(text.startswith(f"In resource: {table.name},") for table in TABLES)
        return not (ours and _DIFFERENCE in text)


_FILTER = _JsonTravelsAsText()


def expect_json_as_text() -> None:
    """Keep the warning quiet for the tables of this source, and only for them."""
    logging.getLogger("dlt").addFilter(_FILTER)
