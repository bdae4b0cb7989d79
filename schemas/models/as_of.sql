-- Question: As of when is the warehouse?
-- Grain: one row for the whole warehouse.
-- Cannot know: how far each organisation is behind that, if syncs of some fail; sync_runs knows.
--
-- Columns:
-- as_of: Moment, by the API's clock, at which the organisation that was synced last stood as it is
--   loaded; if no sync is recorded, when the newest session was read. NULL if nothing is loaded.
SELECT COALESCE(run.as_of, listed.extracted_at) AS as_of
FROM (SELECT MAX(as_of) AS as_of FROM sync_runs) AS run
CROSS JOIN (SELECT MAX(extracted_at) AS extracted_at FROM sessions) AS listed
