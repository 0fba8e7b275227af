-- field_tonight --
SELECT night_of(now(), time_zone) - '1970-01-01'::date FROM field
WHERE field_id = %(field_id)s AND org_id = %(org_id)s

-- trap_tonight --
SELECT night_of(now(), trap_zone(trap_id, least(now(), retired_at - interval '1 second'))) - '1970-01-01'::date
FROM trap
WHERE trap_id = %(trap_id)s AND org_id = %(org_id)s

-- traps_of_field --
-- Those that stood there at the midnight of one of these nights.
SELECT t.trap_id
FROM trap t
WHERE t.org_id = %(org_id)s AND EXISTS (
    SELECT FROM deployment d JOIN field f ON f.field_id = d.field_id
    WHERE d.trap_id = t.trap_id AND d.field_id = %(field_id)s
      AND d.from_at <= (%(last)s::date + 1)::timestamp AT TIME ZONE f.time_zone
      AND d.to_at > (%(first)s::date + 1)::timestamp AT TIME ZONE f.time_zone)
ORDER BY t.trap_id

-- nights_of_traps --
-- A line a trap: its settings, and its nights as trap_night_state has them, cut before they are made. Of a field, only
-- nights at whose midnight the trap stood there. OFFSET 0 keeps the order of the joins, a look-up a night.
SELECT t.trap_id, t.name, t.nominal_s, max(n.last_at),
       coalesce(array_agg(a.night - '1970-01-01'::date ORDER BY a.night) FILTER (WHERE a.night IS NOT NULL), '{}'),
       array_agg(coalesce(n.lamp_s, 0) ORDER BY a.night),
       array_agg(night_state(coalesce(n.lamp_s, 0), t.nominal_s, coalesce(n.readings, 0), a.night < s.tonight)
                 ORDER BY a.night),
       array_agg(n.rain_um / 1000.0::double precision ORDER BY a.night),
       array_agg(n.temperature_min_c ORDER BY a.night), array_agg(n.temperature_max_c ORDER BY a.night)
FROM trap t
CROSS JOIN LATERAL (
    SELECT min(n.night) AS first_night, max(n.night) AS last_night FROM trap_night n WHERE n.trap_id = t.trap_id
) AS k
CROSS JOIN LATERAL (
    SELECT z.zone, night_of(now(), z.zone) AS tonight,
           least(night_of(t.created_at, z.zone), k.first_night) AS first_night,
           greatest(k.last_night, night_of(least(now(), t.retired_at - interval '1 second'), z.zone)) AS last_night
    FROM trap_zone(t.trap_id, least(now(), t.retired_at - interval '1 second')) AS z (zone)
) AS s
LEFT JOIN LATERAL (
    SELECT step::date AS night
    FROM generate_series(
        greatest(s.first_night, %(first)s::date), least(s.last_night, %(last)s::date), interval '1 day') AS step
    WHERE %(field_id)s::text IS NULL OR EXISTS (
        SELECT FROM deployment d
        WHERE d.trap_id = t.trap_id AND d.field_id = %(field_id)s
          AND d.from_at <= (step::date + 1)::timestamp AT TIME ZONE s.zone
          AND d.to_at > (step::date + 1)::timestamp AT TIME ZONE s.zone)
) AS a ON true
LEFT JOIN LATERAL (SELECT * FROM trap_night n WHERE n.trap_id = t.trap_id AND n.night = a.night OFFSET 0) AS n ON true
WHERE t.trap_id = ANY(%(trap_ids)s::text[])
GROUP BY t.trap_id
ORDER BY t.trap_id

-- counts_of_traps --
-- A line a trap: all its counts of a species from some night on, of readings and of old records as catch_history has
-- them; without the nights at whose midnight the trap is known to have stood in another field than the one named.
WITH counted AS (
    SELECT trap_id, night, count, machine_count, correction_id, lamp_s
    FROM verified_catch
    WHERE species = %(species)s AND trap_id = ANY(%(trap_ids)s::text[]) AND night BETWEEN %(first)s AND %(last)s
), history AS (
    SELECT c.trap_id, c.night, c.count, c.machine_count, c.correction_id, 1 AS over, c.lamp_s, t.nominal_s, false AS is_manual
    FROM counted c JOIN trap t ON t.trap_id = c.trap_id
    UNION ALL
    SELECT m.trap_id, m.night, m.count, NULL, NULL, m.nights, m.nominal_s::bigint * m.nights, m.nominal_s, true
    FROM manual_night m
    WHERE m.species = %(species)s AND m.trap_id = ANY(%(trap_ids)s::text[]) AND m.org_id = %(org_id)s
      AND m.night BETWEEN %(first)s AND %(last)s
      AND NOT EXISTS (SELECT FROM counted c
                      WHERE c.trap_id = m.trap_id AND c.night > m.night - m.nights AND c.night <= m.night)
), elsewhere AS (
    SELECT d.trap_id, ((d.from_at AT TIME ZONE f.time_zone) - interval '1 microsecond')::date AS from_night,
           ((d.to_at AT TIME ZONE f.time_zone) - interval '1 microsecond')::date AS before_night
    FROM unnest(%(trap_ids)s::text[], %(field_ids)s::text[]) AS w (trap_id, field_id)
    JOIN deployment d ON d.trap_id = w.trap_id AND d.field_id <> w.field_id
    JOIN field f ON f.field_id = d.field_id
)
SELECT h.trap_id, array_agg(h.night - '1970-01-01'::date ORDER BY h.night), array_agg(h.count ORDER BY h.night),
       array_agg(coalesce(h.machine_count, 0) ORDER BY h.night),
       array_agg(coalesce(h.correction_id, 0) ORDER BY h.night), array_agg(h.over ORDER BY h.night),
       array_agg(h.lamp_s ORDER BY h.night), array_agg(h.nominal_s ORDER BY h.night),
       array_agg(h.is_manual ORDER BY h.night)
FROM history h
WHERE NOT EXISTS (SELECT FROM elsewhere e
                  WHERE e.trap_id = h.trap_id AND h.night >= e.from_night AND h.night < e.before_night)
GROUP BY h.trap_id

-- judged_nights --
-- One judgement a night: that of the rule in force now, else of the newest that judged it.
SELECT DISTINCT ON (j.night)
       j.night - '1970-01-01'::date, j.rule_id, j.value, j.level, j.is_valid, j.is_final
FROM (SELECT best_rule(%(field_id)s, %(species)s) AS rule_id) AS b
CROSS JOIN alert_rule r
CROSS JOIN LATERAL (
    SELECT * FROM judged_night j
    WHERE j.rule_id = r.rule_id AND j.field_id = %(field_id)s AND j.night BETWEEN %(first)s AND %(last)s OFFSET 0
) AS j
WHERE r.org_id = %(org_id)s AND r.kind = 'catch' AND r.species = %(species)s
ORDER BY j.night, j.rule_id = b.rule_id DESC, j.rule_id DESC

-- rules_of_field --
-- The rule that judges a field now, and those that judged a night of the span.
SELECT r.rule_id, r.field_id, r.commune_code, r.watch, r.warning, r.alarm, r.floor, r.jump_ratio, r.trend_ratio,
       r.is_proposal, r.version, r.author, r.created_at, r.rule_id = b.rule_id AS is_in_force
FROM (SELECT best_rule(%(field_id)s, %(species)s) AS rule_id) AS b
JOIN alert_rule r ON r.org_id = %(org_id)s AND r.kind = 'catch' AND r.species = %(species)s
WHERE r.rule_id = b.rule_id OR EXISTS (
    SELECT FROM judged_night j
    WHERE j.rule_id = r.rule_id AND j.field_id = %(field_id)s AND j.night BETWEEN %(first)s AND %(last)s)
ORDER BY r.rule_id = b.rule_id DESC, r.rule_id DESC

-- field_of_trap --
SELECT d.field_id FROM deployment d WHERE d.trap_id = %(trap_id)s AND d.to_at = 'infinity'

-- page_traps --
-- Traps in service now, where they stand, and their last night that is over, or complete though it goes on.
SELECT t.trap_id, t.name, t.nominal_s, d.field_id, f.commune_code,
       z.tonight - '1970-01-01'::date
           - CASE night_state(coalesce(n.lamp_s, 0), t.nominal_s, coalesce(n.readings, 0), false)
                  WHEN 'complete' THEN 0 ELSE 1 END
FROM trap t
LEFT JOIN deployment d ON d.trap_id = t.trap_id AND d.to_at = 'infinity'
LEFT JOIN field f ON f.field_id = d.field_id
CROSS JOIN LATERAL (SELECT night_of(now(), coalesce(f.time_zone, 'Asia/Ho_Chi_Minh')) AS tonight) AS z
LEFT JOIN LATERAL (
    SELECT n.lamp_s, n.readings FROM trap_night n WHERE n.trap_id = t.trap_id AND n.night = z.tonight OFFSET 0
) AS n ON true
WHERE t.org_id = %(org_id)s AND t.trap_id > %(after)s AND t.retired_at > now()
  AND (%(commune_code)s::text IS NULL OR f.commune_code = %(commune_code)s)
ORDER BY t.trap_id
LIMIT %(limit)s
