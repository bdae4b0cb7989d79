-- Question: For which tags are ACUs used?
-- Grain: one row per billing day, organisation, and tag.
-- Cannot know: how much of a session each of several tags stands for: they share its ACUs equally.
--   Tags are as they are now: a day's ACUs move with them.
--
-- Columns:
-- billing_day: Billing day.
-- org_id: Organisation of the sessions.
-- tag: Tag; NULL for sessions without one.
-- sessions: Sessions whose ACUs were seen to change that day; one counts for each of its tags.
-- acus: ACUs these used that day, of each session an equal share.
-- cost: What these ACUs cost; NULL where no price is configured for the day.
WITH counted AS (
    SELECT
        session_id,
        COUNT(*) AS tags
    FROM session_tags
    GROUP BY session_id
)

SELECT
    used.billing_day,
    used.org_id,
    tagged.tag,
    COUNT(*) AS sessions,
    SUM(used.acus / COALESCE(counted.tags, 1)) AS acus,
    SUM(used.cost / COALESCE(counted.tags, 1)) AS cost
FROM session_days AS used
LEFT JOIN counted ON used.session_id = counted.session_id
LEFT JOIN session_tags AS tagged ON used.session_id = tagged.session_id
GROUP BY used.billing_day, used.org_id, tagged.tag
