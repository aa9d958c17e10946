-- One change of hands of a whole list, in one round trip: everything from one giver to one receiver at one moment. The guard
-- looks at it as at any other statement; what it refuses is told by name, and the transaction goes on.
CREATE FUNCTION ledger_post(
    act uuid, things uuid[], giver uuid, receiver uuid, at timestamptz, mission text, handover uuid, source text,
    OUT refusal text, OUT tag text, OUT held_by text
) LANGUAGE plpgsql SET search_path = pg_catalog, public AS $$
DECLARE
    refused uuid;
    raced text;
BEGIN
    BEGIN
        INSERT INTO public.ledger_entry
            (thing_id, n, kind, giver_id, receiver_id, happened_at, base, mission, reason, source, handover_id, act_id)
        SELECT h.thing_id, h.n + 1, 'push', giver, receiver, at, h.top, mission, '', source, handover, act
        FROM public.ledger_head h WHERE h.thing_id = ANY (things) ORDER BY h.thing_id;
        RETURN;
    EXCEPTION
        WHEN SQLSTATE 'MU001' THEN
            GET STACKED DIAGNOSTICS refusal = MESSAGE_TEXT, refused = PG_EXCEPTION_DETAIL;
        WHEN unique_violation THEN
            -- Another writer took the number between the look at the head and the entry; the words name the key.
            GET STACKED DIAGNOSTICS raced = PG_EXCEPTION_DETAIL;
            refusal := 'ledger.stale';
            refused := coalesce(substring(raced FROM '[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}')::uuid, things[1]);
    END;
    SELECT t.tag, o.code INTO tag, held_by
    FROM public.ledger_thing t JOIN public.ledger_head h ON h.thing_id = t.id JOIN public.ledger_holder o ON o.id = h.holder_id
    WHERE t.id = refused;
END $$;
