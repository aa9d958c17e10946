-- A hash of what names persons, or the salt of one, is taken away or stays as it is.
CREATE FUNCTION custody_refuse_another() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN RAISE 'a hash or a salt is disposed of, and never changed' USING ERRCODE = 'restrict_violation'; END $$;
CREATE TRIGGER digest_only_goes BEFORE UPDATE OF digest ON custody_reference
FOR EACH ROW WHEN (NEW.digest IS NOT NULL) EXECUTE FUNCTION custody_refuse_another();
CREATE TRIGGER digest_only_goes BEFORE UPDATE OF digest ON custody_replayed
FOR EACH ROW WHEN (NEW.digest IS NOT NULL) EXECUTE FUNCTION custody_refuse_another();
CREATE TRIGGER salt_only_goes BEFORE UPDATE OF salt ON record_answer
FOR EACH ROW WHEN (NEW.salt IS NOT NULL) EXECUTE FUNCTION custody_refuse_another();

-- A key goes where somebody said by whose authority it goes, and nowhere else.
CREATE FUNCTION custody_guard_key() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM public.custody_disposal WHERE thing_id = OLD.thing_id) THEN
        RAISE 'a key is destroyed by a disposal alone: dispose of what is personal' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN OLD;
END $$;
CREATE TRIGGER key_goes_by_disposal BEFORE DELETE ON custody_personalkey
FOR EACH ROW EXECUTE FUNCTION custody_guard_key();
