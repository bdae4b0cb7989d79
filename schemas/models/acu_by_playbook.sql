-- Question: Which playbooks use how many ACUs?
-- Grain: one row per billing day, organisation, and playbook.
-- Cannot know: what a session would have used without its playbook, nor the title of a playbook
--   that was deleted before it was first loaded, or may not be read.
--
-- Columns:
-- billing_day: Billing day.
-- org_id: Organisation of the sessions.
-- playbook_id: Playbook they follow; NULL for sessions without one.
-- title: Its title now; NULL if the playbook is not loaded.
-- sessions: Sessions whose ACUs were seen to change that day.
-- acus: ACUs these used that day.
-- cost: What these ACUs cost; NULL where no price is configured for the day.
WITH followed AS (
    SELECT
        billing_day,
        org_id,
        playbook_id,
        COUNT(*) AS sessions,
        SUM(acus) AS acus,
        SUM(cost) AS cost
    FROM session_days
    GROUP BY billing_day, org_id, playbook_id
)

SELECT
    followed.billing_day,
    followed.org_id,
    followed.playbook_id,
    playbook.title,
    followed.sessions,
    followed.acus,
    followed.cost
FROM followed
LEFT JOIN playbooks AS playbook ON followed.playbook_id = playbook.playbook_id
