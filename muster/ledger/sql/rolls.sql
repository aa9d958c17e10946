-- Closing rolls: whom each holder held as of a moment, known at an act's number. Made from the entries by functions of
-- the owner alone, so that a roll cannot say what the entries do not.

-- Every entry as two legs, one out (-1) and one in (+1), each under the mission by which the holder held the thing.
-- `enters` counts those who came into the ledger: 1 for a first entry, -1 for its counter-entry.
CREATE FUNCTION ledger_legs(since timestamptz, until timestamptz)
RETURNS TABLE (thing_id uuid, n int, leg smallint, holder_id uuid, mission text, happened_at timestamptz, act_id uuid, enters smallint)
LANGUAGE sql STABLE AS $$
    SELECT e.thing_id, e.n, 1::smallint, e.receiver_id,
           CASE e.kind WHEN 'push' THEN e.mission ELSE coalesce(b.mission, '') END, e.happened_at, e.act_id,
           (CASE WHEN e.base <> 0 THEN 0 WHEN e.kind = 'push' THEN 1 ELSE -1 END)::smallint
    FROM public.ledger_entry e LEFT JOIN public.ledger_entry b ON b.thing_id = e.thing_id AND b.n = e.base
    WHERE e.happened_at > since AND e.happened_at <= until
    UNION ALL
    SELECT e.thing_id, e.n, (-1)::smallint, e.giver_id,
           CASE e.kind WHEN 'push' THEN coalesce(b.mission, '') ELSE e.mission END, e.happened_at, e.act_id, 0::smallint
    FROM public.ledger_entry e LEFT JOIN public.ledger_entry b ON b.thing_id = e.thing_id AND b.n = e.base
    WHERE e.happened_at > since AND e.happened_at <= until
$$;

-- From here on, what is written of the time up to `cut` is marked as late. Writers are waited for, and wait, while the
-- cutoff is set and not while rolls are made: whoever wrote before it is seen by `ledger_close`, whoever writes after it
-- sees the cutoff.
CREATE FUNCTION ledger_cut(cut timestamptz) RETURNS void LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public SET lock_timeout = '5s' AS $$
BEGIN
    IF NOT isfinite(cut) OR cut > clock_timestamp() THEN
        RAISE EXCEPTION 'rolls are closed for a moment that has passed, not for %', cut;
    END IF;
    IF NOT EXISTS (SELECT FROM public.ledger_cutoff WHERE closed_at >= cut) THEN
        LOCK TABLE public.ledger_entry IN SHARE MODE;
        INSERT INTO public.ledger_cutoff (closed_at) VALUES (cut) ON CONFLICT DO NOTHING;
    END IF;
END $$;

-- A transaction with one snapshot for all of it may not see a cutoff; what it writes is marked whatever its time. A mark
-- too many does no harm: the number of the act decides whether a leg was late for a roll.
CREATE FUNCTION ledger_mark_late() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public AS $$
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
        FROM written e CROSS JOIN (VALUES (1), (-1)) AS side (leg)
        LEFT JOIN public.ledger_entry b ON b.thing_id = e.thing_id AND b.n = e.base
        WHERE e.happened_at <= cut;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER entry_late AFTER INSERT ON ledger_entry REFERENCING NEW TABLE AS written
FOR EACH STATEMENT EXECUTE FUNCTION ledger_mark_late();

-- Close the rolls of a moment, known at an act's number, from the roll before and the legs since. False where they are
-- closed already. What must hold for the reads: every entry that happened by a closing's moment and is not numbered by its
-- number has late legs.
CREATE FUNCTION ledger_close(cut timestamptz, known bigint) RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public AS $$
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

    INSERT INTO public.ledger_lateleg (thing_id, n, leg, holder_id, mission, happened_at, act_id, enters)
    SELECT l.thing_id, l.n, l.leg, l.holder_id, l.mission, l.happened_at, l.act_id, l.enters
    FROM ledger_legs(since, cut) l LEFT JOIN public.record_number k ON k.act_id = l.act_id
    WHERE k.number > known OR k.number IS NULL
    ON CONFLICT DO NOTHING;

    -- The latest time of which an act up to `known` tells: nothing known by then happened after it.
    SELECT * INTO before FROM public.ledger_closing c WHERE c.number <= known ORDER BY c.number DESC LIMIT 1;
    latest := greatest(cut, before.latest_at, (
        SELECT max(e.happened_at) FROM public.record_number k
        CROSS JOIN LATERAL (SELECT x.happened_at FROM public.ledger_entry x WHERE x.act_id = k.act_id OFFSET 0) e
        WHERE k.number > coalesce(before.number, 0) AND k.number <= known));

    WITH since_base AS MATERIALIZED (
        SELECT l.thing_id, l.leg, l.holder_id, l.mission, l.enters, t.origin_id FROM (
            SELECT thing_id, leg, holder_id, mission, act_id, enters, 0 AS after FROM ledger_legs(since, cut)
            UNION ALL
            SELECT thing_id, leg, holder_id, mission, act_id, enters, base.number FROM public.ledger_lateleg
            WHERE happened_at <= since
        ) l JOIN public.record_number k ON k.act_id = l.act_id AND k.number > l.after AND k.number <= known
        JOIN public.ledger_thing t ON t.id = l.thing_id AND t.kind = 'person'
    ), made AS (
        INSERT INTO public.ledger_closing (closed_at, number, latest_at, entered)
        SELECT cut, known, latest, coalesce(base.entered, 0) + coalesce(sum(enters), 0) FROM since_base
        RETURNING id
    )
    INSERT INTO public.ledger_roll (closing_id, holder_id, mission, persons, things)
    SELECT (SELECT id FROM made), held.holder_id, held.mission, count(*), array_agg(held.thing_id ORDER BY held.thing_id)
    FROM (
        SELECT legs.holder_id, legs.mission, legs.thing_id FROM (
            SELECT r.holder_id, r.mission, unnest(r.things) AS thing_id, 1 AS leg
            FROM public.ledger_roll r WHERE r.closing_id = base.id
            UNION ALL
            SELECT s.holder_id, s.mission, s.thing_id, s.leg FROM since_base s
            JOIN public.ledger_holder h ON h.id = s.holder_id AND h.kind <> 'outside'
            WHERE s.origin_id <> s.holder_id
        ) legs GROUP BY 1, 2, 3 HAVING sum(legs.leg) = 1
    ) held GROUP BY held.holder_id, held.mission;
    RETURN true;
END $$;
