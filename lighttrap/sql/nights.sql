-- catch_nights --
-- Every night of every trap and every species it ever reported; a silent night has lines without a count.
SELECT n.trap_id, k.species, n.night, c.count, coalesce(c.lamp_s, n.lamp_s) AS lamp_s, n.state
FROM trap_night_state n
LEFT JOIN (SELECT DISTINCT trap_id, species FROM catch) AS k ON k.trap_id = n.trap_id
LEFT JOIN catch c ON c.trap_id = n.trap_id AND c.species = k.species AND c.night = n.night
WHERE (%(org_id)s::text IS NULL OR n.org_id = %(org_id)s)
  AND (%(trap_id)s::text IS NULL OR n.trap_id = %(trap_id)s)
  AND (%(species)s::text IS NULL OR k.species = %(species)s)
  AND (%(first)s::date IS NULL OR n.night >= %(first)s)
  AND (%(last)s::date IS NULL OR n.night <= %(last)s)
ORDER BY n.trap_id, k.species, n.night
