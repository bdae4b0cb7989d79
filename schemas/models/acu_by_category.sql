-- Question: For which use cases are ACUs used?
-- Grain: one row per billing day, organisation, and use case.
-- Cannot know: what a session was about beyond the use case that the API classified it as; new
--   sessions have none yet, and a day's ACUs move when a session is classified.
--
-- Columns:
-- billing_day: Billing day.
-- org_id: Organisation of the sessions.
-- category: Use case; NULL where the API names none.
-- subcategory: Finer use case, as the API displays it; NULL where it names none.
-- sessions: Sessions whose ACUs were seen to change that day.
-- acus: ACUs these used that day.
-- cost: What these ACUs cost; NULL where no price is configured for the day.
SELECT
    billing_day,
    org_id,
    category,
    subcategory,
    COUNT(*) AS sessions,
    SUM(acus) AS acus,
    SUM(cost) AS cost
FROM session_days
GROUP BY billing_day, org_id, category, subcategory
