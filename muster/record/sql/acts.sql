-- Every act waits for its number from the moment it is written: a trigger, so that no writer can forget it.
CREATE FUNCTION record_await_number() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public AS $$
BEGIN
    INSERT INTO public.record_pending (act_id, txid)
    SELECT id, pg_current_xact_id()::text::bigint FROM written;
    RETURN NULL;
END $$;
CREATE TRIGGER act_awaits_number AFTER INSERT ON record_act REFERENCING NEW TABLE AS written
FOR EACH STATEMENT EXECUTE FUNCTION record_await_number();
