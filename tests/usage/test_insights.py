"""Insights of sessions: off by default, and from then on what changed."""

from __future__ import annotations

from typing import Any

import pytest

from tests.usage.conftest import EIGHT, ORG, Api, Place

PATH = f"/v3/organizations/{ORG}/sessions/insights"


def insight(session_id: str, **more: Any) -> dict[str, Any]:
    return {"session_id": f"devin-{session_id}", "org_id": ORG, "updated_at": EIGHT, **more}


def starts(api: Api) -> list[str | None]:
    """From when on each walk asked."""
    walks = [call.params for call in api.asked("/insights") if "after" not in call.params]
    return [params.get("updated_after") for params in walks]


def test_they_are_off_by_default_but_the_table_is_there(place: Place) -> None:
    place.api.lists[PATH] = [insight("a")]

    place.sync()

    assert place.api.asked("/insights") == []
    assert place.table("session_insights") == []


def test_the_whole_analysis_is_kept_and_its_category_beside_it(place: Place) -> None:
    analysis = {"classification": {"category": "bug_fix", "confidence": 0.8}, "new": [1]}
    place.api.lists[PATH] = [
        insight("a", num_user_messages=3, num_devin_messages=9, session_size="xl"),
        insight("b", analysis=analysis),
    ]

    place.sync(insights=True)

    a, b = place.table("session_insights")
    assert (a["session_id"], b["session_id"]) == ("a", "b")
    assert (a["num_user_messages"], a["num_devin_messages"], a["session_size"]) == (3, 9, "xl")
    assert (a["category"], a["analysis"]) == (None, None)
    assert (b["category"], b["category_confidence"]) == ("bug_fix", 0.8)
    assert b["analysis"] == analysis


def test_all_pages_are_read_and_then_what_changed_since_they_were(place: Place) -> None:
    place.api.lists[PATH] = [insight(str(number)) for number in range(250)]
    place.sync(insights=True)
    place.api.lists[PATH] = [insight("7", session_size="m"), insight("new")]
    place.api.now += 3600

    place.sync(insights=True, overlap="10m", settle="5s")

    began = place.api.now - 3600
    first, second = starts(place.api)
    assert first is None
    assert began - 1 - 5 - 600 <= int(second or 0) <= began - 5 - 600
    rows = {row["session_id"]: row["session_size"] for row in place.table("session_insights")}
    assert (len(rows), rows["7"], rows["8"]) == (251, "m", None)


def test_no_end_is_asked_for_so_that_what_changes_meanwhile_cannot_slip_by(place: Place) -> None:
    place.sync(insights=True)

    assert {name for call in place.api.asked("/insights") for name in call.params} == {
        "first",
        "created_after",
    }


def test_an_earlier_start_reads_them_all(place: Place) -> None:
    place.sync(insights=True, start_date="2026-05-01")

    place.sync(insights=True, start_date="2026-04-01")

    assert starts(place.api) == [None, None]


def test_filters_are_asked_for_and_what_others_left_out_is_read(place: Place) -> None:
    place.sync(insights=True, tags=["a"])

    place.sync(insights=True, tags=["b"])
    place.sync(insights=True, tags=["a"])

    assert [call.params["tags"] for call in place.api.asked("/insights")] == ["a", "b", "a"]
    first, other, again = starts(place.api)
    assert (first, other) == (None, None)
    assert again is not None


@pytest.mark.parametrize("answer", [(500, "Down"), (403, "ViewOrgSessions")])
def test_what_was_not_read_to_the_end_is_read_again(place: Place, answer: Any) -> None:
    place.api.refused["/insights"] = answer
    place.sync(insights=True)
    place.api.refused.clear()

    place.sync(insights=True)

    assert starts(place.api) == [None, None]
