-- Question: What became of the pull requests first seen in a month, and what did a merged one cost?
-- Grain: one row per month, organisation and repository.
-- Cannot know: what was opened and merged before the first sync, which counts in the month its
--   session last changed; and whether a pull request was merged for what Devin did or for what
--   others added to it. Young months have more open ones, and so a lower merge rate.
--
-- Columns:
-- month: First day of the month (UTC) of first_seen_at; NULL if no snapshot lists the pull request.
-- org_id: Organisation.
-- repository: owner/name; NULL where the address tells none.
-- created: Pull requests first seen in the month.
-- merged: Of them, merged by now.
-- closed: Of them, closed by now without a merge.
-- open: Of them, neither: drafts, and those whose state is not told, too.
-- merge_rate: merged / created.
-- acus: ACUs behind all of them.
-- cost: What these ACUs cost; NULL where no price is known for one of their days, or none was used.
-- acus_per_merged: acus / merged: those of the ones that were not merged are in it; NULL if none is
--   merged.
-- cost_per_merged: cost / merged; NULL if none is merged or there is no cost.
WITH outcomes AS (
    SELECT
        CAST(DATE_TRUNC('month', first_seen_at AT TIME ZONE 'UTC') AS DATE) AS month,
        org_id,
        repository,
        COUNT(*) AS created,
        COUNT(CASE WHEN pr_state = 'merged' THEN 1 END) AS merged,
        COUNT(CASE WHEN pr_state = 'closed' THEN 1 END) AS closed,
        SUM(acus) AS acus,
        CASE
            WHEN COUNT(CASE WHEN acus <> 0 AND cost IS NULL THEN 1 END) = 0 THEN SUM(cost)
        END AS cost
    FROM pull_requests
    GROUP BY
        CAST(DATE_TRUNC('month', first_seen_at AT TIME ZONE 'UTC') AS DATE),
        org_id,
        repository
)

SELECT
    month,
    org_id,
    repository,
    created,
    merged,
    closed,
    created - merged - closed AS open,
    CAST(merged AS DOUBLE) / created AS merge_rate,
    acus,
    cost,
    acus / NULLIF(merged, 0) AS acus_per_merged,
    cost / NULLIF(merged, 0) AS cost_per_merged
FROM outcomes
