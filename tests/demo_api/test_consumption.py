"""What was burned: it is what the sessions say, on the day on which they came to say it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from pipelines.devin.demo_api import DemoServer, World
from pipelines.devin.demo_api.billing import billing_day, cycle_of
from pipelines.devin.demo_api.rhythm import DAY, HOUR

ORG = "org-demo"
ENTERPRISE = "/v3/enterprise/consumption"
OF_ORG = "/v3/organizations/{}/consumption"
DAILY = f"{OF_ORG.format(ORG)}/daily"
EVER: dict[str, Any] = {"time_after": 0, "time_before": 2_000_000_000}
CENT = 1e-9

Answer = dict[str, Any]
Ask = Callable[..., Answer]


@contextmanager
def asking(world: World) -> Iterator[Ask]:
    """Ask for all that was ever burned in a world, or in a span."""
    headers = {"Authorization": "Bearer cog_demo"}
    with (
        DemoServer(world) as server,
        httpx.Client(base_url=server.base_url, headers=headers, trust_env=False) as client,
    ):

        def ask(path: str = DAILY, **query: Any) -> Answer:
            answer = client.get(path, params=query or EVER).raise_for_status()
            parsed: Answer = answer.json()
            return parsed

        yield ask


@pytest.fixture
def living() -> World:
    """A world of the test's own."""
    return World.build(600, org_ids=(ORG, "org_other"))


@pytest.fixture
def ask(living: World) -> Iterator[Ask]:
    with asking(living) as ask:
        yield ask


def product(answer: Answer, name: str = "devin") -> dict[int, Decimal]:
    """ACUs by day."""
    return {
        bucket["date"]: exact(bucket["acus_by_product"][name] or 0)
        for bucket in answer["consumption_by_date"]
    }


def exact(acus: float) -> Decimal:
    return Decimal(str(acus))


def burned(items: list[dict[str, Any]]) -> Decimal:
    return sum((exact(item["acus_consumed"]) for item in items), Decimal())


def added(*days: dict[int, Decimal]) -> dict[int, Decimal]:
    sums: dict[int, Decimal] = {}
    for some in days:
        for day, acus in some.items():
            sums[day] = sums.get(day, Decimal()) + acus
    return {day: acus for day, acus in sorted(sums.items()) if acus}


@pytest.mark.parametrize("seed", [1, 7, 42])
@pytest.mark.parametrize("later", [0, HOUR, 3 * DAY + 17])
def test_all_days_together_are_what_the_sessions_say(seed: int, later: int) -> None:
    world = World.build(300, seed=seed)
    world.advance(later)

    with asking(world) as ask:
        days = product(ask())

    assert sum(days.values()) == burned(world.items(ORG))


def test_a_day_holds_what_the_sessions_came_to_say_on_it(living: World, ask: Ask) -> None:
    before, day = burned(living.items(ORG)), billing_day(living.clock.now) + DAY
    living.advance(day - living.clock.now - 1)
    at_midnight = burned(living.items(ORG))
    living.advance(DAY)
    expected = burned(living.items(ORG)) - at_midnight

    days = product(ask())

    assert before < at_midnight
    assert expected == days[day]


def test_advancing_changes_nothing_before_the_billing_day_of_now(living: World, ask: Ask) -> None:
    now = living.clock.now
    before = ask(), ask(f"{ENTERPRISE}/daily")
    for _ in range(3):
        living.advance(DAY)
    after = ask(), ask(f"{ENTERPRISE}/daily")

    for earlier, later in zip(before, after, strict=True):
        assert past(earlier, now) == past(later, now)
        assert later["total_acus"] > earlier["total_acus"]


def past(answer: Answer, now: int) -> list[Any]:
    today = billing_day(now)
    return [bucket for bucket in answer["consumption_by_date"] if bucket["date"] < today]


def test_time_may_be_cut_into_steps_of_any_length() -> None:
    in_one, in_many = World.build(300), World.build(300)
    in_one.advance(2 * DAY)
    for _ in range(48):
        in_many.advance(HOUR)

    with asking(in_one) as one, asking(in_many) as many:
        assert one() == many()


def test_nothing_is_burned_in_the_future(living: World, ask: Ask) -> None:
    buckets = ask(f"{ENTERPRISE}/daily")["consumption_by_date"]

    assert max(bucket["date"] for bucket in buckets) <= living.clock.now


@pytest.mark.parametrize("name", ["devin", "cascade", "terminal", "review"])
def test_the_organisations_make_the_enterprise(name: str, living: World, ask: Ask) -> None:
    by_path = [
        [product(ask(path.format(org_id)), name) for org_id in living.org_ids]
        for path in (f"{OF_ORG}/daily", f"{ENTERPRISE}/daily/organizations/{{}}")
    ]

    assert by_path[0] == by_path[1]
    assert added(*by_path[0]) == added(product(ask(f"{ENTERPRISE}/daily"), name))


@pytest.mark.parametrize("name", ["devin", "cascade", "terminal"])
@pytest.mark.parametrize("scope", [f"{OF_ORG.format(ORG)}/daily", f"{ENTERPRISE}/daily"])
def test_people_machines_and_lost_accounts_make_the_organisation(
    name: str, scope: str, living: World, ask: Ask
) -> None:
    cast = living.cast(ORG)
    of_users = [product(ask(user_path(scope, one)), name) for one in cast.users]
    of_machines = [product(ask(f"{scope}/service-users/{one}"), name) for one in cast.service_users]
    lost = [
        item
        for item in living.items(ORG)
        if not item.get("user_id") and not item.get("service_user_id")
    ]

    unexplained = sum(product(ask(), name).values()) - sum(added(*of_users, *of_machines).values())

    assert unexplained == (burned(lost) if name == "devin" else 0)
    assert added(*of_users)


def user_path(scope: str, user_id: str) -> str:
    return f"{scope}/users/{quote(user_id, safe='')}"


def test_what_a_person_burned_is_what_the_own_sessions_say(living: World, ask: Ask) -> None:
    for user in living.cast(ORG).users:
        items = [item for item in living.items(ORG) if item.get("user_id") == user]
        assert sum(product(ask(user_path(DAILY, user))).values()) == burned(items)


@pytest.mark.parametrize("path", [DAILY, f"{ENTERPRISE}/daily"])
def test_totals_are_the_sums_of_their_parts(path: str, ask: Ask) -> None:
    answer = ask(path)

    assert answer["total_acus"] == pytest.approx(
        sum(bucket["acus"] for bucket in answer["consumption_by_date"]), abs=CENT
    )
    for bucket in answer["consumption_by_date"]:
        assert {"devin", "cascade", "terminal", "review"} == set(bucket["acus_by_product"])
        assert bucket["acus"] == pytest.approx(
            sum(acus or 0 for acus in bucket["acus_by_product"].values()), abs=CENT
        )


def test_buckets_come_in_order_and_begin_at_eight(ask: Ask) -> None:
    dates = [bucket["date"] for bucket in ask()["consumption_by_date"]]

    assert dates == sorted(set(dates))
    assert {8 * HOUR} == {date % DAY for date in dates}


def test_review_is_null_on_the_days_before_there_was_such_a_product(ask: Ask) -> None:
    known = [
        bucket["acus_by_product"]["review"] is not None for bucket in ask()["consumption_by_date"]
    ]

    assert known == sorted(known)
    assert {False, True} == set(known)


def test_after_includes_its_second_and_before_does_not(ask: Ask) -> None:
    buckets = ask()["consumption_by_date"]
    begin, end = buckets[10]["date"], buckets[20]["date"]

    assert buckets[10:20] == ask(time_after=begin, time_before=end)["consumption_by_date"]
    later = ask(time_after=begin + 1, time_before=end + 1)
    assert buckets[11:21] == later["consumption_by_date"]


def test_a_bound_that_is_missing_is_the_one_of_the_current_cycle(living: World, ask: Ask) -> None:
    after, before = cycle_of(living.clock.now)
    whole = ask(time_after=after, time_before=before)

    assert whole == ask(time_after=after) == ask(time_before=before) == ask(unknown=1)
    assert 0 < whole["total_acus"] < ask()["total_acus"]


def test_an_empty_span_holds_nothing(ask: Ask) -> None:
    assert ask(time_after=9, time_before=9) == {"total_acus": 0, "consumption_by_date": []}


def test_the_cycles_reach_from_the_first_session_to_now(living: World, ask: Ask) -> None:
    items = ask(f"{ENTERPRISE}/cycles", first=200)["items"]
    first = min(item["created_at"] for one in living.org_ids for item in living.items(one))

    assert items[0]["after"] <= living.clock.now < items[0]["before"]
    assert items[-1]["after"] <= first
    assert [cycle["after"] for cycle in items[:-1]] == [cycle["before"] for cycle in items[1:]]
    assert {8 * HOUR} == {bound % DAY for cycle in items for bound in cycle.values()}


@pytest.mark.parametrize(
    ("path", "status"),
    [
        (f"{DAILY}/users/nobody", 404),
        (f"{DAILY}/service-users/nobody", 404),
        (f"{ENTERPRISE}/daily/users/nobody", 404),
        (f"{ENTERPRISE}/daily/service-users/nobody", 404),
        (f"{ENTERPRISE}/daily/organizations/nobody", 404),
        (f"{ENTERPRISE}/daily/service-users/service-user-demo", 200),
        (f"{DAILY}?time_after=yesterday", 422),
    ],
)
def test_what_is_not_there_is_404_and_what_makes_no_sense_422(
    path: str, status: int, client: httpx.Client
) -> None:
    assert status == client.get(path).status_code


def test_people_and_machines_are_not_mistaken_for_one_another(
    world: World, client: httpx.Client
) -> None:
    cast = world.cast(ORG)
    paths = [
        user_path(DAILY, cast.service_users[0]),
        f"{DAILY}/service-users/{quote(cast.users[0], safe='')}",
        user_path(OF_ORG.format("org_other") + "/daily", cast.users[0]),
    ]

    assert [client.get(path).status_code for path in paths] == [404] * 3


def test_an_id_may_hold_anything(living: World, ask: Ask) -> None:
    for user in ("a/b|c", "Müller & Söhne?#%2F", "../x"):
        living.add(ORG, user_id=user, acus_consumed=1.25)
        assert ask(user_path(DAILY, user))["total_acus"] == 1.25


def test_a_sessions_history_as_a_test_writes_it_is_booked_as_it_happens(living: World) -> None:
    today, now = billing_day(living.clock.now), living.clock.now
    with asking(living) as ask:
        session_id = living.add(ORG, user_id="me", acus_consumed=2, updated_at=now - 7 * DAY)
        living.advance(DAY)
        living.touch(session_id, acus_consumed=2.5)
        living.advance(DAY)
        living.touch(session_id, bump=False, acus_consumed=10)

        days = product(ask(user_path(DAILY, "me")))

    tenths = {today - 7 * DAY: "2", today + DAY: "0.5", today + 2 * DAY: "7.5"}
    assert {day: Decimal(acus) for day, acus in tenths.items()} == days


def test_what_a_deleted_session_burned_stays_burned(living: World, ask: Ask) -> None:
    before = ask()
    living.remove(max(living.items(ORG), key=lambda item: item["acus_consumed"])["session_id"])

    assert before == ask()


@pytest.mark.parametrize("broken", ["many", None, float("nan"), 1e300, [], True])
def test_a_total_that_is_not_a_number_is_burned_by_nobody(broken: Any, living: World) -> None:
    with asking(living) as ask:
        before = burned(living.items(ORG))
        item = living.items(ORG)[0]
        living.touch(item["session_id"], acus_consumed=broken)
        living.touch(item["session_id"], acus_consumed=item["acus_consumed"])

        assert sum(product(ask()).values()) == before


def test_an_organisation_on_a_quota_plan_reads_zero_everywhere() -> None:
    world = World.build(400, org_ids=(ORG, "org-quota"), unmetered={"org-quota"})
    world.advance(2 * DAY)

    with asking(world) as ask:
        quota, metered = ask(f"{OF_ORG.format('org-quota')}/daily"), ask()
        every = ask(f"{ENTERPRISE}/daily")

    assert {0} == {item["acus_consumed"] for item in world.items("org-quota")}
    assert quota == {"total_acus": 0, "consumption_by_date": []}
    assert metered == every


def test_a_quota_plan_changes_nothing_but_acus() -> None:
    plain, quota = World.build(200), World.build(200, unmetered={ORG})

    def without(world: World) -> list[dict[str, Any]]:
        return [item | {"acus_consumed": 0} for item in world.items(ORG)]

    assert without(plain) == without(quota)
