-- Question: What does an ACU cost, and when?
-- Grain: one row per price that is configured; none where none is.
-- Cannot know: what the contract says. There is no price in the API, so it is what the
--   configuration has under [models.acu_prices].
--
-- Columns:
-- effective_from: First billing day of the price.
-- effective_until: First billing day on which it no longer holds; NULL if it holds on.
-- price: Price of one ACU, in whatever currency it was configured in.
SELECT
    CAST(:effective_from AS DATE) AS effective_from,
    CAST(:effective_until AS DATE) AS effective_until,
    CAST(:price AS DOUBLE) AS price
