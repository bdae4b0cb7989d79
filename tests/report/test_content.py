"""Each part of the report holds what the models say of the period."""

from __future__ import annotations

from datetime import date
from random import Random

import pytest

from pipelines.devin.report.control import Check, Compared, Denied, Explained
from pipelines.devin.report.ranking import DIMENSIONS, MOST, Ranking, ranked
from pipelines.devin.report.reading import Row, Unavailable
from pipelines.devin.report.results import Outcome, Outcomes, Stuck, Week
from pipelines.devin.report.spending import Burned, Wasted
from pipelines.devin.report.wording import plural
from tests.report.conftest import SMALL, Read, Rows, at, burned, session
from tests.report.stand_in import AS_OF


def test_acus_come_by_day_and_organisation(read: Read) -> None:
    assert read().over_time == (
        Burned(date(2026, 3, 30), "org_a", 10.0, 20.0),
        Burned(date(2026, 3, 31), "org_a", 30.0, 60.0),
        Burned(date(2026, 3, 31), "org_b", 20.0, 40.0),
    )


def test_members_come_by_their_acus_with_those_of_before(read: Read) -> None:
    found = read().rankings["user"]

    assert isinstance(found, Ranking)
    assert [(rank.label, rank.acus, rank.before, rank.cost) for rank in found.ranks] == [
        ("Ada", 30.0, 15.0, 60.0),
        ("grace@acme.example", 20.0, 0.0, 40.0),
        ("bot (service user)", 10.0, 0.0, 20.0),
    ]
    assert [rank.share for rank in found.ranks] == [0.5, pytest.approx(1 / 3), pytest.approx(1 / 6)]
    assert (found.others, found.members, found.acus) == (None, 3, 60.0)


def test_what_went_to_no_member_is_told_apart(read: Read) -> None:
    found = read().rankings["repository"]

    assert isinstance(found, Ranking)
    assert [(rank.label, rank.known) for rank in found.ranks] == [
        ("no repository", False),
        ("acme/api", True),
    ]


def test_small_members_are_put_together_and_nothing_is_lost(read: Read) -> None:
    rows = [burned("2026-03-31", "org_a", n, n, tag=f"tag {n:02}") for n in range(1, MOST + 4)]
    rows.append(burned("2025-12-31", "org_a", 7, 7, tag="gone"))

    found = read({**SMALL, "acu_by_tag": rows}).rankings["tag"]

    assert isinstance(found, Ranking)
    assert found.others is not None
    assert len(found.ranks) == MOST
    assert (found.others.label, found.others.acus, found.others.before) == ("3 others", 6.0, 7.0)
    assert found.members == MOST + 3
    assert sum(rank.acus for rank in [*found.ranks, found.others]) == found.acus


def members(*acus: float) -> list[Row]:
    rows = [{"tag": f"tag {n}", "acus": each, "cost": each} for n, each in enumerate(acus)]
    return [{**row, "acus_before": 1.0} for row in rows]


@pytest.mark.parametrize(
    "acus",
    [
        [3.0] * (MOST + 4),
        [*[3.0] * MOST, 0.0, -2.0],
        [5.0, -2.0],
        [5.0, 0.0],
        [-1.0],
        [],
        *(Random(seed).choices([-2.0, 0.0, 1.0, 1.0, 3.0], k=seed) for seed in range(40)),
    ],
)
@pytest.mark.parametrize("label", [None, "the same"])
def test_what_is_shown_sums_to_the_total(acus: list[float], label: str | None) -> None:
    (tag,) = (one for one in DIMENSIONS if one.name == "tag")
    rows = [{**row, "tag": label or row["tag"]} for row in members(*acus)]

    found = ranked(tag, rows)

    shown = [*found.ranks, *([found.others] if found.others else [])]
    assert sum(rank.acus for rank in shown) == found.acus == sum(acus)
    if found.others:
        assert sum(rank.before for rank in shown) == len(acus)
        assert sum(rank.cost or 0.0 for rank in shown) == found.acus
        number = len([one for one in acus if one]) - len(found.ranks)
        assert found.others.label == plural(number, "other")


def test_a_cost_is_not_known_where_some_acus_have_no_price(read: Read) -> None:
    tags = [burned("2026-03-31", "org_a", n, n, tag=f"tag {n:02}") for n in range(1, MOST + 3)]
    lacking = burned("2026-03-30", "org_a", 1, None)
    rows = {
        "acu_by_tag": [*tags, {**lacking, "tag": f"tag {MOST + 2:02}"}, {**lacking, "tag": "new"}],
        "acu_daily": [*SMALL["acu_daily"], {**lacking, "user_id": "u9"}],
        "session_days": [*SMALL["session_days"], {**lacking, "session_id": "s1"}],
        "pull_request_outcomes": [
            {**SMALL["pull_request_outcomes"][0], "org_id": org_id, "cost": cost}
            for org_id, cost in (("org_a", 5.0), ("org_b", None))
        ],
    }

    report = read({**SMALL, **rows})

    found, waste, results = report.rankings["tag"], report.wasted, report.outcomes
    assert isinstance(found, Ranking)
    assert isinstance(waste, Wasted)
    assert isinstance(results, Outcomes)
    assert [rank.cost for rank in found.ranks[:2]] == [None, MOST + 1.0]
    assert found.others is not None
    assert found.others.cost is None
    assert [day.cost for day in report.over_time] == [None, 60.0, 40.0]
    assert (waste.reasons[0].cost, waste.sessions[0].cost) == (None, None)
    assert [one.cost for one in (*results.months, *results.repositories)] == [None, None]


def test_pull_requests_come_by_month_and_by_repository(read: Read) -> None:
    assert read().outcomes == Outcomes(
        months=(Outcome("2026-03", 2, 1, 0, 1, 15.0, None),),
        repositories=(Outcome("acme/api", 2, 1, 0, 1, 15.0, None),),
    )


def test_trees_are_those_whose_root_was_begun_in_the_period(read: Read) -> None:
    found = read().trees

    assert not isinstance(found, Unavailable)
    assert [(tree.title, tree.descendants, tree.own_acus, tree.acus) for tree in found] == [
        ("Lead", 1, 10.0, 40.0)
    ]


def test_waste_is_what_these_sessions_burned_in_the_period(read: Read) -> None:
    found = read().wasted

    assert isinstance(found, Wasted)
    assert [(one.reason, one.sessions, one.acus, one.cost) for one in found.reasons] == [
        ("error", 1, 10.0, 20.0)
    ]
    assert [(one.title, one.acus) for one in found.sessions] == [("Broke", 10.0)]


def test_sessions_that_wait_are_counted_by_what_for(read: Read) -> None:
    found = read().stuck

    assert isinstance(found, Stuck)
    assert (found.waiting, found.acus) == ({"user": 1}, 30.0)
    assert [(one.title, one.hours) for one in found.sessions] == [("Waits", 3.0)]


def test_weeks_are_those_that_the_period_touches(read: Read) -> None:
    found = read(begin="2026-03-31").adoption

    assert found == (Week(date(2026, 3, 30), 5, 4, 2, 1, 0.2),)


def test_the_forecast_is_of_the_cycle_under_way(read: Read) -> None:
    found = read().forecasts

    assert not isinstance(found, Unavailable)
    assert [(one.begin, one.acus, one.expected, one.limit) for one in found] == [
        (date(2026, 3, 1), 40.0, 45.0, 42.0)
    ]


def test_metering_is_compared_where_there_is_consumption_and_explained_for_all(read: Read) -> None:
    found = read().metering

    assert not isinstance(found, Unavailable)
    assert found.days == (Compared(date(2026, 3, 31), 30.0, 32.0, -2.0),)
    assert found.explained == (
        Explained("org_a", "sessions show less", 1, 30.0, 32.0, -2.0),
        Explained("org_b", "not metered", 1, 0.0, None, None),
    )
    assert found.not_metered == ("org_b",)


def test_checks_that_found_something_come_first(read: Read) -> None:
    report = read()

    assert report.quality == (
        Check("rejected_items", "Items that are not loaded.", 3),
        Check("duplicate_keys", "Sessions there twice.", 0),
    )
    assert report.denied == (Denied("acu_limits", "", "ViewAccountConsumption"),)


def asked_for(endpoint: str, org_id: str, outcome: str = "denied", hour: int = 11) -> Row:
    told = {"endpoint": endpoint, "org_id": org_id, "outcome": outcome}
    return {**told, "read_at": at(f"2026-03-31T{hour:02}:00")}


def test_what_is_denied_of_other_organisations_is_left_out(read: Read) -> None:
    denied = [asked_for("playbooks", org_id) for org_id in ("", "org_a", "org_b")]

    found = read({**SMALL, "endpoint_reads": denied}, organizations=["Platform"]).denied

    assert [one.org_id for one in found] == ["", "org_a"]


def test_what_was_denied_before_the_last_time_is_left_out(read: Read) -> None:
    rows = [
        asked_for("playbooks", "org_gone", hour=10),
        asked_for("playbooks", "org_a"),
        asked_for("acu_limits", "", hour=9),
    ]

    found = read({**SMALL, "endpoint_reads": rows}).denied

    assert [(one.endpoint, one.org_id) for one in found] == [
        ("acu_limits", ""),
        ("playbooks", "org_a"),
    ]


@pytest.mark.parametrize(
    ("endpoint", "outcome", "expected"),
    [
        ("users", "loaded", ["org_b"]),
        ("users", "denied", ["", "org_a", "org_b"]),
        ("consumption_daily", "loaded", ["", "org_b"]),
    ],
)
def test_people_of_organisations_stand_in_for_those_of_the_enterprise(
    read: Read, endpoint: str, outcome: str, expected: list[str]
) -> None:
    rows = [
        asked_for(endpoint, ""),
        asked_for(endpoint, "org_a", outcome),
        asked_for(endpoint, "org_b"),
    ]

    found = read({**SMALL, "endpoint_reads": rows}).denied

    assert [one.org_id for one in found] == expected


def test_it_says_as_of_when_it_is_and_what_organisations_are_called(read: Read) -> None:
    report = read()

    assert report.as_of == AS_OF
    assert report.organizations == {"org_a": "Platform", "org_b": "Payments"}
    assert report.several


def test_organisations_of_one_name_are_told_apart(read: Read) -> None:
    names = [{"org_id": "org_a", "name": "Acme"}, {"org_id": "org_b", "name": "Acme"}]

    report = read({**SMALL, "organizations": names})

    assert report.organizations == {"org_a": "Acme (org_a)", "org_b": "Acme (org_b)"}


@pytest.mark.parametrize("asked", ["org_b", "Payments"])
def test_an_organisation_is_asked_for_by_id_or_by_name(read: Read, asked: str) -> None:
    report = read(organizations=[asked])

    assert (report.chosen, report.several) == (("org_b",), False)
    assert [row.org_id for row in report.over_time] == ["org_b"]


def test_a_name_with_a_quote_in_it_can_be_asked_for(read: Read) -> None:
    rows: Rows = {
        "sessions": [session("s1", "it's", "u1", "2026-03-30T10:00")],
        "acu_daily": [burned("2026-03-30", "it's", 5)],
    }

    assert read(rows, organizations=["it's"]).headline.acus == 5.0


PARTS = {
    "session_tree": "trees",
    "wasted_acus": "wasted",
    "stuck_sessions": "stuck",
    "adoption": "adoption",
    "cycle_forecast": "forecasts",
    "metering_check": "metering",
    "data_quality": "quality",
    "pull_request_outcomes": "outcomes",
}


@pytest.mark.parametrize("model", PARTS)
def test_a_model_that_is_not_there_takes_only_its_part(read: Read, model: str) -> None:
    report = read(without=[model])

    missing = {name for name in PARTS.values() if isinstance(getattr(report, name), Unavailable)}
    assert missing == {PARTS[model]}
    assert report.headline.acus == 60.0


def test_figures_that_need_a_missing_model_are_left_out(read: Read) -> None:
    found = read(without=["pull_requests", "wasted_acus"]).headline

    assert [figure.name for figure in found.figures] == ["ACUs", "Cost", "Sessions", "Active users"]


def test_without_the_tables_beside_the_sessions_ids_are_names(read: Read) -> None:
    report = read(without=["organizations", "endpoint_reads"])

    assert report.organizations == {"org_a": "org_a", "org_b": "org_b"}
    assert report.denied == ()
