-- grants --
-- The statements that give each role of deploy/postgres/roles.sql its rights; no row where no such role is. After each
-- migration, for tables may be new. Nobody but the owner changes what stands in `audit`; the broker's watch reads logins
-- alone, the monitor no table that names people.
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
    SELECT 'lighttrap_monitor', name, 'TABLE', 'SELECT' FROM own
    WHERE name IN ('org', 'field', 'trap', 'deployment', 'species', 'reading', 'catch', 'trap_night', 'ledger', 'gap',
                   'quarantine', 'trap_status', 'trap_event', 'night_summary', 'judged_night', 'alert', 'alert_event', 'delivery',
                   'commune', 'trap_night_state', 'trap_hour')
)
SELECT format('GRANT %s ON %s public.%I TO %I', rights, kind, name, role)
FROM wanted WHERE role IN (SELECT rolname FROM pg_roles)
ORDER BY role, name
