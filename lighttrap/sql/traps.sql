-- register_trap --
-- A trap that is there already keeps its settings; its service may only grow to take in more nights.
INSERT INTO trap (trap_id, org_id, name, nominal_s, interval_s, in_service_from, retired_at)
VALUES (%(trap_id)s, %(org_id)s, %(name)s, %(nominal_s)s, %(interval_s)s, %(in_service_from)s,
        coalesce(%(retired_at)s::timestamptz, 'infinity'))
ON CONFLICT (trap_id) DO UPDATE SET
    in_service_from = least(trap.in_service_from, excluded.in_service_from),
    retired_at = greatest(trap.retired_at, excluded.retired_at)
WHERE trap.org_id = excluded.org_id
RETURNING xmax = 0 AS created

-- list_traps --
SELECT t.trap_id, t.org_id, t.name, t.nominal_s, t.interval_s, t.in_service_from,
       nullif(t.retired_at, 'infinity') AS retired_at, d.field_id
FROM trap t
LEFT JOIN deployment d ON d.trap_id = t.trap_id AND d.to_at = 'infinity'
WHERE %(org_id)s::text IS NULL OR t.org_id = %(org_id)s
ORDER BY t.trap_id

-- lock_trap --
-- Two moves of a trap go one after the other, or it would stand in two fields.
SELECT FROM trap WHERE trap_id = %(trap_id)s FOR NO KEY UPDATE

-- end_deployment --
UPDATE deployment SET to_at = %(at)s
WHERE trap_id = %(trap_id)s AND from_at < %(at)s AND to_at > %(at)s

-- begin_deployment --
INSERT INTO deployment (trap_id, field_id, from_at) VALUES (%(trap_id)s, %(field_id)s, %(at)s)

-- later_deployment --
SELECT from_at FROM deployment WHERE trap_id = %(trap_id)s AND from_at >= %(at)s ORDER BY from_at LIMIT 1

-- field_of --
SELECT field_id FROM deployment WHERE trap_id = %(trap_id)s AND to_at = 'infinity'

-- org_of --
SELECT org_id FROM trap WHERE trap_id = %(trap_id)s

-- count_kept --
SELECT count(*) FROM quarantine WHERE trap_id = %(trap_id)s AND state <> 'replayed'

-- page_traps --
SELECT t.trap_id, t.org_id, t.name, t.nominal_s, t.interval_s, t.in_service_from,
       nullif(t.retired_at, 'infinity') AS retired_at, d.field_id
FROM trap t
LEFT JOIN deployment d ON d.trap_id = t.trap_id AND d.to_at = 'infinity'
WHERE t.org_id = %(org_id)s AND t.trap_id > %(after)s
  AND (%(field_id)s::text IS NULL OR d.field_id = %(field_id)s)
  AND (%(trap_id)s::text IS NULL OR t.trap_id = %(trap_id)s)
ORDER BY t.trap_id
LIMIT %(limit)s

-- retire --
UPDATE trap SET retired_at = %(at)s
WHERE trap_id = %(trap_id)s AND org_id = %(org_id)s AND in_service_from < %(at)s
