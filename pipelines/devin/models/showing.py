"""A model as a text that can be read, kept in a file, or run in a warehouse as it is."""

import sqlglot
from sqlglot.dialects.dialect import Dialect

from sources.devin.errors import ConfigurationError
from sources.devin.tables import TABLES
from sources.devin.usage_tables import USAGE_TABLES

from . import analytics_dataset
from .catalogue import Model
from .config import model_settings
from .rendering import render

_COLUMNS = {
    table.name: [column.name for column in table.columns] for table in (*TABLES, *USAGE_TABLES)
}


def shown(model: Model, dialect: str, dataset: str) -> str:
    """What a model answers, and the statement that makes it a view.

    Args:
        model: The model.
        dialect: A dialect that sqlglot knows.
        dataset: The dataset of the tables.

    Raises:
        ConfigurationError: There is no such dialect, or what the models are told is wrong.
    """
    if dialect not in Dialect.classes:
        known = ", ".join(sorted(name for name in Dialect.classes if name))
        raise ConfigurationError(f"there is no dialect {dialect!r}", f"Name one of {known}.")

    def name(relation: str) -> str:
        of = dataset if relation in _COLUMNS else analytics_dataset(dataset)
        return sqlglot.exp.table_(relation, of).sql(dialect)

    columns = [f"--   {column}: {text}" for column, text in model.columns.items()]
    sql = render(model.sql, dialect, model_settings(), name=name, columns=_COLUMNS)
    return "\n".join(
        [
            f"-- {model.question}",
            f"-- Grain: {model.grain}",
            f"-- Cannot know: {model.cannot_know}",
            "-- Columns:",
            *columns,
            f"CREATE VIEW {name(model.name)} AS",
            f"{sql};",
        ]
    )
