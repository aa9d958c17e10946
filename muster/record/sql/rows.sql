-- What an act writes into a table is noted by a trigger of that table (`muster.database.laws` makes it, with the table's
-- layout as its argument), so that no writer can forget it and the sequencer need not look into every table.
CREATE FUNCTION record_note_rows() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public AS $$
BEGIN
    INSERT INTO public.record_rowswritten (act_id, layout_id, salt)
    SELECT act_id, TG_ARGV[0]::int, gen_random_uuid() FROM (SELECT DISTINCT act_id FROM written) acts
    ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;
