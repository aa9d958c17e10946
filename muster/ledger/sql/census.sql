-- The census of one site, with plans that are made once a session: making them takes longer than running them. The newest
-- roll not after `moment` nor known after `known`, and the legs since; `muster/ledger/census.py` says the same for all sites.
CREATE OR REPLACE FUNCTION ledger_census_of(place text, moment timestamptz, known bigint) RETURNS bigint LANGUAGE plpgsql STABLE
SET plan_cache_mode = force_generic_plan AS $$
DECLARE
    base public.ledger_closing;
    since timestamptz;
    until timestamptz;
    one uuid;
    begins boolean;  -- whether anything begins at this holder: legs there do not count
    held bigint := 0;
BEGIN
    SELECT * INTO base FROM public.ledger_closing c WHERE c.closed_at <= moment AND c.number <= known
    ORDER BY c.closed_at DESC, c.number DESC LIMIT 1;
    since := coalesce(base.closed_at, '-infinity');
    until := least(moment, (SELECT min(c.latest_at) FROM public.ledger_closing c WHERE c.number >= known));
    FOR one IN SELECT h.id FROM public.ledger_holder h WHERE h.site = place AND h.kind = 'area' LOOP
        -- Hopped to in the index, since nearly all things begin outside and a plan would expect them here too.
        begins := one IS NOT DISTINCT FROM (
            SELECT t.origin_id FROM public.ledger_thing t WHERE t.origin_id >= one ORDER BY t.origin_id LIMIT 1);
        held := held + (
            SELECT coalesce(sum(r.persons), 0) FROM public.ledger_roll r WHERE r.closing_id = base.id AND r.holder_id = one
        ) + (
            SELECT count(*) FROM public.ledger_entry e
            JOIN public.record_number k ON k.act_id = e.act_id
            WHERE e.receiver_id = one AND e.happened_at > since AND e.happened_at <= until AND k.number <= known
              AND NOT EXISTS (SELECT FROM public.ledger_thing o WHERE o.id = e.thing_id AND o.kind <> 'person')
              AND NOT (begins AND EXISTS (
                  SELECT FROM public.ledger_thing o WHERE o.id = e.thing_id AND o.origin_id = one))
        ) - (
            SELECT count(*) FROM public.ledger_entry e
            JOIN public.record_number k ON k.act_id = e.act_id
            WHERE e.giver_id = one AND e.happened_at > since AND e.happened_at <= until AND k.number <= known
              AND NOT EXISTS (SELECT FROM public.ledger_thing o WHERE o.id = e.thing_id AND o.kind <> 'person')
              AND NOT (begins AND EXISTS (
                  SELECT FROM public.ledger_thing o WHERE o.id = e.thing_id AND o.origin_id = one))
        ) + (
            SELECT coalesce(sum(l.leg), 0) FROM public.ledger_lateleg l
            JOIN public.record_number k ON k.act_id = l.act_id
            WHERE l.holder_id = one AND l.happened_at <= since AND k.number > base.number AND k.number <= known
              AND NOT EXISTS (SELECT FROM public.ledger_thing o WHERE o.id = l.thing_id AND o.kind <> 'person')
              AND NOT (begins AND EXISTS (
                  SELECT FROM public.ledger_thing o WHERE o.id = l.thing_id AND o.origin_id = one))
        );
    END LOOP;
    RETURN held;
END $$;
