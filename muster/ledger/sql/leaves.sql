-- Leaves: what of each act, holder, thing and entry goes into the tree, made here alone, when the act is numbered. The
-- encoding of version 1 is described in verifier/README.md; `muster.record.encoding` says the same in Python.

-- A moment that is no moment could never be encoded, and would hold up every act after it.
ALTER TABLE ledger_entry ADD CONSTRAINT entry_moments_finite
CHECK (isfinite(happened_at) AND isfinite(earliest_at) AND isfinite(latest_at) AND isfinite(recorded_at));
ALTER TABLE record_act ADD CONSTRAINT act_moment_finite CHECK (isfinite(recorded_at));

CREATE FUNCTION record_micros(moment timestamptz) RETURNS bigint LANGUAGE sql STABLE AS $$
    SELECT (extract(epoch FROM moment) * 1000000)::bigint
$$;

CREATE FUNCTION record_encoded(a record_act, number bigint) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT json_build_array(
        'muster/act/1', a.id, number, a.actor_id, a.name, a.idempotency_key, encode(a.request_hash, 'hex'),
        a.refused_code, a.refused_words, record_micros(a.recorded_at))::text
$$;

CREATE FUNCTION record_encoded(h ledger_holder, number bigint) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT json_build_array('muster/holder/1', h.act_id, number, h.id, h.kind, h.code, h.organisation, h.site)::text
$$;

CREATE FUNCTION record_encoded(t ledger_thing, number bigint) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT json_build_array('muster/thing/1', t.act_id, number, t.id, t.kind, t.tag, t.origin_id)::text
$$;

-- Without its last item, the previous leaf of the same thing, which `record_link` adds.
CREATE FUNCTION record_encoded(e ledger_entry, number bigint) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT json_build_array(
        'muster/entry/1', e.act_id, number, e.thing_id, e.n, e.kind, e.giver_id, e.receiver_id,
        record_micros(e.happened_at), record_micros(e.earliest_at), record_micros(e.latest_at), e.base, e.corrects,
        e.repeats, e.reason, e.mission, e.handover_id, e.source, record_micros(e.recorded_at))::text
$$;

-- The leaf of an entry. `previous` is the leaf made just before for the same thing, `stored` the one that the tree has.
CREATE FUNCTION record_link(previous bytea, encoded text, stored bytea) RETURNS bytea
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog AS $$
BEGIN
    RETURN sha256(convert_to(
        left(encoded, -1) || ', ' || coalesce('"' || encode(coalesce(previous, stored), 'hex') || '"', 'null') || ']',
        'UTF8'));
END $$;
CREATE AGGREGATE record_chain(encoded text, stored bytea) (SFUNC = record_link, STYPE = bytea);

-- Leaves for every numbered act that has none, in the order of numbers: first the act, then its holders and things by
-- id, then its entries by thing and n. What an act wrote is found through the index on the act (OFFSET 0 keeps it so),
-- however little the planner knows of the tables.
CREATE FUNCTION record_append_leaves() RETURNS void LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public SET jit = off SET work_mem = '64MB' AS $$
DECLARE
    size bigint;
    latest bigint;
BEGIN
    SELECT l.index + 1, k.number INTO size, latest
    FROM public.record_leaf l JOIN public.record_number k ON k.act_id = l.act_id ORDER BY l.index DESC LIMIT 1;
    INSERT INTO public.record_leaf (index, act_id, kind, subject, n, leaf)
    WITH new AS (SELECT * FROM public.record_number WHERE number > coalesce(latest, 0))
    SELECT coalesce(size, 0) - 1 + row_number() OVER (ORDER BY number, place, subject, n), act_id, kind, subject, n, leaf
    FROM (
        SELECT number, act_id, 1 AS place, 'act' AS kind, NULL::uuid AS subject, NULL::int AS n,
               sha256(convert_to(record_encoded(a, number), 'UTF8')) AS leaf
        FROM new JOIN public.record_act a ON a.id = act_id
        UNION ALL
        SELECT number, act_id, 2, 'holder', id, NULL, sha256(convert_to(encoded, 'UTF8'))
        FROM new CROSS JOIN LATERAL (
            SELECT x.id, record_encoded(x, new.number) AS encoded
            FROM public.ledger_holder x WHERE x.act_id = new.act_id OFFSET 0) holders
        UNION ALL
        SELECT number, act_id, 3, 'thing', id, NULL, sha256(convert_to(encoded, 'UTF8'))
        FROM new CROSS JOIN LATERAL (
            SELECT x.id, record_encoded(x, new.number) AS encoded
            FROM public.ledger_thing x WHERE x.act_id = new.act_id OFFSET 0) things
        UNION ALL
        SELECT number, act_id, 4, 'entry', thing_id, n,
               record_chain(encoded, CASE WHEN is_first THEN (
                   SELECT l.leaf FROM public.record_leaf l
                   WHERE l.kind = 'entry' AND l.subject = entries.thing_id AND l.n = entries.n - 1) END)
               OVER (PARTITION BY thing_id ORDER BY n ROWS UNBOUNDED PRECEDING)
        FROM (
            SELECT number, act_id, thing_id, n, encoded,
                   lag(n) OVER (PARTITION BY thing_id ORDER BY n) IS NULL AS is_first
            FROM new CROSS JOIN LATERAL (
                SELECT x.thing_id, x.n, record_encoded(x, new.number) AS encoded
                FROM public.ledger_entry x WHERE x.act_id = new.act_id OFFSET 0) x
        ) entries
    ) leaves;
END $$;

-- The sequencer, as in guard.sql; acts get their leaves in the transaction that numbers them. Whether an act must wait
-- for another is asked entry by entry of that act (OFFSET 0), never by joining the whole ledger with itself.
CREATE OR REPLACE FUNCTION record_sequence() RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public SET jit = off AS $$
DECLARE
    numbered bigint;
    latest bigint;
    horizon bigint;
    any_new boolean := false;
BEGIN
    PERFORM pg_advisory_xact_lock(7316490112);
    horizon := pg_snapshot_xmin(pg_current_snapshot())::text::bigint;
    LOOP
        SELECT coalesce(max(number), 0) INTO latest FROM public.record_number;
        INSERT INTO public.record_number (number, act_id)
        SELECT latest + row_number() OVER (ORDER BY p.txid, p.act_id), p.act_id
        FROM public.record_pending p
        WHERE p.txid < horizon AND NOT EXISTS (
            SELECT FROM (SELECT x.thing_id, x.n FROM public.ledger_entry x WHERE x.act_id = p.act_id OFFSET 0) e
            CROSS JOIN LATERAL (SELECT x.act_id FROM public.ledger_entry x
                                WHERE x.thing_id = e.thing_id AND x.n = e.n - 1 OFFSET 0) before
            WHERE before.act_id <> p.act_id
              AND EXISTS (SELECT FROM public.record_pending q WHERE q.act_id = before.act_id));
        GET DIAGNOSTICS numbered = ROW_COUNT;
        DELETE FROM public.record_pending p USING public.record_number k WHERE k.act_id = p.act_id;
        EXIT WHEN numbered = 0;
        any_new := true;
    END LOOP;
    IF any_new THEN
        PERFORM record_append_leaves();
    END IF;
    RETURN (SELECT count(*) FROM public.record_pending);
END $$;
REVOKE EXECUTE ON FUNCTION record_append_leaves() FROM PUBLIC;

-- A record that was begun before there were leaves.
SELECT record_append_leaves();
