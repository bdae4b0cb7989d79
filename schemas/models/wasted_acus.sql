-- Question: Which sessions used ACUs and ended with nothing?
-- Grain: one row per session that ended without a merged or open pull request.
-- Cannot know: whether something else came of it: an answer, a review, a commit without a pull
--   request. A child may have worked for the pull request of its parent, and a parent for those of
--   its children; the API does not say so, and each is judged by its own pull requests.
--   A session that sleeps or waits may go on, and is not in here.
--
-- Columns:
-- session_id: Session.
-- org_id: Organisation of the session.
-- title: Title, as shown in the web app.
-- url: Address of the session in the web app.
-- user_id: Person who started it.
-- service_user_id: Service user that started it.
-- status: exit, error, or suspended by an error or a limit.
-- status_detail: Why it has this status.
-- ended_at: When it last changed.
-- reason: The first that fits of error, limit (of usage, quota, credits, payment or contract),
--   all_closed (its pull requests), no_pull_request.
-- acus: ACUs of the session.
-- cost: What these ACUs cost; NULL where no price is known for one of their days.
WITH session_costs AS (
    SELECT
        session_id,
        CASE WHEN COUNT(cost) = COUNT(*) THEN SUM(cost) END AS cost
    FROM session_days
    GROUP BY session_id
),

listed AS (
    SELECT
        session_id,
        COUNT(*) AS pull_requests,
        COUNT(CASE WHEN pr_state = 'closed' THEN 1 END) AS closed
    FROM session_pull_requests
    GROUP BY session_id
),

ended AS (
    SELECT
        session.session_id,
        session.org_id,
        session.title,
        session.url,
        session.user_id,
        session.service_user_id,
        session.status,
        session.status_detail,
        session.updated_at,
        session.acus_consumed,
        CASE
            WHEN session.status = 'error' OR session.status_detail = 'error' THEN 'error'
            WHEN
                session.status_detail LIKE '%limit_exceeded'
                OR session.status_detail LIKE 'out_of_%'
                OR session.status_detail IN (
                    'no_quota_allocation', 'payment_declined', 'contract_expired'
                )
                THEN 'limit'
        END AS stopped_by
    FROM sessions AS session
    WHERE session.acus_consumed > 0 AND session.status IN ('exit', 'error', 'suspended')
)

SELECT
    ended.session_id,
    ended.org_id,
    ended.title,
    ended.url,
    ended.user_id,
    ended.service_user_id,
    ended.status,
    ended.status_detail,
    ended.updated_at AS ended_at,
    COALESCE(
        ended.stopped_by,
        CASE WHEN listed.closed > 0 THEN 'all_closed' ELSE 'no_pull_request' END
    ) AS reason,
    ended.acus_consumed AS acus,
    session_costs.cost
FROM ended
LEFT JOIN listed ON listed.session_id = ended.session_id
LEFT JOIN session_costs ON session_costs.session_id = ended.session_id
WHERE
    (ended.status <> 'suspended' OR ended.stopped_by IS NOT NULL)
    AND COALESCE(listed.pull_requests, 0) = COALESCE(listed.closed, 0)
