-- Question: Which people and service users use how many ACUs?
-- Grain: one row per billing day, organisation, and person or service user.
-- Cannot know: for whom a service user works, nor what people use outside of sessions;
--   consumption_daily has the latter. Names are as they are now, and NULL for who was not found.
--
-- Columns:
-- billing_day: Billing day.
-- org_id: Organisation of the sessions.
-- user_id: Person who started them.
-- service_user_id: Service user that started them.
-- name: Name of the person or the service user.
-- email: E-mail address of the person; NULL for a service user.
-- sessions: Sessions whose ACUs were seen to change that day.
-- acus: ACUs these used that day.
-- cost: What these ACUs cost; NULL where no price is configured for the day.
SELECT
    daily.billing_day,
    daily.org_id,
    daily.user_id,
    daily.service_user_id,
    COALESCE(person.name, service.name) AS name,
    person.email,
    daily.sessions,
    daily.acus,
    daily.cost
FROM acu_daily AS daily
LEFT JOIN users AS person ON daily.user_id = person.user_id
LEFT JOIN service_users AS service ON daily.service_user_id = service.service_user_id
