-- Question: How many ACUs were used on each day, and by whom?
-- Grain: one row per billing day, organisation, and person or service user.
-- Cannot know: what Cascade, the terminal and reviews used: they have no sessions.
--   consumption_daily has it. What a day is, and when growth is booked: see session_days.
--
-- Columns:
-- billing_day: Billing day.
-- org_id: Organisation of the sessions.
-- user_id: Person who started them.
-- service_user_id: Service user that started them.
-- sessions: Sessions whose ACUs were seen to change that day.
-- acus: ACUs these used that day.
-- cost: What these ACUs cost; NULL where no price is configured for the day.
SELECT
    billing_day,
    org_id,
    user_id,
    service_user_id,
    COUNT(*) AS sessions,
    SUM(acus) AS acus,
    SUM(cost) AS cost
FROM session_days
GROUP BY billing_day, org_id, user_id, service_user_id
