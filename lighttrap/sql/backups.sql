-- plain_text --
-- How rows are written down must not depend on who asks, nor on a limit meant for requests.
SELECT set_config('timezone', 'UTC', true), set_config('datestyle', 'ISO, MDY', true),
       set_config('intervalstyle', 'postgres', true), set_config('extra_float_digits', '1', true),
       set_config('bytea_output', 'hex', true), set_config('statement_timeout', '0', true),
       set_config('idle_in_transaction_session_timeout', '0', true)

-- export_snapshot --
SELECT pg_export_snapshot(), now()

-- server --
SELECT current_setting('server_version_num')::int / 10000 AS major,
       current_setting('server_version') AS version,
       (SELECT extversion FROM pg_extension WHERE extname = 'timescaledb') AS timescaledb,
       current_setting('timescaledb.license', true) AS license,
       current_setting('shared_preload_libraries') LIKE '%timescaledb%' AS preloaded,
       (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) AS superuser

-- checksum_statements --
-- For each table of ours a statement that counts its rows and sums their hashes: in any order the sum is the same.
-- Chunks of a hypertable are read through it, whether they are compressed or not.
SELECT n.nspname || '.' || c.relname AS name,
       format('SELECT count(*), coalesce(sum((''x'' || left(md5(whole_row::text), 16))::bit(64)::bigint), 0)::text'
              ' FROM %I.%I AS whole_row', n.nspname, c.relname) AS statement
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relname <> 'restore'
  AND n.nspname !~ '^(pg_|_timescaledb_|timescaledb_|information_schema$)'
  AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
ORDER BY 1

-- sequences --
SELECT schemaname || '.' || sequencename, coalesce(last_value, 0)
FROM pg_sequences
WHERE schemaname !~ '^(pg_|_timescaledb_|timescaledb_|information_schema$)'
ORDER BY 1

-- identity_statements --
-- For each column that numbers its rows: its sequence, and a statement that finds the highest number given.
SELECT n.nspname || '.' || s.relname, format('SELECT coalesce(max(%I), 0)::bigint FROM %I.%I', a.attname, m.nspname, c.relname)
FROM pg_depend d
JOIN pg_class s ON s.oid = d.objid AND s.relkind = 'S'
JOIN pg_namespace n ON n.oid = s.relnamespace
JOIN pg_class c ON c.oid = d.refobjid
JOIN pg_namespace m ON m.oid = c.relnamespace
JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass AND d.deptype IN ('a', 'i')
  AND m.nspname !~ '^(pg_|_timescaledb_|timescaledb_|information_schema$)'
ORDER BY 1

-- roles --
-- Who owns something here or was granted something; what belongs to the server's first superuser is not in pg_shdepend.
SELECT r.rolname
FROM pg_shdepend d
JOIN pg_roles r ON r.oid = d.refobjid
WHERE d.refclassid = 'pg_authid'::regclass AND d.deptype IN ('o', 'a')
  AND d.dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
UNION
SELECT pg_get_userbyid(c.relowner)
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p')
ORDER BY 1

-- lacking_roles --
SELECT wanted FROM unnest(%(roles)s::text[]) AS wanted
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = wanted)
ORDER BY 1

-- foreign_roles --
-- Roles that whoever asks may not hand things over to.
SELECT wanted FROM unnest(%(roles)s::text[]) AS wanted
JOIN pg_roles ON rolname = wanted
WHERE NOT pg_has_role(current_user, wanted, 'member')
ORDER BY 1

-- contents --
-- What stands in a database that should be empty, some of it.
SELECT found.name
FROM (
    SELECT n.nspname || '.' || c.relname AS name, c.oid, 'pg_class'::regclass AS class
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname !~ '^(pg_|_timescaledb_|timescaledb_|information_schema$)' AND c.relkind IN ('r', 'p', 'v', 'm', 'S', 'f')
    UNION ALL
    SELECT n.nspname || '.' || p.proname, p.oid, 'pg_proc'::regclass
    FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
    WHERE n.nspname !~ '^(pg_|_timescaledb_|timescaledb_|information_schema$)'
) AS found
WHERE NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = found.class AND d.objid = found.oid AND d.deptype = 'e')
ORDER BY 1 LIMIT 3

-- timescaledb_versions --
SELECT version FROM pg_available_extension_versions WHERE name = 'timescaledb' ORDER BY 1

-- drop_timescaledb --
DROP EXTENSION timescaledb

-- timescaledb_statement --
SELECT format('CREATE EXTENSION IF NOT EXISTS timescaledb VERSION %%L', %(version)s::text)

-- before_timescaledb --
-- By name, for plain PostgreSQL, on which every statement is prepared by a test, has no such function.
SELECT format('SELECT %I.timescaledb_pre_restore()', n.nspname)
FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
WHERE e.extname = 'timescaledb'

-- after_timescaledb --
SELECT format('SELECT %I.timescaledb_post_restore()', n.nspname)
FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
WHERE e.extname = 'timescaledb'

-- create_statement --
SELECT format('CREATE DATABASE %%I TEMPLATE template0 ENCODING ''UTF8''', %(name)s::text)

-- drop_statement --
SELECT format('DROP DATABASE IF EXISTS %%I WITH (FORCE)', %(name)s::text)

-- analyze --
ANALYZE

-- owner_statement --
-- What is made after a restore belongs to whom the rest belongs, whoever restored.
SELECT format('SET ROLE %I', pg_get_userbyid(relowner)) FROM pg_class WHERE oid = to_regclass('schema_migration')

-- hand_over_statement --
-- A new database belongs to who made it, and the dump takes back what everybody might do in its schema. No row when the
-- owner of the tables may do there what a migration does.
SELECT format('ALTER DATABASE %I OWNER TO %I', current_database(), pg_get_userbyid(relowner))
FROM pg_class
WHERE oid = to_regclass('schema_migration')
  AND NOT (has_database_privilege(relowner, current_database(), 'CREATE')
           AND has_schema_privilege(relowner, relnamespace, 'USAGE')
           AND has_schema_privilege(relowner, relnamespace, 'CREATE'))
