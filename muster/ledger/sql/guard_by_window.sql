-- The guard, as in guard.sql, with one sort for all that it asks: what a row finds is what the row before it leaves, or the
-- head. Its cost grows with the statement and no faster.
--
-- A session keeps the plan of its first statement, be it of one row or of half a million, and made while the tables were small.
-- So there is one plan to choose from: each row looks up by key what it needs (OFFSET 0 keeps it so).
CREATE OR REPLACE FUNCTION ledger_guard() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public SET enable_seqscan = off SET jit = off AS $$
DECLARE
    lie record;
BEGIN
    PERFORM 1 FROM (SELECT DISTINCT w.thing_id FROM written w ORDER BY w.thing_id) w
    CROSS JOIN LATERAL (SELECT FROM public.ledger_head h WHERE h.thing_id = w.thing_id FOR UPDATE) locked;

    -- A pop leaves what stood below the popped entry. Either may itself be in this statement, so both are looked up in the
    -- table, which has all. What was looked at is kept of the last row of each thing, and of each lie. The heads are locked, so
    -- they stay where they lie until they are moved.
    WITH looked_at AS MATERIALIZED (
        SELECT w.thing_id, w.n, w.top, w.holder_id, w.happened_at, w.held_by, w.head, w.why FROM (
            SELECT w.thing_id, w.n, leaves.top, leaves.holder_id, leaves.happened_at, h.holder_id AS held_by, h.head,
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
            CROSS JOIN LATERAL (SELECT x.ctid AS head, x.n, x.top, x.holder_id, x.happened_at FROM public.ledger_head x
                                WHERE x.thing_id = w.thing_id OFFSET 0) h
            LEFT JOIN LATERAL (SELECT x.n, x.giver_id, x.receiver_id, x.happened_at, x.mission, x.base FROM public.ledger_entry x
                               WHERE x.thing_id = w.thing_id AND x.n = w.corrects AND x.kind = 'push' OFFSET 0) popped ON true
            LEFT JOIN LATERAL (SELECT x.happened_at FROM public.ledger_entry x
                               WHERE x.thing_id = w.thing_id AND x.n = popped.base OFFSET 0) below ON true
            CROSS JOIN LATERAL (SELECT CASE w.kind WHEN 'push' THEN w.n ELSE popped.base END AS top,
                                       CASE w.kind WHEN 'push' THEN w.receiver_id ELSE popped.giver_id END AS holder_id,
                                       CASE w.kind WHEN 'push' THEN w.happened_at ELSE below.happened_at END AS happened_at) leaves
            WINDOW by_thing AS (PARTITION BY w.thing_id ORDER BY w.n)
        ) w WHERE w.is_last OR w.why IS NOT NULL
    ), first_lie AS (
        SELECT l.thing_id, l.why, l.held_by FROM looked_at l WHERE l.why IS NOT NULL ORDER BY l.thing_id, l.n LIMIT 1
    ), moved AS (
        UPDATE public.ledger_head h SET n = l.n, top = l.top, holder_id = l.holder_id, happened_at = l.happened_at
        FROM looked_at l WHERE h.ctid = l.head AND NOT EXISTS (SELECT FROM first_lie)
    )
    SELECT f.thing_id, f.why, f.held_by INTO lie FROM first_lie f;
    IF FOUND THEN
        RAISE EXCEPTION 'ledger.%', lie.why USING ERRCODE = 'MU001', DETAIL = lie.thing_id::text, HINT = lie.held_by::text;
    END IF;
    RETURN NULL;
END $$;

-- As in rolls.sql, and each row looks up by key what lies below it.
CREATE OR REPLACE FUNCTION ledger_mark_late() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public SET enable_seqscan = off SET jit = off AS $$
DECLARE
    cut timestamptz := (SELECT max(closed_at) FROM public.ledger_cutoff);
BEGIN
    IF current_setting('transaction_isolation') NOT IN ('read committed', 'read uncommitted') THEN
        cut := 'infinity';
    END IF;
    IF cut IS NOT NULL THEN
        INSERT INTO public.ledger_lateleg (thing_id, n, leg, holder_id, mission, happened_at, act_id, enters)
        SELECT e.thing_id, e.n, side.leg, CASE side.leg WHEN 1 THEN e.receiver_id ELSE e.giver_id END,
               CASE WHEN (e.kind = 'push') = (side.leg = 1) THEN e.mission ELSE coalesce(b.mission, '') END,
               e.happened_at, e.act_id,
               CASE WHEN e.base <> 0 OR side.leg = -1 THEN 0 WHEN e.kind = 'push' THEN 1 ELSE -1 END
        FROM written e
        LEFT JOIN LATERAL (SELECT x.mission FROM public.ledger_entry x WHERE x.thing_id = e.thing_id AND x.n = e.base OFFSET 0) b
            ON true
        CROSS JOIN (VALUES (1), (-1)) AS side (leg)
        WHERE e.happened_at <= cut;
    END IF;
    RETURN NULL;
END $$;
