-- The head of a thing begins where the thing begins.
CREATE FUNCTION ledger_begin() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public AS $$
BEGIN
    INSERT INTO public.ledger_head (thing_id, n, top, holder_id) SELECT id, 0, 0, origin_id FROM written;
    RETURN NULL;
END $$;
CREATE TRIGGER thing_begins AFTER INSERT ON ledger_thing REFERENCING NEW TABLE AS written
FOR EACH STATEMENT EXECUTE FUNCTION ledger_begin();

-- The guard: one statement, one look. It locks the heads in thing order, checks the chain of every thing with the
-- rows before each row, and moves the heads. It refuses the whole statement for the first row that lies.
CREATE FUNCTION ledger_guard() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public AS $$
DECLARE
    lie record;
BEGIN
    PERFORM 1 FROM public.ledger_head h WHERE h.thing_id IN (SELECT w.thing_id FROM written w)
    ORDER BY h.thing_id FOR UPDATE;

    -- What each row finds is what the row before it leaves (`after`). A pop returns to what stood below the popped
    -- entry, and that entry may itself be in this statement, so it is looked up in the table, which has both.
    WITH after AS MATERIALIZED (
        SELECT w.thing_id, w.n,
               CASE w.kind WHEN 'push' THEN w.n ELSE popped.base END AS top,
               CASE w.kind WHEN 'push' THEN w.receiver_id ELSE popped.giver_id END AS holder_id,
               CASE w.kind WHEN 'push' THEN w.happened_at ELSE below.happened_at END AS happened_at
        FROM written w
        LEFT JOIN public.ledger_entry popped
            ON popped.thing_id = w.thing_id AND popped.n = w.corrects AND popped.kind = 'push'
        LEFT JOIN public.ledger_entry below ON below.thing_id = w.thing_id AND below.n = popped.base
    )
    SELECT w.thing_id, w.n, w.kind, w.giver_id, h.holder_id AS held_by,
           CASE
               WHEN w.n IS DISTINCT FROM found.n + 1 THEN 'stale'
               WHEN w.kind = 'push' AND w.giver_id IS DISTINCT FROM found.holder THEN 'not_the_holder'
               WHEN w.kind = 'push' AND w.base IS DISTINCT FROM found.top THEN 'stale'
               WHEN w.kind = 'push' AND w.happened_at < found.happened_at THEN 'before_live_top'
               WHEN w.kind = 'pop' AND w.corrects IS DISTINCT FROM found.top THEN 'stale'
               WHEN w.kind = 'pop' AND (popped.n IS NULL
                    OR w.giver_id <> popped.receiver_id OR w.receiver_id <> popped.giver_id
                    OR w.happened_at <> popped.happened_at OR w.mission <> popped.mission
                    OR w.base <> popped.base) THEN 'not_the_mirror'
               WHEN w.happened_at > clock_timestamp() + interval '5 minutes' THEN 'clock_ahead'
           END AS why
    INTO lie
    FROM (SELECT x.*, lag(x.n) OVER by_thing AS previous FROM written x WINDOW by_thing AS (PARTITION BY x.thing_id ORDER BY x.n)) w
    JOIN public.ledger_head h ON h.thing_id = w.thing_id
    LEFT JOIN after a ON a.thing_id = w.thing_id AND a.n = w.previous
    LEFT JOIN public.ledger_entry popped ON popped.thing_id = w.thing_id AND popped.n = w.corrects AND popped.kind = 'push'
    CROSS JOIN LATERAL (SELECT coalesce(w.previous, h.n) AS n,
                               CASE WHEN w.previous IS NULL THEN h.top ELSE a.top END AS top,
                               CASE WHEN w.previous IS NULL THEN h.holder_id ELSE a.holder_id END AS holder,
                               CASE WHEN w.previous IS NULL THEN h.happened_at ELSE a.happened_at END AS happened_at) found
    WHERE w.n IS DISTINCT FROM found.n + 1
       OR (w.kind = 'push' AND (w.giver_id IS DISTINCT FROM found.holder OR w.base IS DISTINCT FROM found.top
                                OR w.happened_at < found.happened_at))
       OR (w.kind = 'pop' AND (w.corrects IS DISTINCT FROM found.top OR popped.n IS NULL
            OR w.giver_id <> popped.receiver_id OR w.receiver_id <> popped.giver_id
            OR w.happened_at <> popped.happened_at OR w.mission <> popped.mission OR w.base <> popped.base))
       OR w.happened_at > clock_timestamp() + interval '5 minutes'
    ORDER BY w.thing_id, w.n LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'ledger.%', lie.why USING ERRCODE = 'MU001', DETAIL = lie.thing_id::text, HINT = lie.held_by::text;
    END IF;

    UPDATE public.ledger_head h
    SET n = a.n, top = a.top, holder_id = a.holder_id, happened_at = a.happened_at
    FROM (SELECT DISTINCT ON (thing_id) * FROM (
        SELECT w.thing_id, w.n,
               CASE w.kind WHEN 'push' THEN w.n ELSE popped.base END AS top,
               CASE w.kind WHEN 'push' THEN w.receiver_id ELSE popped.giver_id END AS holder_id,
               CASE w.kind WHEN 'push' THEN w.happened_at ELSE below.happened_at END AS happened_at
        FROM written w
        LEFT JOIN public.ledger_entry popped
            ON popped.thing_id = w.thing_id AND popped.n = w.corrects AND popped.kind = 'push'
        LEFT JOIN public.ledger_entry below ON below.thing_id = w.thing_id AND below.n = popped.base
    ) every_row ORDER BY thing_id, n DESC) a
    WHERE h.thing_id = a.thing_id;
    RETURN NULL;
END $$;
CREATE TRIGGER entry_guard AFTER INSERT ON ledger_entry REFERENCING NEW TABLE AS written
FOR EACH STATEMENT EXECUTE FUNCTION ledger_guard();

-- The sequencer: numbers the acts whose transactions nobody can still be ahead of, never one thing's later act
-- before its earlier one. Returns how many acts still wait.
CREATE FUNCTION record_sequence() RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public AS $$
DECLARE
    numbered bigint;
    latest bigint;
    horizon bigint;
BEGIN
    PERFORM pg_advisory_xact_lock(7316490112);
    horizon := pg_snapshot_xmin(pg_current_snapshot())::text::bigint;
    LOOP
        SELECT coalesce(max(number), 0) INTO latest FROM public.record_number;
        INSERT INTO public.record_number (number, act_id)
        SELECT latest + row_number() OVER (ORDER BY p.txid, p.act_id), p.act_id
        FROM public.record_pending p
        WHERE p.txid < horizon AND NOT EXISTS (
            SELECT FROM public.ledger_entry e
            JOIN public.ledger_entry before ON before.thing_id = e.thing_id AND before.n = e.n - 1
            JOIN public.record_pending q ON q.act_id = before.act_id
            WHERE e.act_id = p.act_id AND before.act_id <> p.act_id);
        GET DIAGNOSTICS numbered = ROW_COUNT;
        DELETE FROM public.record_pending p USING public.record_number k WHERE k.act_id = p.act_id;
        EXIT WHEN numbered = 0;
    END LOOP;
    RETURN (SELECT count(*) FROM public.record_pending);
END $$;
