"""The limit on requests a second."""

from pipelines.devin.demo_api.limiter import Limiter


def test_one_seconds_worth_passes_at_once_and_then_the_rate() -> None:
    limiter = Limiter()
    passed = [limiter.take(now / 100, 5) is None for now in range(300)]
    assert sum(passed[:1]) == 1
    assert sum(passed) == 5 + 14


def test_an_idle_minute_saves_up_no_more_than_one_second() -> None:
    limiter = Limiter()
    limiter.take(0, 5)
    assert [limiter.take(60, 5) for _ in range(6)] == [None] * 5 + [1]


def test_a_slow_rate_says_how_long_to_wait_in_whole_seconds() -> None:
    limiter = Limiter()
    assert [limiter.take(now, 0.25) for now in (0, 0, 1.5, 4)] == [None, 4, 3, None]
