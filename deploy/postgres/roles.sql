-- The roles and the database of a site, for psql as the superuser; safe to run again, and the way to set new passwords.
-- The database's container runs it at its first start; on Debian deploy/debian/database runs it.
-- What each role may in the tables, `lighttrap migrate` says (lighttrap/sql/roles.sql).
\set ON_ERROR_STOP on
\set owner `cat "${LIGHTTRAP_ROLE_SECRETS:-/run/secrets}/db_owner"`
\set app `cat "${LIGHTTRAP_ROLE_SECRETS:-/run/secrets}/db_app"`
\set broker `cat "${LIGHTTRAP_ROLE_SECRETS:-/run/secrets}/db_broker"`
\set monitor `cat "${LIGHTTRAP_ROLE_SECRETS:-/run/secrets}/db_monitor"`
SELECT least(length(:'owner'), length(:'app'), length(:'broker'), length(:'monitor')) < 16 AS lacks_a_secret \gset
\if :lacks_a_secret
\warn 'a password in LIGHTTRAP_ROLE_SECRETS cannot be read, or is shorter than 16 characters'
DO $$ BEGIN RAISE 'nothing was changed'; END $$;
\endif

SELECT format('CREATE ROLE %I LOGIN', name)
FROM unnest(ARRAY['lighttrap', 'lighttrap_app', 'lighttrap_broker', 'lighttrap_monitor']) AS name
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name)
\gexec
SET password_encryption = 'scram-sha-256';
-- Owns the database and its tables: for migrations, backups and the command line.
ALTER ROLE lighttrap PASSWORD :'owner';
-- Ingest, API and notifier: reads and writes rows, and owns nothing.
ALTER ROLE lighttrap_app PASSWORD :'app';
-- `lighttrap broker watch`: reads who may log in at the broker.
ALTER ROLE lighttrap_broker PASSWORD :'broker';
-- `lighttrap monitor`: reads what no person is named in.
ALTER ROLE lighttrap_monitor PASSWORD :'monitor';
ALTER ROLE lighttrap_monitor SET default_transaction_read_only = on;
ALTER ROLE lighttrap_monitor SET statement_timeout = '30s';
-- To learn whether TimescaleDB is loaded, and whether commits are durable.
GRANT pg_read_all_settings TO lighttrap, lighttrap_app;
GRANT pg_monitor TO lighttrap_monitor;

-- An order of letters that no update of a C library changes.
SELECT 'CREATE DATABASE lighttrap OWNER lighttrap TEMPLATE template0 ENCODING ''UTF8'' LOCALE ''C'''
WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'lighttrap')
\gexec
REVOKE ALL ON DATABASE lighttrap FROM PUBLIC;
GRANT CONNECT, TEMPORARY ON DATABASE lighttrap TO lighttrap_app;
GRANT CONNECT ON DATABASE lighttrap TO lighttrap_broker, lighttrap_monitor;
\connect lighttrap
REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO lighttrap_app, lighttrap_broker, lighttrap_monitor;
SELECT 'CREATE EXTENSION IF NOT EXISTS timescaledb'
WHERE current_setting('shared_preload_libraries') LIKE '%timescaledb%'
      AND EXISTS (SELECT FROM pg_available_extensions WHERE name = 'timescaledb')
\gexec
