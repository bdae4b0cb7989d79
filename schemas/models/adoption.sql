-- Question: How many people use Devin each week, how much, and how many are new?
-- Grain: one row per week and organisation with a session created in it.
-- Cannot know: who used Devin before the first session that is loaded: they count as first-time
--   users later. Nor who only looked on, or talked to another's session: a session counts for
--   whoever started it. Weeks without sessions have no row.
--
-- Columns:
-- week: Monday of the week (UTC) in which the sessions were created.
-- org_id: Organisation.
-- sessions: Sessions created, deleted and archived ones too.
-- active_users: People who started one.
-- sessions_per_user: Sessions that people started / active_users; NULL if no person started one.
-- first_time_users: Of the active users, those whose first session in this organisation it was.
-- service_users: Service users that started a session.
-- service_user_share: Share of the sessions that service users started, from 0 to 1.
WITH started AS (
    SELECT
        CAST(DATE_TRUNC('week', created_at AT TIME ZONE 'UTC') AS DATE) AS week,
        org_id,
        user_id,
        service_user_id,
        COUNT(*) AS sessions
    FROM sessions
    GROUP BY
        CAST(DATE_TRUNC('week', created_at AT TIME ZONE 'UTC') AS DATE),
        org_id,
        user_id,
        service_user_id
),

firsts AS (
    SELECT
        started.*,
        MIN(week) OVER (PARTITION BY org_id, user_id) AS first_week
    FROM started
)

SELECT
    week,
    org_id,
    CAST(SUM(sessions) AS BIGINT) AS sessions,
    COUNT(DISTINCT user_id) AS active_users,
    CAST(SUM(CASE WHEN user_id IS NOT NULL THEN sessions END) AS DOUBLE)
    / NULLIF(COUNT(DISTINCT user_id), 0) AS sessions_per_user,
    COUNT(DISTINCT CASE WHEN week = first_week THEN user_id END) AS first_time_users,
    COUNT(DISTINCT service_user_id) AS service_users,
    CAST(SUM(CASE WHEN service_user_id IS NOT NULL THEN sessions ELSE 0 END) AS DOUBLE)
    / SUM(sessions) AS service_user_share
FROM firsts
GROUP BY week, org_id
