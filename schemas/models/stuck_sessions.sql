-- Question: Which sessions wait for somebody, and for how long?
-- Grain: one row per session that waits, neither archived nor deleted.
-- Cannot know: when the waiting began, where something else changed the session since: it is
--   counted from the last change. Nor what it will use once it goes on. A session that
--   was answered since the last sync still waits in here.
--
-- Columns:
-- session_id: Session.
-- org_id: Organisation of the session.
-- title: Title, as shown in the web app.
-- url: Address of the session in the web app.
-- user_id: Person who started it.
-- service_user_id: Service user that started it.
-- waiting_for: user or approval.
-- waiting_since: When it last changed.
-- waiting_hours: Hours from then to the moment as of which the warehouse is loaded (as_of); 0 if it
--   changed after that.
-- acus: ACUs that it used so far.
-- cost: What these ACUs cost; NULL where no price is known for one of their days, or none was used.
WITH session_costs AS (
    SELECT
        session_id,
        CASE WHEN COUNT(cost) = COUNT(*) THEN SUM(cost) END AS cost
    FROM session_days
    GROUP BY session_id
)

SELECT
    session.session_id,
    session.org_id,
    session.title,
    session.url,
    session.user_id,
    session.service_user_id,
    CASE
        WHEN session.status_detail = 'waiting_for_user' THEN 'user' ELSE 'approval'
    END AS waiting_for,
    session.updated_at AS waiting_since,
    CASE
        WHEN session.updated_at >= moment.as_of THEN CAST(0 AS DOUBLE)
        ELSE
            CAST(
                DATE_DIFF(
                    'second',
                    session.updated_at AT TIME ZONE 'UTC',
                    moment.as_of AT TIME ZONE 'UTC'
                ) AS DOUBLE
            ) / 3600
    END AS waiting_hours,
    session.acus_consumed AS acus,
    session_costs.cost
FROM sessions AS session
LEFT JOIN session_costs ON session_costs.session_id = session.session_id
CROSS JOIN as_of AS moment
WHERE
    session.status_detail IN ('waiting_for_user', 'waiting_for_approval')
    AND session.deleted_at IS NULL
    AND NOT COALESCE(session.is_archived, FALSE)
