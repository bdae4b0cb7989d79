"""`pull_requests`: what each cost, and when it was seen."""

from tests.models.harness import Models
from tests.models.rows import at, pull_request, session, snapshot

ONE = "https://github.com/acme/web/pull/1"
TWO = "https://github.com/acme/web/pull/2"
THREE = "https://github.com/acme/web/pull/3"
EARLIER, LATER = at("2026-03-01 09:00"), at("2026-03-02 09:00")


def test_without_pull_requests_there_is_no_row(models: Models) -> None:
    models.load(
        sessions=[session("a", acus_consumed=1.0)],
        session_snapshots=[snapshot("a", "2026-03-01 09:00", 1.0)],
    )

    assert models.rows("pull_requests") == []


def test_a_pull_request_is_followed_from_first_seen_to_merged(models: Models) -> None:
    models.load(
        prices={"2026-01-01": 2.0, "2026-03-03": 3.0},
        sessions=[session("a", acus_consumed=6.0)],
        session_pull_requests=[pull_request("a", 1, "merged")],
        session_snapshots=[
            snapshot("a", "2026-03-01 09:00", 1.0),
            snapshot(
                "a",
                "2026-03-02 09:00",
                2.0,
                pull_request_count=1,
                extracted_at=at("2026-03-02 09:05"),
            ),
            snapshot(
                "a",
                "2026-03-03 09:00",
                6.0,
                pull_request_count=1,
                merged_pull_request_count=1,
                extracted_at=at("2026-03-03 09:10"),
            ),
            snapshot(
                "a", "2026-03-04 09:00", 6.0, pull_request_count=1, merged_pull_request_count=1
            ),
        ],
    )

    assert models.rows("pull_requests") == [
        (
            ONE,
            "github.com",
            "acme/web",
            1,
            "org",
            "merged",
            at("2026-03-02 09:00"),
            at("2026-03-03 09:10"),
            None,
            1,
            6.0,
            2 * 2.0 + 4 * 3.0,
        )
    ]


def test_a_pull_request_is_first_seen_with_the_snapshot_that_reaches_its_place(
    models: Models,
) -> None:
    models.load(
        sessions=[session("a")],
        session_pull_requests=[
            pull_request("a", number, "draft", number - 1) for number in (1, 2, 3)
        ],
        session_snapshots=[
            snapshot("a", "2026-03-01 09:00", 0.0),
            snapshot("a", "2026-03-02 09:00", 0.0, pull_request_count=1),
            snapshot("a", "2026-03-03 09:00", 0.0, pull_request_count=3),
        ],
    )

    assert models.rows("pull_requests", "pr_url", "pr_state", "first_seen_at") == [
        (ONE, "draft", at("2026-03-02 09:00")),
        (TWO, "draft", at("2026-03-03 09:00")),
        (THREE, "draft", at("2026-03-03 09:00")),
    ]


def test_merged_ones_of_a_session_are_seen_merged_once_so_many_are(models: Models) -> None:
    models.load(
        sessions=[session("a")],
        session_pull_requests=[
            pull_request("a", 1, "merged", 0),
            pull_request("a", 2, "merged", 1),
            pull_request("a", 3, "open", 2),
        ],
        session_snapshots=[
            snapshot("a", "2026-03-01 09:00", 0.0, pull_request_count=3),
            snapshot(
                "a", "2026-03-02 09:00", 0.0, pull_request_count=3, merged_pull_request_count=1
            ),
            snapshot(
                "a", "2026-03-03 09:00", 0.0, pull_request_count=3, merged_pull_request_count=2
            ),
        ],
    )

    assert models.rows("pull_requests", "pr_url", "merged_seen_at") == [
        (ONE, at("2026-03-03 09:00")),
        (TWO, at("2026-03-03 09:00")),
        (THREE, None),
    ]


def test_a_closed_one_is_seen_closed_by_the_snapshots_that_count_closed_ones(
    models: Models,
) -> None:
    models.load(
        sessions=[session("a"), session("old")],
        session_pull_requests=[pull_request("a", 1, "closed"), pull_request("old", 2, "closed")],
        session_snapshots=[
            snapshot("a", "2026-03-01 09:00", 0.0, pull_request_count=1),
            snapshot(
                "a", "2026-03-02 09:00", 0.0, pull_request_count=1, closed_pull_request_count=0
            ),
            snapshot(
                "a", "2026-03-03 09:00", 0.0, pull_request_count=1, closed_pull_request_count=1
            ),
            snapshot("old", "2026-03-01 09:00", 0.0, pull_request_count=1),
        ],
    )

    assert models.rows("pull_requests", "pr_url", "first_seen_at", "closed_seen_at") == [
        (ONE, at("2026-03-01 09:00"), at("2026-03-03 09:00")),
        (TWO, at("2026-03-01 09:00"), None),
    ]


def test_a_warehouse_that_never_counted_closed_ones_has_no_closed_seen_at(models: Models) -> None:
    models.load(
        lacking={"session_snapshots": ["closed_pull_request_count"]},
        sessions=[session("a")],
        session_pull_requests=[pull_request("a", 1, "closed")],
        session_snapshots=[snapshot("a", "2026-03-01 09:00", 0.0, pull_request_count=1)],
    )

    assert models.rows("pull_requests", "pr_state", "first_seen_at", "closed_seen_at") == [
        ("closed", at("2026-03-01 09:00"), None)
    ]


def test_one_snapshot_tells_all_there_is_to_know(models: Models) -> None:
    models.load(
        sessions=[session("a")],
        session_pull_requests=[pull_request("a", 1, "merged")],
        session_snapshots=[
            snapshot(
                "a",
                "2026-03-01 09:00",
                0.0,
                pull_request_count=1,
                merged_pull_request_count=1,
                extracted_at=at("2026-06-30 12:00"),
            )
        ],
    )

    assert models.rows("pull_requests", "first_seen_at", "merged_seen_at") == [
        (at("2026-03-01 09:00"), at("2026-06-30 12:00"))
    ]


def test_a_pull_request_that_no_snapshot_lists_was_never_seen(models: Models) -> None:
    models.load(
        sessions=[session("none"), session("early", acus_consumed=1.0)],
        session_pull_requests=[
            pull_request("none", 1, "merged"),
            pull_request("early", 2, "closed"),
        ],
        session_snapshots=[snapshot("early", "2026-03-01 09:00", 1.0)],
    )

    assert models.rows(
        "pull_requests", "pr_url", "first_seen_at", "merged_seen_at", "closed_seen_at", "acus"
    ) == [(ONE, None, None, None, 0.0), (TWO, None, None, None, 1.0)]


def test_a_session_shares_its_acus_among_its_pull_requests(models: Models) -> None:
    models.load(
        prices={"2026-01-01": 10.0},
        sessions=[session("a", acus_consumed=6.0)],
        session_pull_requests=[
            pull_request("a", 1, "merged", 0),
            pull_request("a", 2, "open", 1),
            pull_request("a", 3, None, 2),
        ],
        session_snapshots=[
            snapshot("a", "2026-03-01 09:00", 2.0, pull_request_count=1),
            snapshot("a", "2026-03-02 09:00", 6.0, pull_request_count=3),
        ],
    )

    assert models.rows("pull_requests", "pr_url", "pr_state", "sessions", "acus", "cost") == [
        (ONE, "merged", 1, 2.0, 20.0),
        (TWO, "open", 1, 2.0, 20.0),
        (THREE, None, 1, 2.0, 20.0),
    ]


def test_a_pull_request_of_several_sessions_has_a_share_of_each(models: Models) -> None:
    models.load(
        prices={"2026-01-01": 10.0},
        sessions=[
            session("a", org_id="org two", acus_consumed=4.0),
            session("b", org_id="org one", acus_consumed=6.0, deleted_at=LATER),
        ],
        session_pull_requests=[
            pull_request("a", 1, "merged"),
            pull_request("b", 1, "merged", 1),
            pull_request("b", 2, "merged", 0),
        ],
        session_snapshots=[
            snapshot(
                "a", "2026-03-05 09:00", 4.0, pull_request_count=1, merged_pull_request_count=1
            ),
            snapshot("b", "2026-03-02 09:00", 5.0, pull_request_count=2),
            snapshot(
                "b", "2026-03-08 09:00", 6.0, pull_request_count=2, merged_pull_request_count=2
            ),
        ],
    )

    assert models.rows(
        "pull_requests",
        *("pr_url", "org_id", "first_seen_at", "merged_seen_at", "sessions", "acus", "cost"),
    ) == [
        (ONE, "org one", at("2026-03-02 09:00"), at("2026-03-05 09:00"), 2, 7.0, 70.0),
        (TWO, "org one", at("2026-03-02 09:00"), at("2026-03-08 09:00"), 1, 3.0, 30.0),
    ]


def test_where_sessions_disagree_merged_counts_and_else_what_was_read_last(
    models: Models,
) -> None:
    earlier_later_expected = [
        ("open", "closed", "closed"),
        ("closed", "open", "open"),
        ("closed", "draft", "draft"),
        ("merged", "open", "merged"),
        ("closed", "merged", "merged"),
        ("closed", None, "closed"),
        ("open", None, "open"),
        ("draft", "open", "open"),
        (None, None, None),
    ]
    models.load(
        sessions=[session("a", extracted_at=EARLIER), session("b", extracted_at=LATER)],
        session_pull_requests=[
            row
            for number, (earlier, later, _) in enumerate(earlier_later_expected)
            for row in (pull_request("a", number, earlier), pull_request("b", number, later))
        ],
    )

    assert models.rows("pull_requests", "number", "pr_state") == [
        (number, expected) for number, (*_, expected) in enumerate(earlier_later_expected)
    ]


def test_one_that_was_opened_again_is_no_longer_seen_closed(models: Models) -> None:
    models.load(
        sessions=[session("a", extracted_at=EARLIER), session("b", extracted_at=LATER)],
        session_pull_requests=[pull_request("a", 1, "closed"), pull_request("b", 1, "open")],
        session_snapshots=[
            snapshot(
                "a", "2026-03-01 09:00", 0.0, pull_request_count=1, closed_pull_request_count=1
            ),
        ],
    )

    assert models.rows("pull_requests", "pr_state", "closed_seen_at") == [("open", None)]


def test_sessions_without_acus_give_a_pull_request_none_and_no_cost(models: Models) -> None:
    models.load(
        prices={"2026-01-01": 10.0},
        sessions=[session("a")],
        session_pull_requests=[pull_request("a", 1)],
        session_snapshots=[snapshot("a", "2026-03-01 09:00", 0.0, pull_request_count=1)],
    )

    assert models.rows("pull_requests", "acus", "cost") == [(0.0, None)]


def test_an_address_that_tells_nothing_is_a_pull_request_all_the_same(models: Models) -> None:
    models.load(
        sessions=[session("a")],
        session_pull_requests=[{"session_id": "a", "pr_url": "review:7"}],
        session_snapshots=[snapshot("a", "2026-03-01 09:00", 0.0, pull_request_count=1)],
    )

    assert models.rows(
        "pull_requests", "pr_url", "host", "repository", "number", "first_seen_at"
    ) == [("review:7", None, None, None, None)]
