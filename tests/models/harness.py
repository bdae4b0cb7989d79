"""What a test of the models has in hand: load rows, ask a model."""

from collections.abc import Collection, Mapping, Sequence
from functools import cache
from typing import Any

from pipelines.devin.models.catalogue import Model, catalogue
from pipelines.devin.models.config import ModelSettings, Price
from pipelines.devin.models.rendering import render
from tests.models.engines import ANALYTICS, DATASET, Engine
from tests.models.rows import TABLE_OF, Row, day, in_order

BILLING_DAY_OFFSET = 8 * 3600


@cache
def known_models() -> dict[str, Model]:
    """The models by name, in the order in which they are made."""
    models, _ = catalogue()
    return {model.name: model for model in models}


def priced(prices: Mapping[str, float]) -> tuple[Price, ...]:
    """Prices by the day from which each holds."""
    days = [day(text) for text in prices]
    ends = [*days[1:], None]
    return tuple(map(Price, days, ends, prices.values()))


class Models:
    """The tables and the models of one test on one engine.

    Attributes:
        engine: Where they are.
    """

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._columns: dict[str, frozenset[str]] = {}
        self._settings = ModelSettings(BILLING_DAY_OFFSET)
        self._rows: Mapping[str, Sequence[Row]] = {}
        self._made: set[str] = set()

    def load(
        self,
        *,
        prices: Mapping[str, float] | None = None,
        billing_day_offset: int = BILLING_DAY_OFFSET,
        without: Collection[str] = (),
        lacking: Mapping[str, Collection[str]] | None = None,
        **rows: Sequence[Row],
    ) -> None:
        """Have all tables of the warehouse, and rows in some; each is made once a model reads it.

        Args:
            prices: What an ACU costs from a day on.
            billing_day_offset: Seconds from midnight UTC to the begin of a billing day.
            without: Tables that the warehouse lacks.
            lacking: Columns that its tables lack.
            rows: The rows of each table, with the columns that matter.
        """
        assert rows.keys() <= TABLE_OF.keys()
        self._settings = ModelSettings(billing_day_offset, priced(prices or {}))
        self._rows = rows
        self._columns = {
            name: frozenset(column.name for column in table.columns).difference(
                (lacking or {}).get(name, ())
            )
            for name, table in TABLE_OF.items()
            if name not in without
        }

    def rows(self, model: str, *columns: str) -> list[tuple[Any, ...]]:
        """The rows of a model, in their order, floats to a millionth; all columns unless told."""
        self._make(model)
        chosen = columns or tuple(known_models()[model].columns)
        listed = ", ".join(f'"{column}"' for column in chosen)
        found = self.engine.query(f"SELECT {listed} FROM {ANALYTICS}.{model}")
        return in_order(tuple(map(_rounded, row)) for row in found)

    def _make(self, name: str) -> None:
        if name in self._made:
            return
        self._made.add(name)
        if name in TABLE_OF:
            if columns := self._columns.get(name):
                self.engine.make_table(TABLE_OF[name], columns, self._rows.get(name, ()))
            return
        for other in sorted(known_models()[name].relations):
            self._make(other)
        present = frozenset(self._columns.items())
        sql = _rendered(name, self.engine.dialect, self._settings, present)
        self.engine.execute(f"CREATE VIEW {ANALYTICS}.{name} AS {sql}")


def qualified(name: str) -> str:
    """The name of a table or a model as any of the engines takes it."""
    return f'"{ANALYTICS if name in known_models() else DATASET}"."{name}"'


@cache
def _rendered(
    name: str,
    dialect: str,
    settings: ModelSettings,
    columns: frozenset[tuple[str, frozenset[str]]],
) -> str:
    sql = known_models()[name].sql
    return render(sql, dialect, settings, name=qualified, columns=dict(columns))


def _rounded(value: Any) -> Any:
    # 0.0 for the -0.0 that is left of a sum.
    return round(value, 6) + 0.0 if isinstance(value, float) else value
