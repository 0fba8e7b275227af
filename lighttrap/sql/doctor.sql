-- server --
SELECT current_setting('server_version_num')::int AS version,
       (SELECT extversion FROM pg_extension WHERE extname = 'timescaledb') AS timescaledb,
       current_setting('timescaledb.license', true) AS license,
       current_setting('shared_preload_libraries') LIKE '%timescaledb%' AS preloaded,
       (SELECT default_version FROM pg_available_extensions WHERE name = 'timescaledb') AS on_disk,
       (SELECT comment LIKE '%Community%' FROM pg_available_extensions WHERE name = 'timescaledb') AS has_community,
       pg_database_size(current_database()) AS bytes

-- silent_traps --
-- Traps in service that have not been heard of for a day, those that never were, and all.
SELECT count(*) FILTER (WHERE heard.last_at < now() - interval '26 hours'),
       count(*) FILTER (WHERE heard.last_at IS NULL),
       count(*)
FROM trap t
LEFT JOIN LATERAL (SELECT max(l.last_at) AS last_at FROM ledger l WHERE l.trap_id = t.trap_id) AS heard ON true
WHERE t.retired_at > now()

-- missing --
SELECT coalesce(sum(seq_count(missing)), 0)::bigint, count(*) FROM gap WHERE closed_at IS NULL

-- watches --
-- Sessions of `lighttrap broker watch`; the names of others' sessions are open to all.
SELECT count(*) FROM pg_stat_activity WHERE application_name = %(application)s AND datname = current_database()
