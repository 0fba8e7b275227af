-- Says what has changed, so that whoever looks can look again: org, what it is about, and whose. One notification a
-- statement and org, sent with the commit.

CREATE FUNCTION tell_of_traps() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM changed) THEN
        PERFORM pg_notify('lighttrap_live', jsonb_build_object(
            'org', t.org_id, 'about', tg_argv[0],
            'ids', CASE WHEN count(*) <= 200 THEN jsonb_agg(t.trap_id) END)::text)
        FROM trap t
        WHERE t.trap_id IN (SELECT c.trap_id FROM changed c)
        GROUP BY t.org_id;
    END IF;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION tell_of_traps IS 'a payload holds 8,000 bytes: of more than 200 traps it names none, which means all';

CREATE FUNCTION tell_of_alerts() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('lighttrap_live', jsonb_build_object(
        'org', c.org_id, 'about', 'alert',
        'ids', CASE WHEN count(*) <= 200 THEN jsonb_agg(c.alert_id) END)::text)
    FROM changed c
    GROUP BY c.org_id;
    RETURN NULL;
END $$;

-- A trigger with a transition table is of one kind of change only.
CREATE TRIGGER live_insert AFTER INSERT ON trap_night REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION tell_of_traps('catch');
CREATE TRIGGER live_update AFTER UPDATE ON trap_night REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION tell_of_traps('catch');
CREATE TRIGGER live_insert AFTER INSERT ON correction REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION tell_of_traps('catch');
CREATE TRIGGER live_update AFTER UPDATE ON correction REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION tell_of_traps('catch');
CREATE TRIGGER live_insert AFTER INSERT ON trap_status REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION tell_of_traps('trap');
CREATE TRIGGER live_update AFTER UPDATE ON trap_status REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION tell_of_traps('trap');
CREATE TRIGGER live_insert AFTER INSERT ON visit REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION tell_of_traps('trap');
CREATE TRIGGER live_insert AFTER INSERT ON alert REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION tell_of_alerts();
CREATE TRIGGER live_update AFTER UPDATE ON alert REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION tell_of_alerts();
