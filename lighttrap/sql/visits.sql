-- add_visit --
-- No row when it lies in the future, by the database's clock.
INSERT INTO visit (trap_id, at, author, work, battery_v, note)
SELECT t.trap_id, coalesce(%(at)s::timestamptz, now()), %(author)s, %(work)s::text[], %(battery_v)s::double precision,
       %(note)s::text
FROM trap t
WHERE t.trap_id = %(trap_id)s AND t.org_id = %(org_id)s AND coalesce(%(at)s::timestamptz, now()) <= now()
RETURNING visit_id, trap_id, at, author, work, battery_v, note, written_at

-- page_visits --
SELECT v.visit_id, v.trap_id, v.at, v.author, v.work, v.battery_v, v.note, v.written_at
FROM visit v
JOIN trap t ON t.trap_id = v.trap_id
WHERE t.org_id = %(org_id)s
  AND (%(trap_id)s::text IS NULL OR v.trap_id = %(trap_id)s)
  AND (%(first)s::timestamptz IS NULL OR v.at >= %(first)s)
  AND (%(before)s::timestamptz IS NULL OR v.at < %(before)s)
  AND (%(last_at)s::timestamptz IS NULL OR (v.at, v.visit_id) < (%(last_at)s, %(last_id)s::bigint))
ORDER BY v.at DESC, v.visit_id DESC
LIMIT %(limit)s
