-- Question: What did each pull request cost, and when was it first seen, merged and closed?
-- Grain: one row per pull request, however many sessions have it.
-- Cannot know: the moments are those of syncs, not of the host: a pull request that was there, or
--   merged, before the first sync has that sync's. If the order of a session's pull requests
--   changes, first_seen_at is that of the place. Snapshots count how many are merged or closed, not
--   which, so of several in a session each has the moment of the last one, which moves with the
--   next. Who wrote or reviewed it is not told by the API.
--
-- Columns:
-- pr_url: Address of the pull request.
-- host: Host of the address, such as github.com; NULL if the address tells none.
-- repository: owner/name; NULL if the address tells none.
-- number: Number of the pull request in its repository; NULL if the address tells none.
-- org_id: Organisation of its sessions; the first by name if they are of several.
-- pr_state: merged if a session says so, else closed or not as in the session that was read last;
--   NULL if none tells.
-- first_seen_at: When a session last changed in the first of its snapshots that lists it; NULL if
--   none does.
-- merged_seen_at: When all merged ones of its session were first seen merged; NULL if it is not.
-- closed_seen_at: When all closed ones of its session were first seen closed; NULL if it is not, or
--   no snapshot says how many are.
-- sessions: Sessions that have it, deleted ones too.
-- acus: ACUs of its sessions; a session's are shared equally among its pull requests.
-- cost: What these ACUs cost; NULL where no price is known for one of their days, or none was used.
WITH per_session AS (
    SELECT
        session_id,
        COUNT(*) AS listed,
        COUNT(CASE WHEN pr_state = 'merged' THEN 1 END) AS merged,
        COUNT(CASE WHEN pr_state = 'closed' THEN 1 END) AS closed
    FROM session_pull_requests
    GROUP BY session_id
),

session_costs AS (
    SELECT
        session_id,
        CASE WHEN COUNT(cost) = COUNT(*) THEN SUM(cost) END AS cost
    FROM session_days
    GROUP BY session_id
),

shares AS (
    SELECT
        per_session.session_id,
        session.org_id,
        session.extracted_at,
        per_session.merged,
        per_session.closed,
        session.acus_consumed / per_session.listed AS acus,
        session_costs.cost / per_session.listed AS cost
    FROM per_session
    JOIN sessions AS session ON session.session_id = per_session.session_id
    LEFT JOIN session_costs ON session_costs.session_id = per_session.session_id
),

totals AS (
    SELECT
        pull_request.pr_url,
        MIN(pull_request.host) AS host,
        MIN(pull_request.repository) AS repository,
        MIN(pull_request.number) AS number,
        MIN(shares.org_id) AS org_id,
        COUNT(CASE WHEN pull_request.pr_state = 'merged' THEN 1 END) AS merged,
        MAX(CASE WHEN pull_request.pr_state = 'closed' THEN shares.extracted_at END) AS closed_at,
        MAX(CASE WHEN pull_request.pr_state <> 'closed' THEN shares.extracted_at END) AS open_at,
        MAX(
            CASE WHEN pull_request.pr_state <> 'closed' THEN pull_request.pr_state END
        ) AS open_state,
        COUNT(*) AS sessions,
        SUM(shares.acus) AS acus,
        CASE
            WHEN COUNT(CASE WHEN shares.acus <> 0 AND shares.cost IS NULL THEN 1 END) = 0
                THEN SUM(shares.cost)
        END AS cost
    FROM session_pull_requests AS pull_request
    JOIN shares ON shares.session_id = pull_request.session_id
    GROUP BY pull_request.pr_url
),

seen AS (
    SELECT
        pull_request.pr_url,
        MIN(
            CASE
                WHEN snapshot.pull_request_count > pull_request.position THEN snapshot.updated_at
            END
        ) AS first_seen_at,
        MIN(
            CASE
                WHEN
                    pull_request.pr_state = 'merged'
                    AND snapshot.merged_pull_request_count >= per_session.merged
                    THEN snapshot.extracted_at
            END
        ) AS merged_seen_at,
        MIN(
            CASE
                WHEN
                    pull_request.pr_state = 'closed'
                    AND snapshot.closed_pull_request_count >= per_session.closed
                    THEN snapshot.extracted_at
            END
        ) AS closed_seen_at
    FROM session_pull_requests AS pull_request
    JOIN per_session ON per_session.session_id = pull_request.session_id
    JOIN session_snapshots AS snapshot ON snapshot.session_id = pull_request.session_id
    GROUP BY pull_request.pr_url
),

known AS (
    SELECT
        totals.*,
        CASE
            WHEN merged > 0 THEN 'merged'
            WHEN closed_at IS NOT NULL AND (open_at IS NULL OR closed_at >= open_at) THEN 'closed'
            ELSE open_state
        END AS pr_state
    FROM totals
)

SELECT
    known.pr_url,
    known.host,
    known.repository,
    known.number,
    known.org_id,
    known.pr_state,
    seen.first_seen_at,
    CASE WHEN known.pr_state = 'merged' THEN seen.merged_seen_at END AS merged_seen_at,
    CASE WHEN known.pr_state = 'closed' THEN seen.closed_seen_at END AS closed_seen_at,
    known.sessions,
    known.acus,
    known.cost
FROM known
LEFT JOIN seen ON seen.pr_url = known.pr_url
