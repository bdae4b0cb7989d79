-- Question: Is the warehouse whole and free of contradictions?
-- Grain: one row per check.
-- Cannot know: whether the API told the truth; metering_check compares it with what was billed.
--   An item that was rejected and loaded later still counts as rejected, and a scope that is no
--   longer read on purpose, after its filters changed, counts as behind.
--
-- Columns:
-- check_name: Name of the check.
-- what: What is wrong with the rows that it finds.
-- rows_found: How many there are, which must be 0; of rows with the same key all but one.
WITH session_ids AS (
    SELECT session_id, COUNT(*) AS copies FROM sessions GROUP BY session_id
),

pull_request_copies AS (
    SELECT COUNT(*) AS copies FROM session_pull_requests GROUP BY session_id, pr_url
),

tag_copies AS (
    SELECT COUNT(*) AS copies FROM session_tags GROUP BY session_id, tag
),

link_copies AS (
    SELECT COUNT(*) AS copies
    FROM session_links
    GROUP BY parent_session_id, child_session_id, declared_by
),

snapshot_copies AS (
    SELECT COUNT(*) AS copies FROM session_snapshots GROUP BY session_id, updated_at
),

consumption_copies AS (
    SELECT COUNT(*) AS copies
    FROM consumption_daily
    GROUP BY scope, org_id, subject_id, billing_day, product
),

history AS (
    SELECT
        session_id,
        acus_consumed,
        -- NULLS FIRST is how T-SQL has it anyway; there are none.
        FIRST_VALUE(acus_consumed) OVER (
            PARTITION BY session_id
            ORDER BY updated_at NULLS FIRST
            ROWS BETWEEN 1 PRECEDING AND CURRENT ROW
        ) AS acus_before,
        ROW_NUMBER() OVER (PARTITION BY session_id ORDER BY updated_at DESC) AS age
    FROM session_snapshots
),

latest AS (
    SELECT
        session.session_id,
        session.acus_consumed,
        history.session_id AS known_session_id,
        history.acus_consumed AS known_acus
    FROM sessions AS session
    LEFT JOIN history ON history.session_id = session.session_id AND history.age = 1
),

metered AS (
    SELECT acus_consumed FROM sessions
    UNION ALL
    SELECT acus_consumed FROM session_snapshots
),

scopes AS (
    SELECT
        scope,
        MAX(CASE WHEN outcome IN ('loaded', 'unchanged') THEN as_of END) AS as_of
    FROM sync_runs
    GROUP BY scope
),

newest_scope AS (
    SELECT MAX(as_of) AS as_of FROM scopes
),

checks AS (
    SELECT
        'duplicate_sessions' AS check_name,
        'A session is in sessions more than once.' AS what,
        SUM(copies - 1) AS rows_found
    FROM session_ids
    UNION ALL
    SELECT
        'duplicate_pull_requests',
        'A session has the same pull request in session_pull_requests more than once.',
        SUM(copies - 1)
    FROM pull_request_copies
    UNION ALL
    SELECT
        'duplicate_tags',
        'A session has the same tag in session_tags more than once.',
        SUM(copies - 1)
    FROM tag_copies
    UNION ALL
    SELECT
        'duplicate_links',
        'A link is in session_links more than once for the same side.',
        SUM(copies - 1)
    FROM link_copies
    UNION ALL
    SELECT
        'duplicate_snapshots',
        'A session has two snapshots of the same moment in session_snapshots.',
        SUM(copies - 1)
    FROM snapshot_copies
    UNION ALL
    SELECT
        'duplicate_consumption',
        'A day of somebody''s consumption is in consumption_daily more than once.',
        SUM(copies - 1)
    FROM consumption_copies
    UNION ALL
    SELECT
        'orphan_pull_requests',
        'The session of a pull request is not in sessions.',
        COUNT(*)
    FROM session_pull_requests AS pull_request
    LEFT JOIN session_ids ON session_ids.session_id = pull_request.session_id
    WHERE session_ids.session_id IS NULL
    UNION ALL
    SELECT
        'orphan_tags',
        'The session of a tag is not in sessions.',
        COUNT(*)
    FROM session_tags AS tagged
    LEFT JOIN session_ids ON session_ids.session_id = tagged.session_id
    WHERE session_ids.session_id IS NULL
    UNION ALL
    SELECT
        'orphan_links',
        'The session whose row declares a link is not in sessions; the other one may be missing.',
        COUNT(*)
    FROM session_links AS link
    LEFT JOIN session_ids ON session_ids.session_id = link.session_id
    WHERE session_ids.session_id IS NULL
    UNION ALL
    SELECT
        'orphan_snapshots',
        'The session of a snapshot is not in sessions.',
        COUNT(*)
    FROM session_snapshots AS snapshot
    LEFT JOIN session_ids ON session_ids.session_id = snapshot.session_id
    WHERE session_ids.session_id IS NULL
    UNION ALL
    SELECT
        'sessions_without_snapshot',
        'A session has no snapshot, so that its ACUs are on no day.',
        COUNT(*)
    FROM latest
    WHERE known_session_id IS NULL
    UNION ALL
    SELECT
        'sessions_unlike_snapshot',
        'The ACUs of a session are not those of its newest snapshot.',
        COUNT(*)
    FROM latest
    WHERE acus_consumed <> known_acus
    UNION ALL
    SELECT
        'sessions_updated_before_created',
        'A session was last changed before it was created.',
        COUNT(*)
    FROM sessions
    WHERE updated_at < created_at
    UNION ALL
    SELECT
        'shrinking_snapshots',
        'A snapshot has fewer ACUs than the one before it.',
        COUNT(*)
    FROM history
    WHERE acus_consumed < acus_before
    UNION ALL
    SELECT
        'negative_acus',
        'A session or a snapshot has fewer than 0 ACUs.',
        COUNT(*)
    FROM metered
    WHERE acus_consumed < 0
    UNION ALL
    SELECT
        'rejected_items',
        'An item of the API broke its contract and is not loaded.',
        COUNT(*)
    FROM rejected_items
    WHERE replayed_at IS NULL
    UNION ALL
    SELECT
        'scopes_behind_schedule',
        'A scope was never read to its end, or last more than a day before the newest one.',
        COUNT(*)
    FROM scopes
    CROSS JOIN newest_scope
    WHERE
        scopes.as_of IS NULL
        OR DATE_DIFF(
            'second', scopes.as_of AT TIME ZONE 'UTC', newest_scope.as_of AT TIME ZONE 'UTC'
        ) > 86400
)

SELECT check_name, what, CAST(COALESCE(rows_found, 0) AS BIGINT) AS rows_found
FROM checks
