-- The guard, as in guard.sql, with one sort for all that it asks: what a row finds is what the row before it leaves, or the
-- head. Its cost grows with the statement and no faster.
--
-- A session keeps the plan of its first statement, be it of one row or of half a million. So it is the plan that is right for
-- both: every row looks up by key what it needs, whatever the tables' sizes were when the plan was made.
CREATE OR REPLACE FUNCTION ledger_guard() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off SET jit = off AS $$
DECLARE
    lie record;
BEGIN
    PERFORM 1 FROM public.ledger_head h WHERE h.thing_id IN (SELECT w.thing_id FROM written w)
    ORDER BY h.thing_id FOR UPDATE;

    -- A pop leaves what stood below the popped entry. Either may itself be in this statement, so both are looked up in the
    -- table, which has all. What was looked at is kept of the last row of each thing, and of each lie.
    WITH looked_at AS MATERIALIZED (
        SELECT w.thing_id, w.n, w.top, w.holder_id, w.happened_at, w.held_by, w.why FROM (
            SELECT w.thing_id, w.n, leaves.top, leaves.holder_id, leaves.happened_at, h.holder_id AS held_by,
                   lead(w.n) OVER by_thing IS NULL AS is_last,
                   CASE
                       WHEN w.n IS DISTINCT FROM lag(w.n, 1, h.n) OVER by_thing + 1 THEN 'stale'
                       WHEN w.kind = 'push' AND w.giver_id IS DISTINCT FROM lag(leaves.holder_id, 1, h.holder_id) OVER by_thing
                           THEN 'not_the_holder'
                       WHEN w.kind = 'push' AND w.base IS DISTINCT FROM lag(leaves.top, 1, h.top) OVER by_thing THEN 'stale'
                       WHEN w.kind = 'push' AND w.happened_at < lag(leaves.happened_at, 1, h.happened_at) OVER by_thing
                           THEN 'before_live_top'
                       WHEN w.kind = 'pop' AND w.corrects IS DISTINCT FROM lag(leaves.top, 1, h.top) OVER by_thing THEN 'stale'
                       WHEN w.kind = 'pop' AND (popped.n IS NULL
                            OR w.giver_id <> popped.receiver_id OR w.receiver_id <> popped.giver_id
                            OR w.happened_at <> popped.happened_at OR w.mission <> popped.mission
                            OR w.base <> popped.base) THEN 'not_the_mirror'
                       WHEN w.happened_at > clock_timestamp() + interval '5 minutes' THEN 'clock_ahead'
                   END AS why
            FROM written w
            JOIN public.ledger_head h ON h.thing_id = w.thing_id
            LEFT JOIN public.ledger_entry popped
                ON popped.thing_id = w.thing_id AND popped.n = w.corrects AND popped.kind = 'push'
            LEFT JOIN public.ledger_entry below ON below.thing_id = w.thing_id AND below.n = popped.base
            CROSS JOIN LATERAL (SELECT CASE w.kind WHEN 'push' THEN w.n ELSE popped.base END AS top,
                                       CASE w.kind WHEN 'push' THEN w.receiver_id ELSE popped.giver_id END AS holder_id,
                                       CASE w.kind WHEN 'push' THEN w.happened_at ELSE below.happened_at END AS happened_at) leaves
            WINDOW by_thing AS (PARTITION BY w.thing_id ORDER BY w.n)
        ) w WHERE w.is_last OR w.why IS NOT NULL
    ), first_lie AS (
        SELECT l.thing_id, l.why, l.held_by FROM looked_at l WHERE l.why IS NOT NULL ORDER BY l.thing_id, l.n LIMIT 1
    ), moved AS (
        UPDATE public.ledger_head h SET n = l.n, top = l.top, holder_id = l.holder_id, happened_at = l.happened_at
        FROM looked_at l WHERE h.thing_id = l.thing_id AND NOT EXISTS (SELECT FROM first_lie)
    )
    SELECT f.thing_id, f.why, f.held_by INTO lie FROM first_lie f;
    IF FOUND THEN
        RAISE EXCEPTION 'ledger.%', lie.why USING ERRCODE = 'MU001', DETAIL = lie.thing_id::text, HINT = lie.held_by::text;
    END IF;
    RETURN NULL;
END $$;

-- The other trigger of the entries looks up by key as well.
ALTER FUNCTION ledger_mark_late() SET enable_seqscan = off;
ALTER FUNCTION ledger_mark_late() SET enable_hashjoin = off;
ALTER FUNCTION ledger_mark_late() SET enable_mergejoin = off;
ALTER FUNCTION ledger_mark_late() SET jit = off;
