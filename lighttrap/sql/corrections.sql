-- lock_catch --
-- What the machine counted, held until the transaction ends; before the field is locked, as ingest does it.
SELECT c.count,
       night_state(n.lamp_s, t.nominal_s, n.readings,
                   c.night < night_of(now(), trap_zone(t.trap_id, least(now(), t.retired_at - interval '1 second'))))
           AS state
FROM trap t
JOIN catch c ON c.trap_id = t.trap_id AND c.species = %(species)s AND c.night = %(night)s
JOIN trap_night n ON n.trap_id = c.trap_id AND n.night = c.night
WHERE t.trap_id = %(trap_id)s AND t.org_id = %(org_id)s
FOR NO KEY UPDATE OF c

-- end_correction --
UPDATE correction SET ended_at = now(), ended_by = %(author)s, ended_reason = %(reason)s
WHERE correction_id = %(correction_id)s AND ended_at IS NULL

-- add_correction --
INSERT INTO correction (trap_id, species, night, count, machine_count, reason, author)
VALUES (%(trap_id)s, %(species)s, %(night)s, %(count)s, %(machine_count)s, %(reason)s, %(author)s)
RETURNING correction_id

-- page_corrections --
SELECT v.correction_id, v.trap_id, v.species, v.night, v.count, v.machine_count, c.count AS machine_count_now, v.reason,
       v.author, v.at, v.ended_at, v.ended_by, v.ended_reason
FROM correction v
JOIN trap t ON t.trap_id = v.trap_id
JOIN catch c ON c.trap_id = v.trap_id AND c.species = v.species AND c.night = v.night
WHERE t.org_id = %(org_id)s AND v.correction_id < %(before_id)s
  AND (%(correction_id)s::bigint IS NULL OR v.correction_id = %(correction_id)s)
  AND (%(trap_id)s::text IS NULL OR v.trap_id = %(trap_id)s)
  AND (%(species)s::text IS NULL OR v.species = %(species)s)
  AND (%(first)s::date IS NULL OR v.night >= %(first)s)
  AND (%(last)s::date IS NULL OR v.night <= %(last)s)
  AND (%(every)s OR v.ended_at IS NULL)
ORDER BY v.correction_id DESC
LIMIT %(limit)s
