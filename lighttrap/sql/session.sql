-- durability --
-- What a commit must mean before anything is acked for it.
SELECT name, setting FROM pg_settings WHERE name IN ('synchronous_commit', 'fsync', 'full_page_writes')

-- clock --
SELECT clock_timestamp()

-- try_lock --
SELECT pg_try_advisory_lock(hashtext('lighttrap ingest'), hashtext(%(client_id)s))

-- ping --
SELECT 1

-- begin_snapshot --
SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY
