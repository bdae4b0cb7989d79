"""What the models are told: when a billing day begins, and what an ACU costs.

`[models]` in `.dlt/config.toml`, or `MODELS__<NAME>` in the environment.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import pairwise, zip_longest
from typing import Any

import dlt
from dlt.common.configuration.exceptions import ConfigValueCannotBeCoercedException

from sources.devin.errors import ConfigurationError
from sources.devin.settings import duration

DAY = 86_400
BILLING_DAY_OFFSET = "8h"
"""After midnight UTC: billing days begin at midnight PST, all year."""

_NO_TABLE = 'it is not a table of prices by day, such as {"2026-01-01": 2.25}'


@dataclass(frozen=True)
class Price:
    """What an ACU costs for some time.

    Attributes:
        effective_from: The first billing day.
        effective_until: The day after the last one; None if it holds on.
        price: Of one ACU.
    """

    effective_from: date
    effective_until: date | None
    price: float


@dataclass(frozen=True)
class ModelSettings:
    """What the models are told.

    Attributes:
        billing_day_offset: Seconds from midnight UTC to the begin of a billing day.
        prices: The prices in the order of time; none if costs are not to be told.
    """

    billing_day_offset: int
    prices: tuple[Price, ...] = ()


def model_settings() -> ModelSettings:
    """The settings, from dlt's configuration.

    Raises:
        ConfigurationError: One is not what it should be; the message names it.
    """
    given: Any = dlt.config.get("models.billing_day_offset")
    try:
        prices: Any = dlt.config.get("models.acu_prices", dict)
    except ConfigValueCannotBeCoercedException:
        raise _wrong("acu_prices", _NO_TABLE) from None
    return ModelSettings(
        _offset(BILLING_DAY_OFFSET if given in (None, "") else given), _prices(prices or {})
    )


def _offset(value: Any) -> int:
    negative = str(value).strip().startswith("-")
    try:
        seconds = int(duration(str(value).strip().removeprefix("-")))
    except ValueError as error:
        raise _wrong("billing_day_offset", str(error)) from None
    if seconds >= DAY:
        raise _wrong("billing_day_offset", f"{value!r} is a day or more")
    return -seconds if negative else seconds


def _prices(value: Any) -> tuple[Price, ...]:
    if not isinstance(value, dict):
        raise _wrong("acu_prices", _NO_TABLE)
    known = sorted((_day(day), _amount(price)) for day, price in value.items())
    if any(one == other for (one, _), (other, _) in pairwise(known)):
        raise _wrong("acu_prices", "a day has two prices")
    ends = (day for day, _ in known[1:])
    return tuple(Price(day, end, price) for (day, price), end in zip_longest(known, ends))


def _day(value: Any) -> date:
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError:
        raise _wrong("acu_prices", f"{value!r} is not a day such as 2026-01-01") from None
    return moment.replace(tzinfo=UTC).date()


def _amount(value: Any) -> float:
    try:
        amount = float(value)
    except (TypeError, ValueError):
        amount = -1.0
    if not 0 <= amount < float("inf"):
        raise _wrong("acu_prices", f"{value!r} is not the price of an ACU")
    return amount


def _wrong(option: str, problem: str) -> ConfigurationError:
    return ConfigurationError(
        f"{option} is wrong: {problem}",
        f"Correct {option} under [models] in .dlt/config.toml, or MODELS__{option.upper()}.",
    )
