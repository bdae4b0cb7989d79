-- Question: How many ACUs will each organisation have used by the end of the billing cycle?
-- Grain: one row per organisation and billing cycle, from the one with its first ACUs to the
--   current one.
-- Cannot know: what is yet to come: it goes on as it did so far in the cycle, weekends and all, so
--   that little can be said in its first days. ACUs that no session has, of Cascade, the terminal
--   and reviews, are in none of this, but may count towards the limit.
--
-- Columns:
-- org_id: Organisation.
-- cycle_start: First billing day of the cycle.
-- cycle_end: First billing day after it.
-- cycle_known: Whether the cycle is one of billing_cycles; else it is a calendar month of billing
--   days, or what of it is in none of them. Months without ACUs are not among these.
-- days_elapsed: Days of it that are over, as of which the warehouse is.
-- days_total: Days it has.
-- acus: ACUs used in it so far.
-- cost: What these ACUs cost; NULL where no price is configured for one of their days.
-- acus_per_day: ACUs a day so far; NULL where none of it is over.
-- expected_acus: ACUs by its end at that rate; those that were used, where it is over.
-- expected_cost: Cost by its end, likewise.
-- cycle_acu_limit: ACUs that the organisation may use in a cycle now; NULL where none is known.
-- share_of_limit: Share of the limit that expected_acus are, 1.0 for all of it.
WITH cycles AS (
    SELECT
        bounded.starts_on,
        MAX(bounded.ends_on) AS ends_on
    FROM (
        SELECT
            CAST(
                (cycle.starts_at AT TIME ZONE 'UTC')
                - INTERVAL (:billing_day_offset_seconds) SECOND AS DATE
            ) AS starts_on,
            CAST(
                (cycle.ends_at AT TIME ZONE 'UTC')
                - INTERVAL (:billing_day_offset_seconds) SECOND AS DATE
            ) AS ends_on
        FROM billing_cycles AS cycle
    ) AS bounded
    GROUP BY bounded.starts_on
),

-- The moment as a clock shows it on which billing days begin at midnight.
present AS (
    SELECT
        (as_of.as_of AT TIME ZONE 'UTC')
        - INTERVAL (:billing_day_offset_seconds) SECOND AS moment
    FROM as_of
),

burned AS (
    SELECT
        org_id,
        billing_day,
        SUM(acus) AS acus,
        SUM(cost) AS cost
    FROM session_days
    GROUP BY org_id, billing_day
),

days AS (
    SELECT billing_day FROM burned
    UNION
    SELECT CAST(moment AS DATE) AS billing_day FROM present
    UNION
    SELECT cycles.starts_on AS billing_day
    FROM cycles
    CROSS JOIN present
    WHERE cycles.starts_on <= CAST(present.moment AS DATE)
),

-- Of each day the cycle it is in, and where those before and after it end and begin.
around AS (
    SELECT
        days.billing_day,
        CAST(DATE_TRUNC('month', CAST(days.billing_day AS DATE)) AS DATE) AS month_start,
        CAST(
            DATE_TRUNC('month', CAST(days.billing_day AS DATE)) + INTERVAL 1 MONTH AS DATE
        ) AS month_end,
        MAX(
            CASE
                WHEN cycle.starts_on <= days.billing_day AND days.billing_day < cycle.ends_on
                    THEN cycle.starts_on
            END
        ) AS starts_on,
        MAX(CASE WHEN cycle.ends_on <= days.billing_day THEN cycle.ends_on END) AS free_from,
        MIN(CASE WHEN days.billing_day < cycle.starts_on THEN cycle.starts_on END) AS free_until
    FROM days
    -- With one of nulls, so that a day is here also where there is no cycle.
    CROSS JOIN (
        SELECT
            starts_on,
            ends_on
        FROM cycles
        UNION ALL
        SELECT
            CAST(NULL AS DATE) AS starts_on,
            CAST(NULL AS DATE) AS ends_on
    ) AS cycle
    GROUP BY days.billing_day
),

dated AS (
    SELECT
        around.billing_day,
        CASE
            WHEN cycles.starts_on IS NOT NULL THEN cycles.starts_on
            WHEN around.free_from > around.month_start THEN around.free_from
            ELSE around.month_start
        END AS cycle_start,
        CASE
            WHEN cycles.starts_on IS NOT NULL THEN cycles.ends_on
            WHEN around.free_until < around.month_end THEN around.free_until
            ELSE around.month_end
        END AS cycle_end,
        CASE WHEN cycles.starts_on IS NOT NULL THEN TRUE ELSE FALSE END AS cycle_known
    FROM around
    LEFT JOIN cycles ON around.starts_on = cycles.starts_on
),

used AS (
    SELECT
        burned.org_id,
        dated.cycle_start,
        SUM(burned.acus) AS acus,
        CASE WHEN COUNT(burned.cost) = COUNT(*) THEN SUM(burned.cost) END AS cost
    FROM burned
    INNER JOIN dated ON burned.billing_day = dated.billing_day
    GROUP BY burned.org_id, dated.cycle_start
),

-- No ACUs cost nothing, unless there is no price at all.
nothing AS (
    SELECT 0 * MAX(price) AS cost FROM acu_prices
),

-- A CTE of its own: DuckDB cannot read again how it writes a CROSS JOIN before a LEFT JOIN.
spanned AS (
    SELECT
        users_of.org_id,
        cycle.cycle_start,
        cycle.cycle_end,
        cycle.cycle_known
    FROM (
        SELECT
            org_id,
            MIN(billing_day) AS first_day
        FROM burned
        GROUP BY org_id
    ) AS users_of
    CROSS JOIN (SELECT DISTINCT cycle_start, cycle_end, cycle_known FROM dated) AS cycle
    WHERE users_of.first_day < cycle.cycle_end
),

periods AS (
    SELECT
        spanned.org_id,
        spanned.cycle_start,
        spanned.cycle_end,
        spanned.cycle_known,
        CAST(DATE_DIFF('day', spanned.cycle_start, spanned.cycle_end) AS DOUBLE) AS days_total,
        CASE
            WHEN present.moment <= CAST(spanned.cycle_start AS TIMESTAMP) THEN 0
            WHEN present.moment < CAST(spanned.cycle_end AS TIMESTAMP)
                THEN
                    CAST(
                        DATE_DIFF(
                            'second', CAST(spanned.cycle_start AS TIMESTAMP), present.moment
                        ) AS DOUBLE
                    ) / 86400
            ELSE CAST(DATE_DIFF('day', spanned.cycle_start, spanned.cycle_end) AS DOUBLE)
        END AS days_elapsed,
        COALESCE(used.acus, 0) AS acus,
        CASE WHEN used.org_id IS NULL THEN nothing.cost ELSE used.cost END AS cost
    FROM spanned
    LEFT JOIN used
        ON spanned.org_id = used.org_id AND spanned.cycle_start = used.cycle_start
    CROSS JOIN present
    CROSS JOIN nothing
),

limits AS (
    SELECT
        org_id,
        MAX(cycle_acu_limit) AS cycle_acu_limit
    FROM acu_limits
    WHERE scope = 'org'
    GROUP BY org_id
)

SELECT
    periods.org_id,
    periods.cycle_start,
    periods.cycle_end,
    periods.cycle_known,
    periods.days_elapsed,
    periods.days_total,
    periods.acus,
    periods.cost,
    periods.acus / NULLIF(periods.days_elapsed, 0) AS acus_per_day,
    periods.acus / NULLIF(periods.days_elapsed, 0) * periods.days_total AS expected_acus,
    periods.cost / NULLIF(periods.days_elapsed, 0) * periods.days_total AS expected_cost,
    COALESCE(limits.cycle_acu_limit, organization.max_cycle_acu_limit) AS cycle_acu_limit,
    periods.acus / NULLIF(periods.days_elapsed, 0) * periods.days_total
    / NULLIF(
        COALESCE(limits.cycle_acu_limit, organization.max_cycle_acu_limit), 0
    ) AS share_of_limit
FROM periods
LEFT JOIN limits ON periods.org_id = limits.org_id
LEFT JOIN organizations AS organization ON periods.org_id = organization.org_id
