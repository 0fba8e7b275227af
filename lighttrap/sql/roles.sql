-- grants --
-- The statements that give each role of deploy/postgres/roles.sql its rights; no row where no such role is. After each
-- migration, for tables may be new. Nobody but the owner changes what stands in `audit`; the broker's watch reads logins
-- alone, the monitor nothing that names people.
WITH own AS (
    SELECT relname::text AS name, relkind FROM pg_class
    WHERE relnamespace = 'public'::regnamespace AND relowner = current_user::regrole
), wanted (role, name, kind, rights) AS (
    SELECT 'lighttrap_app', name, 'TABLE', CASE name
            WHEN 'audit' THEN 'SELECT, INSERT'
            WHEN 'schema_migration' THEN 'SELECT'
            ELSE 'SELECT, INSERT, UPDATE, DELETE' END
    FROM own WHERE relkind IN ('r', 'p', 'v', 'm')
    UNION ALL
    SELECT 'lighttrap_app', name, 'SEQUENCE', 'USAGE, SELECT' FROM own WHERE relkind = 'S'
    UNION ALL
    SELECT 'lighttrap_broker', name, 'TABLE', 'SELECT' FROM own WHERE name IN ('trap', 'trap_credential')
    UNION ALL
    -- What the monitor counts, and no word that was sent, no name of a field.
    SELECT 'lighttrap_monitor', name, 'TABLE', CASE name
            WHEN 'field' THEN 'SELECT (field_id, org_id, time_zone)'
            WHEN 'alert_event' THEN 'SELECT (at, fanned_out_at)'
            WHEN 'quarantine' THEN 'SELECT (reason, state)'
            WHEN 'delivery'
            THEN 'SELECT (channel, state, segments, created_at, due_at, next_try_at, sent_at, finished_at)'
            ELSE 'SELECT' END
    FROM own
    WHERE name IN ('org', 'field', 'trap', 'deployment', 'trap_status', 'trap_night', 'trap_hour', 'ledger', 'gap',
                   'quarantine', 'alert_event', 'delivery')
)
SELECT format('GRANT %s ON %s public.%I TO %I', rights, kind, name, role)
FROM wanted WHERE role IN (SELECT rolname FROM pg_roles)
ORDER BY role, name
