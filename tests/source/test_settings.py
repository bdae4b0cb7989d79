"""What a sync is told is checked before anything is asked for, and named where it is wrong."""

import math
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sources.devin.errors import ConfigurationError, TokenRejected
from sources.devin.filters import Filters
from sources.devin.retry import RetryPolicy
from sources.devin.settings import Settings, duration, instant

SECRET = "cog_5up3r-s3cret"
DEFAULTS: dict[str, Any] = {
    "api_key": SECRET,
    "base_url": "https://api.devin.ai",
    "api_version": "v3",
    "org_ids": None,
    "start_date": "2024-01-01",
    "overlap": "15m",
    "settle": "5s",
    "page_size": 200,
    "batch_size": 5_000,
    "timeout": "60s",
    "retry_attempts": 8,
    "retry_budget": "5m",
    "concurrency": 8,
    "requests_per_second": None,
    "commit_every": 100_000,
    "rescan": "30d",
    "rescan_every": "1d",
    "most_deleted": 0.05,
    "usage_every": "6h",
    "consumption_overlap": "7d",
    "insights": False,
    "filters": {},
}


def checked(**changes: Any) -> Settings:
    return Settings.checked(**(DEFAULTS | changes))


def error_of(**changes: Any) -> ConfigurationError:
    with pytest.raises(ConfigurationError) as caught:
        checked(**changes)
    return caught.value


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0, 0.0),
        (31, 31.0),
        (1.5, 1.5),
        ("30", 30.0),
        ("90s", 90.0),
        ("1.5m", 90.0),
        ("15m", 900.0),
        ("1h", 3600.0),
        ("7d", 604_800.0),
        ("2w", 1_209_600.0),
        (" 15 m ", 900.0),
    ],
)
def test_a_duration_is_a_number_with_a_unit_or_seconds(value: Any, expected: float) -> None:
    assert expected == duration(value)


@pytest.mark.parametrize(
    "value", ["", "m", "15M", "15min", "-1s", "+1s", "1h30m", "1,5h", "nan", "inf", None, True, []]
)
def test_anything_else_is_no_duration(value: Any) -> None:
    with pytest.raises(ValueError, match="is not a duration such as 90s, 15m, 1h or 7d"):
        duration(value)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("1970-01-01", 0),
        ("2026-03-01", 1_772_323_200),
        (" 2026-03-01 ", 1_772_323_200),
        ("2026-03-01T08:00:00", 1_772_352_000),
        ("2026-03-01T08:00:00Z", 1_772_352_000),
        ("2026-03-01T08:00:00+02:00", 1_772_344_800),
        ("2026-03-01T08:00:00.9Z", 1_772_352_000),
        ("1772323200", 1_772_323_200),
        (1_772_323_201, 1_772_323_201),
        (1_772_323_200.9, 1_772_323_200),
        (date(2026, 3, 1), 1_772_323_200),
        (datetime(2026, 3, 1, 8), 1_772_352_000),  # noqa: DTZ001 - UTC is what it means
        (datetime(2026, 3, 1, 8, tzinfo=UTC), 1_772_352_000),
        (datetime(2026, 3, 1, 8, tzinfo=timezone(timedelta(hours=2))), 1_772_344_800),
    ],
)
def test_an_instant_is_a_date_a_moment_or_epoch_seconds(
    value: Any, expected: int, in_new_york: None
) -> None:
    assert expected == instant(value)


@pytest.mark.parametrize(
    "value", ["", "yesterday", "2026-02-30", "01.03.2026", "1.5", math.inf, -math.inf, math.nan]
)
def test_anything_else_is_no_instant(value: Any) -> None:
    with pytest.raises(ValueError, match="is not a date such as 2026-03-01"):
        instant(value)


@given(st.datetimes(datetime(1970, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001 - see timezones
def test_an_instant_reads_what_iso_8601_writes(moment: datetime) -> None:
    assert math.floor(moment.timestamp()) == instant(moment.isoformat()) == instant(moment)


def test_the_defaults_make_sense() -> None:
    settings = checked()

    assert settings.api_key.get_secret_value() == SECRET
    assert settings.model_dump(exclude={"api_key"}) == {
        "base_url": "https://api.devin.ai",
        "api_version": "v3",
        "org_ids": (),
        "start_date": 1_704_067_200,
        "overlap": 900.0,
        "settle": 5.0,
        "page_size": 200,
        "batch_size": 5_000,
        "timeout": 60.0,
        "retry_attempts": 8,
        "retry_budget": 300.0,
        "concurrency": 8,
        "requests_per_second": None,
        "commit_every": 100_000,
        "rescan": 2_592_000.0,
        "rescan_every": 86_400.0,
        "most_deleted": 0.05,
        "usage_every": 21_600.0,
        "consumption_overlap": 604_800.0,
        "insights": False,
        "filters": Filters().model_dump(),
    }
    assert settings.retry_policy == RetryPolicy(attempts=8, budget=300.0)


@pytest.mark.parametrize(
    ("option", "value", "expected"),
    [
        ("base_url", " https://devin.acme.dev/api/ ", "https://devin.acme.dev/api"),
        ("base_url", "http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("api_version", "v2", "v2"),
        ("org_ids", "org-1", ("org-1",)),
        ("org_ids", ["org-1", "org-2"], ("org-1", "org-2")),
        ("org_ids", [], ()),
        ("start_date", 0, 0),
        ("overlap", 0, 0.0),
        ("settle", "0s", 0.0),
        ("page_size", 1, 1),
        ("page_size", "50", 50),
        ("batch_size", 1, 1),
        ("timeout", "0.5s", 0.5),
        ("retry_attempts", 1, 1),
        ("retry_budget", 0, 0.0),
        ("concurrency", 1, 1),
        ("concurrency", "64", 64),
        ("requests_per_second", None, None),
        ("requests_per_second", "", None),
        ("requests_per_second", "0.5", 0.5),
        ("commit_every", 1, 1),
        ("rescan", "0", 0.0),
        ("rescan", "", 0.0),
        ("rescan", None, 0.0),
        ("rescan_every", "12h", 43_200.0),
        ("most_deleted", 0, 0.0),
        ("most_deleted", "1", 1.0),
        ("usage_every", "0", 0.0),
        ("usage_every", None, 0.0),
        ("consumption_overlap", "2w", 1_209_600.0),
        ("insights", "true", True),
    ],
)
def test_what_an_option_may_be(option: str, value: Any, expected: Any) -> None:
    assert expected == getattr(checked(**{option: value}), option)


@pytest.mark.parametrize(
    ("option", "value", "problem"),
    [
        ("base_url", "api.devin.ai", "'api.devin.ai' is not an address such as"),
        ("base_url", "ftp://api.devin.ai", "'ftp://api.devin.ai' is not an address such as"),
        ("base_url", "https://", "'https://' is not an address such as"),
        ("base_url", "", "'' is not an address such as"),
        ("base_url", "http://[::1", "Invalid IPv6 URL, not 'http://[::1'"),
        ("api_version", "v1", "Input should be 'v3' or 'v2', not 'v1'"),
        ("api_version", 3, "Input should be 'v3' or 'v2', not 3"),
        ("org_ids", 5, "Input should be a valid tuple, not 5"),
        ("org_ids", ["org-1", None], "Input should be a valid string, not None"),
        ("start_date", "soon", "'soon' is not a date such as 2026-03-01"),
        ("start_date", "1969-12-31", "Input should be greater than or equal to 0, not '1969"),
        ("start_date", math.inf, "inf is not a date such as 2026-03-01"),
        ("overlap", "15 minutes", "'15 minutes' is not a duration such as"),
        ("overlap", "9" * 400, "Input should be a finite number, not '999"),
        ("settle", -5, "-5 is not a duration such as"),
        ("page_size", 0, "Input should be greater than or equal to 1, not 0"),
        ("page_size", 201, "Input should be less than or equal to 200, not 201"),
        ("page_size", "many", "Input should be a valid integer, unable to parse string as an"),
        ("batch_size", 0, "Input should be greater than or equal to 1, not 0"),
        ("timeout", 0, "Input should be greater than 0, not 0"),
        ("timeout", "never", "'never' is not a duration such as"),
        ("retry_attempts", 0, "Input should be greater than or equal to 1, not 0"),
        ("retry_attempts", 1.5, "Input should be a valid integer, got a number with a fraction"),
        ("retry_budget", "forever", "'forever' is not a duration such as"),
        ("concurrency", 0, "Input should be greater than or equal to 1, not 0"),
        ("concurrency", 65, "Input should be less than or equal to 64, not 65"),
        ("requests_per_second", 0, "Input should be greater than 0, not 0"),
        ("requests_per_second", math.inf, "Input should be a finite number, not inf"),
        ("requests_per_second", "fast", "Input should be a valid number, unable to parse"),
        ("commit_every", 0, "Input should be greater than or equal to 1, not 0"),
        ("rescan", "all", "'all' is not a duration such as"),
        ("rescan_every", "daily", "'daily' is not a duration such as"),
        ("most_deleted", -0.1, "Input should be greater than or equal to 0, not -0.1"),
        ("usage_every", "daily", "'daily' is not a duration such as"),
        ("insights", "some", "Input should be a valid boolean"),
        ("most_deleted", 5, "Input should be less than or equal to 1, not 5"),
    ],
)
def test_a_wrong_option_is_named_with_its_section_and_variable(
    option: str, value: Any, problem: str
) -> None:
    error = error_of(**{option: value})

    assert type(error) is ConfigurationError
    assert error.message.startswith(f"{option} is wrong: {problem}")
    assert error.advice == (
        f"Correct {option} under [sources.devin] in .dlt/config.toml, "
        f"or SOURCES__DEVIN__{option.upper()}."
    )
    assert error.__suppress_context__


@pytest.mark.parametrize(
    ("option", "value", "problem"),
    [
        ("tags", 5, "Input should be a valid tuple, not 5"),
        ("tags", ["a", 5], "Input should be a valid string, not 5"),
        ("category", ["security"], "Input should be a valid string, not ['security']"),
        ("is_archived", "perhaps", "Input should be a valid boolean, unable to interpret input"),
    ],
)
def test_a_wrong_filter_is_named_with_its_section_and_variable(
    option: str, value: Any, problem: str
) -> None:
    error = error_of(filters={option: value})

    assert error.message.startswith(f"{option} is wrong: {problem}")
    assert error.advice == (
        f"Correct {option} under [sources.devin] in .dlt/config.toml, "
        f"or SOURCES__DEVIN__{option.upper()}."
    )


@pytest.mark.parametrize("changes", [{"filters": {"tag": "infra"}}, {"tag": "infra"}])
def test_an_option_that_does_not_exist_is_named(changes: dict[str, Any]) -> None:
    error = error_of(**changes)

    assert error.message == "tag is wrong: Extra inputs are not permitted, not 'infra'"


def test_filters_are_checked_and_kept() -> None:
    filters = checked(filters={"tags": "infra", "is_archived": False}).filters

    assert filters == Filters(tags=("infra",), is_archived=False)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("category", "security"),
        ("origins", ["slack"]),
        ("playbook_id", "playbook-1"),
        ("schedule_id", "schedule-1"),
        ("service_user_ids", ["service-1"]),
        ("repo_names", ["acme/api"]),
        ("is_archived", False),
    ],
)
def test_a_filter_that_v2_does_not_have_is_named(name: str, value: Any) -> None:
    error = error_of(api_version="v2", filters={"tags": ["a"], name: value})

    assert type(error) is ConfigurationError
    assert error.message == f"{name} is wrong: v2 of the API has no such filter"
    assert f"SOURCES__DEVIN__{name.upper()}" in error.advice


def test_v2_filters_by_tags_people_and_sessions() -> None:
    given: dict[str, Any] = {"tags": ["a"], "user_ids": ["u"], "session_ids": ["s"], "origins": []}

    filters = checked(api_version="v2", filters=given).filters

    assert filters == Filters(tags=("a",), user_ids=("u",), session_ids=("s",))


def test_an_empty_filter_is_none() -> None:
    given: dict[str, Any] = {
        "tags": None,
        "origins": [],
        "category": "",
        "is_archived": None,
        "user_ids": "",
    }

    assert Filters() == checked(filters=given).filters


@pytest.mark.parametrize(
    ("api_key", "problem"),
    [
        ("", "empty"),
        (" \n", "empty"),
        ("cog_s3cret\nX-Evil: 1", "malformed: it holds characters no key has"),
        ("cog_s3cret key", "malformed: it holds characters no key has"),
        ("cog_s3cret\x00", "malformed: it holds characters no key has"),
        ("cog_s3cret\u2026", "malformed: it holds characters no key has"),
    ],
)
def test_a_token_that_cannot_be_sent_is_refused_and_not_repeated(
    api_key: str, problem: str
) -> None:
    error = error_of(api_key=api_key)

    assert type(error) is TokenRejected
    assert error.message == f"api_key is {problem}"
    assert "SOURCES__DEVIN__API_KEY" in error.advice
    assert "s3cret" not in str(error)


def test_white_space_round_a_token_is_dropped() -> None:
    assert checked(api_key=f" {SECRET}\r\n").api_key.get_secret_value() == SECRET


def test_settings_show_no_token() -> None:
    settings = checked()

    shown = [repr(settings), str(settings), str(settings.model_dump()), settings.model_dump_json()]
    assert [text for text in shown if SECRET in text] == []


@pytest.mark.parametrize("option", sorted(DEFAULTS.keys() - {"api_key", "filters"}))
def test_no_complaint_repeats_the_token(option: str) -> None:
    error = error_of(**{option: object()})

    assert SECRET not in f"{error}{error!r}{error.__cause__!r}"
