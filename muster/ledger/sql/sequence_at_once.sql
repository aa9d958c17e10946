-- The sequencer, as in sequence.sql, with whatever stands in order numbered at once: a backlog costs as it is long, however many
-- of its acts are about one person.
--
-- An act's place is where it comes by its transaction. It may have written before an act of an earlier place and of the same thing,
-- which it then draws behind it: so an act comes by the latest place that its entries have or stand on, then who has that place
-- before whom it draws, then by the entry's number. Where acts draw one another through several things that is not always the
-- due order, and some stand on what is still in flight: from the first that would come before what it stands on, only those are
-- numbered that stand on nothing that waits, and the others are looked at again. Only the entries of acts that ended are looked
-- through: one that is open for long leaves many behind it.
CREATE OR REPLACE FUNCTION record_sequence() RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public SET jit = off SET enable_seqscan = off SET enable_nestloop = off AS $$
DECLARE
    numbered bigint;
    latest bigint;
    waiting bigint;
    horizon bigint;
    any_new boolean := false;
BEGIN
    -- What another sequencer has in hand is seen as waiting until its commit, so this is safe without the lock.
    IF NOT EXISTS (SELECT FROM public.record_pending) THEN
        RETURN 0;
    END IF;
    PERFORM pg_advisory_xact_lock(7316490112);
    horizon := pg_snapshot_xmin(pg_current_snapshot())::text::bigint;
    LOOP
        SELECT coalesce(max(number), 0) INTO latest FROM public.record_number;
        WITH pending AS MATERIALIZED (
            SELECT p.act_id, p.ended, row_number() OVER (ORDER BY p.txid, p.act_id) AS place
            FROM (SELECT w.act_id, w.txid, w.txid < horizon
                         OR (w.txid >= pg_snapshot_xmax(pg_current_snapshot())::text::bigint
                             AND w.txid IS DISTINCT FROM pg_current_xact_id_if_assigned()::text::bigint) AS ended
                  FROM public.record_pending w) p
        ), steps AS MATERIALIZED (
            SELECT e.act_id, e.n, q.act_id AS stands_on,
                   max(greatest(e.place, q.place)) OVER (PARTITION BY e.thing_id ORDER BY e.n) AS behind
            FROM (SELECT p.act_id, p.place, x.thing_id, x.n, x.below
                  FROM pending p
                  CROSS JOIN LATERAL (
                      SELECT x.thing_id, x.n, (SELECT b.act_id FROM public.ledger_entry b
                                               WHERE b.thing_id = x.thing_id AND b.n = x.n - 1) AS below
                      FROM public.ledger_entry x WHERE x.act_id = p.act_id OFFSET 0) x
                  WHERE p.ended) e
            LEFT JOIN pending q ON q.act_id = e.below AND q.act_id <> e.act_id
        ), ordered AS MATERIALIZED (
            SELECT p.act_id, s.stands_on_any,
                   row_number() OVER (ORDER BY coalesce(s.latest[1], p.place), s.latest[1] <> p.place, s.latest[2], p.act_id) AS place
            FROM pending p
            LEFT JOIN (SELECT act_id, max(ARRAY[behind, n]) AS latest, count(stands_on) > 0 AS stands_on_any
                       FROM steps GROUP BY act_id) s ON s.act_id = p.act_id
            WHERE p.ended
        ), too_early AS (
            SELECT min(o.place) AS place FROM steps s JOIN ordered o ON o.act_id = s.act_id
            LEFT JOIN ordered b ON b.act_id = s.stands_on
            WHERE s.stands_on IS NOT NULL AND (b.place IS NULL OR b.place > o.place)
        ), new AS (
            INSERT INTO public.record_number (number, act_id)
            SELECT latest + row_number() OVER (ORDER BY o.place), o.act_id
            FROM ordered o CROSS JOIN too_early t
            WHERE t.place IS NULL OR o.place < t.place OR o.stands_on_any IS NOT TRUE
            RETURNING act_id)
        DELETE FROM public.record_pending p USING new WHERE p.act_id = new.act_id;
        GET DIAGNOSTICS numbered = ROW_COUNT;
        any_new := any_new OR numbered > 0;
        -- Whoever waited for an act that has its number now is looked at again.
        SELECT count(*) INTO waiting FROM public.record_pending;
        EXIT WHEN numbered = 0 OR waiting = 0;
    END LOOP;
    IF any_new THEN
        SET LOCAL enable_nestloop = on;
        PERFORM record_append_leaves();
    END IF;
    RETURN waiting;
END $$;
