-- catch_nights --
-- Every night of every trap and every species it ever reported; a silent night has lines without a count.
SELECT n.trap_id, k.species, n.night, c.count, coalesce(c.lamp_s, n.lamp_s) AS lamp_s, n.state, c.machine_count,
       c.correction_id
FROM trap_night_state n
LEFT JOIN (SELECT DISTINCT trap_id, species FROM catch) AS k ON k.trap_id = n.trap_id
LEFT JOIN verified_catch c ON c.trap_id = n.trap_id AND c.species = k.species AND c.night = n.night
WHERE (%(org_id)s::text IS NULL OR n.org_id = %(org_id)s)
  AND (%(trap_id)s::text IS NULL OR n.trap_id = %(trap_id)s)
  AND (%(species)s::text IS NULL OR k.species = %(species)s)
  AND (%(first)s::date IS NULL OR n.night >= %(first)s)
  AND (%(last)s::date IS NULL OR n.night <= %(last)s)
ORDER BY n.trap_id, k.species, n.night

-- page_nights --
-- A bounded span of nights, trap by trap; the axis is that of trap_night_state, cut before it is made. OFFSET 0 keeps
-- the order of the joins, a look-up a night: the planner expects a thousand nights a trap, and read all there are.
SELECT a.trap_id, c.species, a.night, c.count, coalesce(c.lamp_s, n.lamp_s, 0) AS lamp_s,
       night_state(coalesce(n.lamp_s, 0), a.nominal_s, coalesce(n.readings, 0), a.night < a.tonight) AS state,
       c.machine_count, c.correction_id
FROM (
    SELECT t.trap_id, t.nominal_s, span.tonight, step::date AS night
    FROM trap t
    CROSS JOIN LATERAL (
        SELECT min(n.night) AS first_night, max(n.night) AS last_night FROM trap_night n WHERE n.trap_id = t.trap_id
    ) AS known
    CROSS JOIN LATERAL (
        SELECT night_of(now(), z.zone) AS tonight,
               least(night_of(t.created_at, z.zone), known.first_night) AS first_night,
               greatest(known.last_night, night_of(least(now(), t.retired_at - interval '1 second'), z.zone)) AS last_night
        FROM trap_zone(t.trap_id, least(now(), t.retired_at - interval '1 second')) AS z (zone)
    ) AS span
    CROSS JOIN LATERAL generate_series(
        greatest(span.first_night, %(first)s::date), least(span.last_night, %(last)s::date), interval '1 day') AS step
    WHERE t.org_id = %(org_id)s AND t.trap_id >= %(after_trap)s
      AND (%(trap_id)s::text IS NULL OR t.trap_id = %(trap_id)s)
      AND (%(field_id)s::text IS NULL OR EXISTS (
          SELECT FROM deployment d
          WHERE d.trap_id = t.trap_id AND d.field_id = %(field_id)s AND d.to_at = 'infinity'))
) AS a
LEFT JOIN LATERAL (
    SELECT n.lamp_s, n.readings FROM trap_night n WHERE n.trap_id = a.trap_id AND n.night = a.night OFFSET 0
) AS n ON true
LEFT JOIN LATERAL (
    SELECT c.species, c.count, c.lamp_s, c.machine_count, c.correction_id FROM verified_catch c
    WHERE c.trap_id = a.trap_id AND c.night = a.night AND (%(species)s::text IS NULL OR c.species = %(species)s) OFFSET 0
) AS c ON true
WHERE (a.trap_id, a.night, coalesce(c.species, '')) > (%(after_trap)s, %(after_night)s::date, %(after_species)s)
ORDER BY a.trap_id, a.night, coalesce(c.species, '')
LIMIT %(limit)s

-- page_sums --
-- Sums over the nights whose lamp was on for half of the plan or more; each trap counts where it stood that midnight.
WITH known AS (
    SELECT c.trap_id, c.species, c.count, c.machine_count, c.correction_id, d.field_id, f.commune_code,
           CASE %(per)s WHEN 'week' THEN date_trunc('week', c.night)::date ELSE c.night END AS night
    FROM trap t
    JOIN verified_catch c ON c.trap_id = t.trap_id AND c.night BETWEEN %(first)s::date AND %(last)s::date
        AND (%(species)s::text IS NULL OR c.species = %(species)s)
    JOIN trap_night n ON n.trap_id = c.trap_id AND n.night = c.night AND n.lamp_s * 2 >= t.nominal_s
    LEFT JOIN (deployment d JOIN field f ON f.field_id = d.field_id) ON d.trap_id = c.trap_id
        AND d.from_at <= (c.night + 1)::timestamp AT TIME ZONE f.time_zone
        AND d.to_at > (c.night + 1)::timestamp AT TIME ZONE f.time_zone
    WHERE t.org_id = %(org_id)s
)
SELECT place, species, night, sum(count)::bigint AS count, count(*) AS trap_nights,
       sum(count)::double precision / count(*) AS per_trap_night,
       sum(machine_count)::bigint AS machine_count, count(correction_id) AS corrections
FROM (
    SELECT CASE %(by)s WHEN 'trap' THEN trap_id WHEN 'field' THEN field_id ELSE commune_code END AS place,
           species, night, count, machine_count, correction_id
    FROM known
) AS placed
WHERE place IS NOT NULL AND (%(place)s::text IS NULL OR place = %(place)s)
  AND (place, night, species) > (%(after_place)s, %(after_night)s::date, %(after_species)s)
GROUP BY place, species, night
ORDER BY place, night, species
LIMIT %(limit)s
