"""What the models are told, and what is wrong with it."""

from datetime import date

import pytest

from pipelines.devin.models.config import ModelSettings, Price, model_settings
from sources.devin.errors import ConfigurationError


def test_nothing_said_means_midnight_pst_and_no_price() -> None:
    assert model_settings() == ModelSettings(8 * 3600, ())


def test_each_price_holds_until_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODELS__ACU_PRICES", '{"2026-07-01": 2, "2026-01-01": 2.25}')

    assert model_settings().prices == (
        Price(date(2026, 1, 1), date(2026, 7, 1), 2.25),
        Price(date(2026, 7, 1), None, 2.0),
    )


@pytest.mark.parametrize(("told", "seconds"), [("0", 0), ("7h", 25200), ("-90m", -5400)])
def test_a_billing_day_may_begin_otherwise(
    monkeypatch: pytest.MonkeyPatch, told: str, seconds: int
) -> None:
    monkeypatch.setenv("MODELS__BILLING_DAY_OFFSET", told)

    assert model_settings().billing_day_offset == seconds


@pytest.mark.parametrize(
    ("option", "told", "problem"),
    [
        ("BILLING_DAY_OFFSET", "noon", "billing_day_offset is wrong: 'noon' is not a duration"),
        ("BILLING_DAY_OFFSET", "1d", "billing_day_offset is wrong: '1d' is a day or more"),
        ("ACU_PRICES", "2.25", "acu_prices is wrong: it is not a table of prices by day"),
        ("ACU_PRICES", '{"May": 2}', "acu_prices is wrong: 'May' is not a day"),
        ("ACU_PRICES", '{"2026-01-01": "x"}', "acu_prices is wrong: 'x' is not the price"),
        ("ACU_PRICES", '{"2026-01-01": -1}', "acu_prices is wrong: -1 is not the price"),
        ("ACU_PRICES", '{"2026-01-01": 1, "20260101": 2}', "a day has two prices"),
    ],
)
def test_what_is_wrong_is_named_with_where_it_goes(
    monkeypatch: pytest.MonkeyPatch, option: str, told: str, problem: str
) -> None:
    monkeypatch.setenv(f"MODELS__{option}", told)

    with pytest.raises(ConfigurationError) as caught:
        model_settings()

    assert problem in caught.value.message
    assert f"MODELS__{option}" in caught.value.advice
