-- An act's number; null while it waits. Whoever finds the sequencer free sequences, and many writers need not queue for it.
CREATE FUNCTION record_number_of(act uuid) RETURNS bigint LANGUAGE plpgsql
SET search_path = pg_catalog, public AS $$
DECLARE
    found bigint;
BEGIN
    SELECT k.number INTO found FROM public.record_number k WHERE k.act_id = act;
    -- The sequencer's own lock, which its function takes again.
    IF found IS NULL AND pg_try_advisory_xact_lock(7316490112) THEN
        PERFORM public.record_sequence();
        SELECT k.number INTO found FROM public.record_number k WHERE k.act_id = act;
    END IF;
    RETURN found;
END $$;
