-- Question: For which repositories are ACUs used?
-- Grain: one row per billing day, organisation, and repository.
-- Cannot know: the repository of a session without pull requests, nor how much of a session went
--   to each of several repositories: they share its ACUs equally. A pull request that is opened
--   later moves the earlier days of its session to its repository.
--
-- Columns:
-- billing_day: Billing day.
-- org_id: Organisation of the sessions.
-- repository: owner/name; NULL for sessions without a pull request of a known repository.
-- sessions: Sessions whose ACUs were seen to change that day; one counts for each of its
--   repositories.
-- acus: ACUs these used that day, of each session an equal share.
-- cost: What these ACUs cost; NULL where no price is configured for the day.
WITH named AS (
    SELECT DISTINCT
        session_id,
        repository
    FROM session_pull_requests
    WHERE repository IS NOT NULL
),

counted AS (
    SELECT
        session_id,
        COUNT(*) AS repositories
    FROM named
    GROUP BY session_id
)

SELECT
    used.billing_day,
    used.org_id,
    named.repository,
    COUNT(*) AS sessions,
    SUM(used.acus / COALESCE(counted.repositories, 1)) AS acus,
    SUM(used.cost / COALESCE(counted.repositories, 1)) AS cost
FROM session_days AS used
LEFT JOIN counted ON used.session_id = counted.session_id
LEFT JOIN named ON used.session_id = named.session_id
GROUP BY used.billing_day, used.org_id, named.repository
