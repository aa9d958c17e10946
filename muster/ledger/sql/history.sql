-- Everything the ledger has about the thing of a tag, in the order in which it was written; one row without an entry where
-- it has never moved, none where there is no such thing. A function so that its plan is made once a session.
CREATE FUNCTION ledger_history(wanted text) RETURNS TABLE (
    tag varchar, thing_kind varchar, n int, kind varchar, giver varchar, receiver varchar, happened_at timestamptz,
    recorded_at timestamptz, known_at bigint, reason varchar, source varchar, corrects int, earliest_at timestamptz,
    latest_at timestamptz, mission varchar, offered_by int, accepted_by int, repeats int, handover uuid)
LANGUAGE plpgsql STABLE SET plan_cache_mode = force_generic_plan AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT t.tag, t.kind, e.n, e.kind, g.code, r.code, e.happened_at, e.recorded_at, k.number, e.reason, e.source,
           e.corrects, e.earliest_at, e.latest_at, e.mission, ho.offered_by, ho.accepted_by, e.repeats, e.handover_id
    FROM public.ledger_thing t
    LEFT JOIN public.ledger_entry e ON e.thing_id = t.id
    LEFT JOIN public.ledger_holder g ON g.id = e.giver_id
    LEFT JOIN public.ledger_holder r ON r.id = e.receiver_id
    LEFT JOIN public.record_number k ON k.act_id = e.act_id
    LEFT JOIN public.ledger_handover ho ON ho.id = e.handover_id
    WHERE t.tag = wanted ORDER BY e.n;
END $$;
