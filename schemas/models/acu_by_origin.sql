-- Question: Where are the sessions started that use ACUs?
-- Grain: one row per billing day, organisation, and origin.
-- Cannot know: sessions of origins that the API does not list, such as some of the command line.
--
-- Columns:
-- billing_day: Billing day.
-- org_id: Organisation of the sessions.
-- origin: Where they were started: webapp, slack, api, and so on; NULL where the API does not say.
-- sessions: Sessions whose ACUs were seen to change that day.
-- acus: ACUs these used that day.
-- cost: What these ACUs cost; NULL where no price is configured for the day.
SELECT
    billing_day,
    org_id,
    origin,
    COUNT(*) AS sessions,
    SUM(acus) AS acus,
    SUM(cost) AS cost
FROM session_days
GROUP BY billing_day, org_id, origin
