-- Leaves of what acts write beside holders, things and entries: one of each table that an act wrote rows into. What is
-- encoded is described in verifier/README.md; `muster.record.encoding` says the same in Python.

-- Version 2 says in how many other tables the act wrote rows, so that none of their leaves can be left out.
CREATE FUNCTION record_encoded(a record_act, number bigint, tables bigint) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT json_build_array(
        'muster/act/2', a.id, number, a.actor_id, a.name, a.idempotency_key, encode(a.request_hash, 'hex'),
        a.refused_code, a.refused_words, record_micros(a.recorded_at), tables)::text
$$;

-- The rows of every act numbered after `latest`, table by table. A row's hash is that of its columns, as its layout has
-- them; the settings are those that the text of a moment, of bytes or of an interval hangs on.
CREATE FUNCTION record_rows_after(latest bigint)
RETURNS TABLE (number bigint, act_id uuid, layout_id int, of_table text, encoded text) LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, public SET timezone = 'UTC' SET bytea_output = 'hex' SET intervalstyle = 'postgres'
SET extra_float_digits = 1 SET jit = off SET enable_seqscan = off AS $$
DECLARE
    layout record;
BEGIN
    FOR layout IN
        SELECT DISTINCT l.id, l.of_table, l.columns
        FROM public.record_number k JOIN public.record_rowswritten w ON w.act_id = k.act_id
        JOIN public.record_layout l ON l.id = w.layout_id WHERE k.number > latest
    LOOP
        RETURN QUERY EXECUTE format($query$
            SELECT k.number, k.act_id, %1$s, %2$L, json_build_array('muster/rows/1', k.act_id, k.number, %2$L, %3$L, count(r.hash),
                   encode(sha256(uuid_send(w.salt) || coalesce(string_agg(r.hash, '' ORDER BY r.hash), '')), 'hex'))::text
            FROM public.record_number k JOIN public.record_rowswritten w ON w.act_id = k.act_id AND w.layout_id = %1$s
            LEFT JOIN LATERAL (SELECT sha256(convert_to(json_build_array(%4$s)::text, 'UTF8')) AS hash
                               FROM public.%5$I x WHERE x.act_id = k.act_id OFFSET 0) r ON true
            WHERE k.number > $1 GROUP BY k.number, k.act_id, w.salt $query$,
            layout.id, layout.of_table, array_to_string(layout.columns, ' '),
            (SELECT string_agg(format('x.%I', name), ', ' ORDER BY at) FROM unnest(layout.columns) WITH ORDINALITY c (name, at)),
            layout.of_table) USING latest;
    END LOOP;
END $$;

-- As in leaves.sql, and never by reading a table from end to end: where one act made all holders, statistics say that every act
-- did. After its entries come the leaves of an act's rows, by table. Acts are encoded in version 2 from the moment when the tables
-- have triggers that note what is written.
CREATE OR REPLACE FUNCTION record_append_leaves() RETURNS void LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public SET jit = off SET enable_seqscan = off SET work_mem = '64MB' AS $$
DECLARE
    size bigint;
    latest bigint;
    is_noted boolean := EXISTS (SELECT FROM public.record_layout);
BEGIN
    SELECT l.index + 1, k.number INTO size, latest
    FROM public.record_leaf l JOIN public.record_number k ON k.act_id = l.act_id ORDER BY l.index DESC LIMIT 1;
    INSERT INTO public.record_leaf (index, act_id, kind, subject, n, leaf)
    WITH new AS (SELECT * FROM public.record_number WHERE number > coalesce(latest, 0))
    SELECT coalesce(size, 0) - 1 + row_number() OVER (ORDER BY number, place, subject, name COLLATE "C", n),
           act_id, kind, subject, n, leaf
    FROM (
        SELECT number, act_id, 1 AS place, 'act' AS kind, NULL::uuid AS subject, NULL::text AS name, tables::int AS n,
               sha256(convert_to(CASE WHEN is_noted THEN record_encoded(a, number, tables)
                                      ELSE record_encoded(a, number) END, 'UTF8')) AS leaf
        FROM new JOIN public.record_act a ON a.id = act_id
        CROSS JOIN LATERAL (
            SELECT CASE WHEN is_noted THEN
                (SELECT count(*) FROM public.record_rowswritten w WHERE w.act_id = new.act_id) END AS tables) noted
        UNION ALL
        SELECT number, act_id, 2, 'holder', id, NULL, NULL, sha256(convert_to(encoded, 'UTF8'))
        FROM new CROSS JOIN LATERAL (
            SELECT x.id, record_encoded(x, new.number) AS encoded
            FROM public.ledger_holder x WHERE x.act_id = new.act_id OFFSET 0) holders
        UNION ALL
        SELECT number, act_id, 3, 'thing', id, NULL, NULL, sha256(convert_to(encoded, 'UTF8'))
        FROM new CROSS JOIN LATERAL (
            SELECT x.id, record_encoded(x, new.number) AS encoded
            FROM public.ledger_thing x WHERE x.act_id = new.act_id OFFSET 0) things
        UNION ALL
        SELECT number, act_id, 4, 'entry', thing_id, NULL, n,
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
        UNION ALL
        SELECT number, act_id, 5, 'rows', NULL, of_table, layout_id, sha256(convert_to(encoded, 'UTF8'))
        FROM (SELECT WHERE EXISTS (SELECT FROM new JOIN public.record_rowswritten w ON w.act_id = new.act_id)) any_at_all
        CROSS JOIN LATERAL record_rows_after(coalesce(latest, 0))
    ) leaves;
END $$;
