-- Question: Which sessions started which, and how many ACUs did each use with all that came of it?
-- Grain: one row per session, deleted ones too.
-- Cannot know: whether the API counts the ACUs of children in their parent already; own_acus is
--   what it says of the session, tree_acus adds up. Nor which of several parents is meant, if a
--   session names none and several name it: it is the first by its id.
--
-- Columns:
-- session_id: Session.
-- org_id: Organisation of the session.
-- title: Title, as shown in the web app.
-- parent_session_id: Session that started it, as either of the two says; NULL for none.
-- root_session_id: Session at the top; the session itself where nothing is above it. The tree_acus
--   of those rows sum to all ACUs.
-- depth: Steps down from the root, which is at 0.
-- is_orphan: Whether its parent is not loaded, which makes it a root.
-- in_cycle: Whether it is its own ancestor; of a cycle, the first by its id is taken for the root.
-- descendants: Sessions below it.
-- own_acus: ACUs of the session.
-- own_cost: What these ACUs cost; NULL where no price is configured for one of their days.
-- tree_acus: ACUs of the session and all below it.
-- tree_cost: What these ACUs cost; NULL where no price is configured for one of their days.
WITH RECURSIVE linked AS (
    SELECT
        child_session_id,
        MIN(parent_session_id) AS parent_session_id
    FROM session_links
    GROUP BY child_session_id
),

named AS (
    SELECT
        told.session_id,
        told.org_id,
        told.title,
        told.parent_session_id,
        parent.session_id AS loaded_parent
    FROM (
        SELECT
            found.session_id,
            found.org_id,
            found.title,
            COALESCE(found.parent_session_id, linked.parent_session_id) AS parent_session_id
        FROM sessions AS found
        LEFT JOIN linked ON found.session_id = linked.child_session_id
    ) AS told
    LEFT JOIN sessions AS parent ON told.parent_session_id = parent.session_id
),

-- Few of all: what recurses is these alone.
edges AS (
    SELECT
        session_id AS child,
        loaded_parent AS parent
    FROM named
    WHERE loaded_parent IS NOT NULL
),

-- All that is above a session, until there is no more, or it comes to what it has seen. It comes to
-- itself only where it is in a cycle.
climb AS (
    SELECT
        edges.child AS session_id,
        edges.parent AS ancestor,
        1 AS distance,
        CAST('|' || edges.parent || '|' AS VARCHAR) AS seen
    FROM edges
    UNION ALL
    SELECT
        climb.session_id,
        edges.parent AS ancestor,
        climb.distance + 1 AS distance,
        CAST(climb.seen || edges.parent || '|' AS VARCHAR) AS seen
    FROM climb
    INNER JOIN edges ON climb.ancestor = edges.child
    WHERE
        climb.ancestor <> climb.session_id
        AND STRPOS(climb.seen, '|' || edges.parent || '|') = 0
),

cycles AS (
    SELECT
        session_id,
        MIN(ancestor) AS first_session_id
    FROM climb
    GROUP BY session_id
    HAVING MAX(CASE WHEN ancestor = session_id THEN 1 ELSE 0 END) = 1
),

-- Nothing is above the first session of a cycle, nor beyond it.
above AS (
    SELECT
        reached.session_id,
        reached.ancestor,
        reached.distance,
        MAX(reached.distance) OVER (PARTITION BY reached.session_id) AS depth
    FROM (
        SELECT
            climb.session_id,
            climb.ancestor,
            climb.distance,
            MIN(
                CASE
                    WHEN cycles.first_session_id = climb.session_id THEN 0
                    WHEN cycles.first_session_id = climb.ancestor THEN climb.distance
                END
            ) OVER (PARTITION BY climb.session_id) AS last_distance
        FROM climb
        LEFT JOIN cycles ON climb.ancestor = cycles.session_id
    ) AS reached
    WHERE reached.last_distance IS NULL OR reached.distance <= reached.last_distance
),

spent AS (
    SELECT
        session_id,
        SUM(acus) AS acus,
        CASE WHEN COUNT(cost) = COUNT(*) THEN SUM(cost) END AS cost
    FROM session_days
    GROUP BY session_id
),

-- No ACUs cost nothing, unless there is no price at all.
nothing AS (
    SELECT 0 * MAX(price) AS cost FROM acu_prices
),

owned AS (
    SELECT
        named.session_id,
        named.org_id,
        named.title,
        named.parent_session_id,
        CASE
            WHEN named.parent_session_id IS NOT NULL AND named.loaded_parent IS NULL THEN TRUE
            ELSE FALSE
        END AS is_orphan,
        COALESCE(spent.acus, 0) AS acus,
        CASE WHEN spent.session_id IS NULL THEN nothing.cost ELSE spent.cost END AS cost
    FROM named
    LEFT JOIN spent ON named.session_id = spent.session_id
    CROSS JOIN nothing
),

-- One row per session that has something above or below it.
related AS (
    SELECT
        session_id,
        MAX(root_session_id) AS root_session_id,
        MAX(depth) AS depth,
        MAX(in_cycle) AS in_cycle,
        SUM(descendants) AS descendants,
        SUM(acus) AS acus,
        CASE WHEN COUNT(cost) = SUM(descendants) THEN COALESCE(SUM(cost), 0) END AS cost
    FROM (
        SELECT
            above.ancestor AS session_id,
            CAST(NULL AS VARCHAR) AS root_session_id,
            0 AS depth,
            0 AS in_cycle,
            1 AS descendants,
            owned.acus,
            owned.cost
        FROM above
        INNER JOIN owned ON above.session_id = owned.session_id
        UNION ALL
        SELECT
            session_id,
            ancestor AS root_session_id,
            depth,
            0 AS in_cycle,
            0 AS descendants,
            0 AS acus,
            CAST(NULL AS DOUBLE) AS cost
        FROM above
        WHERE distance = depth
        UNION ALL
        SELECT
            session_id,
            CAST(NULL AS VARCHAR) AS root_session_id,
            0 AS depth,
            1 AS in_cycle,
            0 AS descendants,
            0 AS acus,
            CAST(NULL AS DOUBLE) AS cost
        FROM cycles
    ) AS kin
    GROUP BY session_id
)

SELECT
    owned.session_id,
    owned.org_id,
    owned.title,
    owned.parent_session_id,
    COALESCE(related.root_session_id, owned.session_id) AS root_session_id,
    COALESCE(related.depth, 0) AS depth,
    owned.is_orphan,
    CASE WHEN related.in_cycle = 1 THEN TRUE ELSE FALSE END AS in_cycle,
    CAST(COALESCE(related.descendants, 0) AS BIGINT) AS descendants,
    owned.acus AS own_acus,
    owned.cost AS own_cost,
    owned.acus + COALESCE(related.acus, 0) AS tree_acus,
    CASE
        WHEN related.session_id IS NULL THEN owned.cost ELSE owned.cost + related.cost
    END AS tree_cost
FROM owned
LEFT JOIN related ON owned.session_id = related.session_id
