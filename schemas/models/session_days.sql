-- Question: Which session used how many ACUs on which day?
-- Grain: one row per session and billing day on which its ACUs were seen to grow.
-- Cannot know: when a session used ACUs between two syncs: the growth is booked on the day of the
--   later state. All that it used before it was first seen is booked on the day of that state.
--
-- Columns:
-- session_id: Session. Deleted ones are here too, for their ACUs were used.
-- billing_day: Billing day on which the session was last active in the states that showed the
--   growth; a day from 08:00 to 08:00 UTC unless configured otherwise.
-- org_id: Organisation of the session.
-- user_id: Person who started it.
-- service_user_id: Service user that started it.
-- playbook_id: Playbook it follows.
-- category: Use case it is classified as by now.
-- subcategory: Finer use case.
-- origin: Where it was started.
-- acus: ACUs it used; below 0 where its total shrank. All days of a session sum to its total.
-- cost: What these ACUs cost; NULL where no price is configured for the day.
WITH dated AS (
    SELECT
        session_id,
        org_id,
        updated_at,
        acus_consumed,
        CAST(
            (updated_at AT TIME ZONE 'UTC')
            - INTERVAL (:billing_day_offset_seconds) SECOND AS DATE
        ) AS billing_day
    FROM session_snapshots
),

-- Most sessions have one state, and need neither a window nor a sum.
several AS (
    SELECT session_id
    FROM session_snapshots
    GROUP BY session_id
    HAVING COUNT(*) > 1
),

growth AS (
    SELECT
        dated.session_id,
        dated.org_id,
        dated.billing_day,
        dated.acus_consumed - COALESCE(
            LAG(dated.acus_consumed)
                OVER (PARTITION BY dated.session_id ORDER BY dated.updated_at),
            0
        ) AS acus
    FROM dated
    INNER JOIN several ON dated.session_id = several.session_id
),

burned AS (
    SELECT
        dated.session_id,
        dated.billing_day,
        dated.org_id,
        dated.acus_consumed AS acus
    FROM dated
    LEFT JOIN several ON dated.session_id = several.session_id
    WHERE several.session_id IS NULL AND dated.acus_consumed <> 0
    UNION ALL
    SELECT
        session_id,
        billing_day,
        MAX(org_id) AS org_id,
        SUM(acus) AS acus
    FROM growth
    WHERE acus <> 0
    GROUP BY session_id, billing_day
    HAVING SUM(acus) <> 0
),

priced AS (
    SELECT
        day.billing_day,
        acu_price.price
    FROM (SELECT DISTINCT billing_day FROM burned) AS day
    CROSS JOIN acu_prices AS acu_price
    WHERE
        acu_price.effective_from <= day.billing_day
        AND (acu_price.effective_until IS NULL OR day.billing_day < acu_price.effective_until)
)

SELECT
    burned.session_id,
    burned.billing_day,
    COALESCE(found.org_id, burned.org_id) AS org_id,
    found.user_id,
    found.service_user_id,
    found.playbook_id,
    found.category,
    found.subcategory,
    found.origin,
    burned.acus,
    burned.acus * priced.price AS cost
FROM burned
LEFT JOIN sessions AS found ON burned.session_id = found.session_id
LEFT JOIN priced ON burned.billing_day = priced.billing_day
