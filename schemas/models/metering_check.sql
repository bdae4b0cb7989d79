-- Question: Do the ACUs of the sessions agree with what the API says was consumed?
-- Grain: one row per organisation and billing day with ACUs of sessions, or with consumption.
-- Cannot know: which of the two is right. Consumption is that of the product devin alone: the
--   others have no sessions. Today's is not complete, and the two are not read at the same moment.
--   Consumption is booked on days from 08:00 UTC, whatever billing_day_offset says of sessions.
--
-- Columns:
-- org_id: Organisation.
-- billing_day: Billing day.
-- session_acus: ACUs that its sessions were seen to use that day; 0 where none were.
-- session_cost: What these ACUs cost; NULL where no price is configured for the day.
-- consumption_acus: ACUs of the organisation in consumption_daily; NULL where that has no such day.
-- consumption_cost: What these ACUs cost; NULL where no price is configured for the day.
-- gap: How many more the sessions show; NULL where there is no consumption to compare.
-- explanation: The first that fits: agrees (to 0.01 ACUs or 1 %), not metered (all its sessions
--   have 0 ACUs, though some did work), burned before the first sync (what a session used before it
--   was first seen is booked on one day), no consumption data, sessions show less, sessions show
--   more.
WITH compared AS (
    SELECT
        booked.org_id,
        booked.billing_day,
        COALESCE(SUM(booked.session_acus), 0) AS session_acus,
        SUM(booked.consumption_acus) AS consumption_acus
    FROM (
        SELECT
            org_id,
            billing_day,
            acus AS session_acus,
            CAST(NULL AS DOUBLE) AS consumption_acus
        FROM acu_daily
        UNION ALL
        SELECT
            org_id,
            billing_day,
            CAST(NULL AS DOUBLE) AS session_acus,
            acus AS consumption_acus
        FROM consumption_daily
        WHERE scope = 'organization' AND product = 'devin'
    ) AS booked
    GROUP BY booked.org_id, booked.billing_day
),

priced AS (
    SELECT
        dated.billing_day,
        acu_price.price
    FROM (SELECT DISTINCT compared.billing_day FROM compared) AS dated
    CROSS JOIN acu_prices AS acu_price
    WHERE
        acu_price.effective_from <= dated.billing_day
        AND (
            acu_price.effective_until IS NULL
            OR dated.billing_day < acu_price.effective_until
        )
),

worked AS (
    SELECT
        org_id,
        MAX(acus_consumed) AS most_acus,
        MAX(CASE WHEN status IN ('new', 'claimed', 'creating') THEN 0 ELSE 1 END) AS any_work
    FROM sessions
    GROUP BY org_id
),

-- The first time that each organisation was loaded, whatever the filters: scopes are named
-- v3/<org_id>?<filters>, v2/enterprise?<filters> and v2/enterprise?org_ids=<org_id>&<filters>.
first_syncs AS (
    SELECT
        organization.org_id,
        MIN(
            CAST(
                (COALESCE(run.as_of, run.started_at) AT TIME ZONE 'UTC')
                - INTERVAL (:billing_day_offset_seconds) SECOND AS DATE
            )
        ) AS billing_day
    FROM (SELECT DISTINCT compared.org_id FROM compared) AS organization
    CROSS JOIN sync_runs AS run
    WHERE
        run.outcome IN ('loaded', 'unchanged')
        AND (
            STRPOS(run.scope || '?', 'v3/' || organization.org_id || '?') = 1
            OR (
                STRPOS(run.scope, 'v2/enterprise') = 1
                AND (
                    STRPOS(run.scope, 'org_ids=') = 0
                    OR STRPOS(run.scope || '&', 'org_ids=' || organization.org_id || '&') > 0
                )
            )
        )
    GROUP BY organization.org_id
)

SELECT
    compared.org_id,
    compared.billing_day,
    compared.session_acus,
    compared.session_acus * priced.price AS session_cost,
    compared.consumption_acus,
    compared.consumption_acus * priced.price AS consumption_cost,
    compared.session_acus - compared.consumption_acus AS gap,
    CASE
        WHEN
            ABS(compared.session_acus - compared.consumption_acus) <= 0.01
            OR ABS(compared.session_acus - compared.consumption_acus)
            <= 0.01 * ABS(compared.consumption_acus)
            THEN 'agrees'
        WHEN worked.most_acus = 0 AND worked.any_work = 1 THEN 'not metered'
        WHEN compared.billing_day <= first_syncs.billing_day
            THEN 'burned before the first sync'
        WHEN compared.consumption_acus IS NULL THEN 'no consumption data'
        WHEN compared.session_acus < compared.consumption_acus THEN 'sessions show less'
        ELSE 'sessions show more'
    END AS explanation
FROM compared
LEFT JOIN priced ON compared.billing_day = priced.billing_day
LEFT JOIN worked ON compared.org_id = worked.org_id
LEFT JOIN first_syncs ON compared.org_id = first_syncs.org_id
