-- The sequencer, as in leaves.sql, after a restore too. A transaction that is seen although it is no older than the latest one
-- of this snapshot was one of another cluster, whose transactions were numbered higher; or it is this one.
CREATE OR REPLACE FUNCTION record_sequence() RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public SET jit = off SET enable_seqscan = off AS $$
DECLARE
    numbered bigint;
    latest bigint;
    waiting bigint;
    horizon bigint;
    any_new boolean := false;
BEGIN
    PERFORM pg_advisory_xact_lock(7316490112);
    horizon := pg_snapshot_xmin(pg_current_snapshot())::text::bigint;
    LOOP
        SELECT coalesce(max(number), 0) INTO latest FROM public.record_number;
        WITH new AS (
            INSERT INTO public.record_number (number, act_id)
            SELECT latest + row_number() OVER (ORDER BY p.txid, p.act_id), p.act_id
            FROM public.record_pending p
            WHERE (p.txid < horizon OR (p.txid >= pg_snapshot_xmax(pg_current_snapshot())::text::bigint
                                        AND p.txid IS DISTINCT FROM pg_current_xact_id_if_assigned()::text::bigint))
              AND NOT EXISTS (
                SELECT FROM (SELECT x.thing_id, x.n FROM public.ledger_entry x WHERE x.act_id = p.act_id OFFSET 0) e
                CROSS JOIN LATERAL (SELECT x.act_id FROM public.ledger_entry x
                                    WHERE x.thing_id = e.thing_id AND x.n = e.n - 1 OFFSET 0) before
                WHERE before.act_id <> p.act_id
                  AND EXISTS (SELECT FROM public.record_pending q WHERE q.act_id = before.act_id))
            RETURNING act_id)
        DELETE FROM public.record_pending p USING new WHERE p.act_id = new.act_id;
        GET DIAGNOSTICS numbered = ROW_COUNT;
        any_new := any_new OR numbered > 0;
        -- Whoever waited for an act that has its number now is looked at again.
        SELECT count(*) INTO waiting FROM public.record_pending;
        EXIT WHEN numbered = 0 OR waiting = 0;
    END LOOP;
    IF any_new THEN
        PERFORM record_append_leaves();
    END IF;
    RETURN waiting;
END $$;
