-- requires timescaledb
-- Who owns no table, as ingest, may drop a chunk that no org keeps anything of, and no other.

CREATE FUNCTION drop_given_up_chunk() RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
AS $$
DECLARE
    upto timestamptz;
BEGIN
    SELECT c.range_end INTO upto
    FROM timescaledb_information.chunks c
    WHERE c.hypertable_schema = 'public' AND c.hypertable_name = 'reading'
      AND c.range_end <= (SELECT CASE WHEN bool_and(o.readings_from IS NOT NULL) THEN min(o.readings_from) END
                          FROM org o WHERE EXISTS (SELECT FROM trap t WHERE t.org_id = o.org_id))
    ORDER BY c.range_end
    LIMIT 1;
    IF upto IS NOT NULL THEN
        PERFORM drop_chunks('reading', older_than => upto);
    END IF;
    RETURN upto IS NOT NULL;
END $$;
COMMENT ON FUNCTION drop_given_up_chunk IS 'drops the oldest chunk when every org with traps keeps only later readings; whether there was one';
