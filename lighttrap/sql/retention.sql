-- try_lock --
-- One at a time in the whole installation; who comes second has nothing to do.
SELECT pg_try_advisory_xact_lock(hashtext('lighttrap retention'))

-- be_brief --
-- Rather not now than in the way of readings that come.
SET LOCAL lock_timeout = '1s'

-- advance --
-- To whole days, so that there is work once a day. What was deleted does not come back when more is to be kept.
UPDATE org SET readings_from = date_trunc('day', now(), 'UTC') - make_interval(days => keep_readings_days)
WHERE (%(org_id)s::text IS NULL OR org_id = %(org_id)s)
  AND date_trunc('day', now(), 'UTC') - make_interval(days => keep_readings_days) > coalesce(readings_from, '-infinity')

-- horizons --
SELECT org_id, readings_from FROM org
WHERE readings_from IS NOT NULL AND (%(org_id)s::text IS NULL OR org_id = %(org_id)s)
ORDER BY org_id

-- oldest_of_traps --
-- Traps that still have readings from before: of each the oldest, and the one with which the next 5,000 begin, if any.
-- In order, and from where the last look came to: those before it have none.
SELECT t.trap_id, old.start_at, next.start_at
FROM trap t
CROSS JOIN LATERAL (
    SELECT r.start_at FROM reading r
    WHERE r.trap_id = t.trap_id AND r.start_at < %(before)s::timestamptz
    ORDER BY r.start_at LIMIT 1
) AS old
LEFT JOIN LATERAL (
    SELECT r.start_at FROM reading r
    WHERE r.trap_id = t.trap_id AND r.start_at > old.start_at
      AND r.start_at < least(%(before)s::timestamptz, old.start_at + %(span)s::interval)
    ORDER BY r.start_at OFFSET %(enough)s LIMIT 1
) AS next ON true
WHERE t.org_id = %(org_id)s AND t.trap_id >= %(place)s
ORDER BY t.trap_id
LIMIT %(traps)s

-- delete_span --
DELETE FROM reading WHERE trap_id = %(trap_id)s AND start_at >= %(first)s::timestamptz AND start_at < %(before)s::timestamptz
