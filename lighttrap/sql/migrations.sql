-- take_time --
-- To move all readings into chunks takes longer than any request may; until the end of the transaction.
SELECT set_config('statement_timeout', '0', true), set_config('lock_timeout', '0', true)

-- wait_briefly --
-- While a migration waits for a table, all others wait behind it: programs that run must not stand still for long.
SELECT set_config('lock_timeout', '10s', true)

-- lock --
SELECT pg_advisory_xact_lock(hashtext('lighttrap migrate'))

-- create_register --
CREATE TABLE IF NOT EXISTS schema_migration (
    name        text PRIMARY KEY,
    sha         text NOT NULL,
    applied_at  timestamptz NOT NULL DEFAULT now()
)

-- has_register --
SELECT to_regclass('schema_migration') IS NOT NULL

-- applied --
SELECT name, sha FROM schema_migration ORDER BY name

-- register --
INSERT INTO schema_migration (name, sha) VALUES (%(name)s, %(sha)s)

-- can_timescaledb --
-- The extension needs its library loaded at server start; being installed on disk is not enough.
SELECT current_setting('shared_preload_libraries') LIKE '%timescaledb%'
       AND EXISTS (SELECT FROM pg_available_extensions WHERE name = 'timescaledb')

-- timescaledb --
-- Its version in this database, and under which licence its library was loaded, which only an extension that is there says.
SELECT extversion, current_setting('timescaledb.license', true) FROM pg_extension WHERE extname = 'timescaledb'

-- create_timescaledb --
CREATE EXTENSION IF NOT EXISTS timescaledb

-- seed_species --
-- Once per slug: an agronomist's edit survives the next start.
INSERT INTO species (species, scientific_name, name_vi, name_en, name_km, role, eppo_code)
VALUES (%(species)s, %(scientific_name)s, %(name_vi)s, %(name_en)s, %(name_km)s, %(role)s, %(eppo_code)s)
ON CONFLICT (species) DO NOTHING
