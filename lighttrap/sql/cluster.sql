-- role_statement --
-- The statement that makes lighttrap's role in a private cluster; no row when it is there. It reads settings only to
-- learn whether TimescaleDB is loaded.
SELECT format('CREATE ROLE lighttrap LOGIN PASSWORD %%L IN ROLE pg_read_all_settings', %(password)s::text)
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'lighttrap')

-- database_statement --
-- The statement that makes lighttrap's database in a private cluster; no row when it is there.
SELECT 'CREATE DATABASE lighttrap OWNER lighttrap'
WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'lighttrap')
