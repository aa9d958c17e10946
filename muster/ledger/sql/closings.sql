-- As in rolls.sql, with one look at the entries since the roll before where there were four, and plans made once a session: a
-- closing costs what happened since, however long the ledger is.
CREATE OR REPLACE FUNCTION ledger_close(cut timestamptz, known bigint) RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public SET plan_cache_mode = force_generic_plan SET jit = off SET work_mem = '64MB' AS $$
DECLARE
    base public.ledger_closing;
    before public.ledger_closing;
    since timestamptz;
    latest timestamptz;
BEGIN
    PERFORM pg_advisory_xact_lock(7316490113);
    IF NOT EXISTS (SELECT FROM public.ledger_cutoff WHERE closed_at >= cut) THEN
        RAISE EXCEPTION 'nothing was cut off at %: call ledger_cut first', cut;
    END IF;
    IF known < 0 OR known > (SELECT coalesce(max(number), 0) FROM public.record_number) THEN
        RAISE EXCEPTION 'there is no act numbered %', known;
    END IF;
    IF EXISTS (SELECT FROM public.ledger_closing WHERE closed_at = cut AND number = known) THEN
        RETURN false;
    END IF;
    SELECT * INTO base FROM public.ledger_closing c WHERE c.closed_at <= cut AND c.number <= known
    ORDER BY c.closed_at DESC, c.number DESC LIMIT 1;
    since := coalesce(base.closed_at, '-infinity');

    -- The latest time of which an act up to `known` tells: nothing known by then happened after it.
    SELECT * INTO before FROM public.ledger_closing c WHERE c.number <= known ORDER BY c.number DESC LIMIT 1;
    latest := greatest(cut, before.latest_at, (
        SELECT max(e.happened_at) FROM public.record_number k
        CROSS JOIN LATERAL (SELECT x.happened_at FROM public.ledger_entry x WHERE x.act_id = k.act_id OFFSET 0) e
        WHERE k.number > coalesce(before.number, 0) AND k.number <= known));

    WITH legs AS MATERIALIZED (
        SELECT e.thing_id, e.n, side.leg, side.holder_id, side.mission, e.happened_at, e.act_id, side.enters, k.number
        FROM public.ledger_entry e
        LEFT JOIN public.record_number k ON k.act_id = e.act_id
        LEFT JOIN public.ledger_entry b ON b.thing_id = e.thing_id AND b.n = e.base
        CROSS JOIN LATERAL (VALUES
            (1::smallint, e.receiver_id, CASE e.kind WHEN 'push' THEN e.mission ELSE coalesce(b.mission, '') END,
             (CASE WHEN e.base <> 0 THEN 0 WHEN e.kind = 'push' THEN 1 ELSE -1 END)::smallint),
            ((-1)::smallint, e.giver_id, CASE e.kind WHEN 'push' THEN coalesce(b.mission, '') ELSE e.mission END, 0::smallint)
        ) AS side (leg, holder_id, mission, enters)
        WHERE e.happened_at > since AND e.happened_at <= cut
    ), late AS (
        INSERT INTO public.ledger_lateleg (thing_id, n, leg, holder_id, mission, happened_at, act_id, enters)
        SELECT thing_id, n, leg, holder_id, mission, happened_at, act_id, enters FROM legs
        WHERE number > known OR number IS NULL
        ON CONFLICT DO NOTHING
    ), since_base AS MATERIALIZED (
        SELECT l.thing_id, l.leg, l.holder_id, l.mission, l.enters FROM (
            SELECT thing_id, leg, holder_id, mission, enters FROM legs WHERE number <= known
            UNION ALL
            SELECT x.thing_id, x.leg, x.holder_id, x.mission, x.enters
            FROM public.ledger_lateleg x JOIN public.record_number k ON k.act_id = x.act_id
            WHERE x.happened_at <= since AND k.number > base.number AND k.number <= known
        ) l WHERE NOT EXISTS (SELECT FROM public.ledger_thing o WHERE o.id = l.thing_id AND o.kind <> 'person')
    ), made AS (
        INSERT INTO public.ledger_closing (closed_at, number, latest_at, entered)
        SELECT cut, known, latest, coalesce(base.entered, 0) + coalesce(sum(enters), 0) FROM since_base
        RETURNING id
    )
    INSERT INTO public.ledger_roll (closing_id, holder_id, mission, persons, things)
    SELECT (SELECT id FROM made), held.holder_id, held.mission, count(*), array_agg(held.thing_id ORDER BY held.thing_id)
    FROM (
        SELECT moved.holder_id, moved.mission, moved.thing_id FROM (
            SELECT r.holder_id, r.mission, unnest(r.things) AS thing_id, 1 AS leg
            FROM public.ledger_roll r WHERE r.closing_id = base.id
            UNION ALL
            SELECT s.holder_id, s.mission, s.thing_id, s.leg FROM since_base s
            JOIN public.ledger_holder h ON h.id = s.holder_id AND h.kind <> 'outside'
        ) moved GROUP BY 1, 2, 3 HAVING sum(moved.leg) = 1
    ) held
    -- What stands at its own origin has no entry that says so, and is in no roll.
    WHERE NOT EXISTS (SELECT FROM public.ledger_thing o WHERE o.id = held.thing_id AND o.origin_id = held.holder_id)
    GROUP BY held.holder_id, held.mission;
    RETURN true;
END $$;
DROP FUNCTION ledger_legs(timestamptz, timestamptz);
