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
SELECT t.trap_id, t.name, t.nominal_s, a.*
FROM trap t
CROSS JOIN LATERAL (
    SELECT min(n.night) AS first_night, max(n.night) AS last_night FROM trap_night n WHERE n.trap_id = t.trap_id
) AS k
CROSS JOIN LATERAL (
    SELECT night_of(now(), z.zone) AS tonight,
           greatest(least(night_of(t.created_at, z.zone), k.first_night), %(first)s::date) AS first_night,
           least(greatest(k.last_night, night_of(least(now(), t.retired_at - interval '1 second'), z.zone)),
                 %(last)s::date) AS last_night
    FROM trap_zone(t.trap_id, least(now(), t.retired_at - interval '1 second')) AS z (zone)
) AS s
CROSS JOIN LATERAL (
    SELECT range_agg(daterange(
               ((d.from_at AT TIME ZONE f.time_zone) - interval '1 microsecond')::date,
               ((d.to_at AT TIME ZONE f.time_zone) - interval '1 microsecond')::date)) AS here
    FROM deployment d JOIN field f ON f.field_id = d.field_id
    WHERE d.trap_id = t.trap_id AND d.field_id = %(field_id)s
) AS o
CROSS JOIN LATERAL (
    SELECT max(n.last_at), array_agg(x.night - '1970-01-01'::date),
           array_agg(coalesce(n.lamp_s, 0)),
           array_agg(night_state(coalesce(n.lamp_s, 0), t.nominal_s, coalesce(n.readings, 0), x.night < s.tonight)),
           array_agg(n.rain_um / 1000.0::double precision), array_agg(n.temperature_min_c),
           array_agg(n.temperature_max_c)
    FROM (SELECT step::date AS night FROM generate_series(s.first_night, s.last_night, interval '1 day') AS step) AS x
    LEFT JOIN LATERAL (
        SELECT * FROM trap_night n WHERE n.trap_id = t.trap_id AND n.night = x.night OFFSET 0
    ) AS n ON true
    WHERE %(field_id)s::text IS NULL OR x.night <@ o.here
) AS a
WHERE t.trap_id = ANY(%(trap_ids)s::text[])
ORDER BY t.trap_id

-- counts_of_traps --
-- A line a trap: all its counts of a species in a span, of readings and of old records as catch_history has them, in no
-- order; without the nights at whose midnight it is known to have stood in another field than the one named. Trap by
-- trap, for together they would be sorted on disk.
SELECT w.trap_id, h.*
FROM unnest(%(trap_ids)s::text[], %(field_ids)s::text[]) AS w (trap_id, field_id)
JOIN trap t ON t.trap_id = w.trap_id AND t.org_id = %(org_id)s
CROSS JOIN LATERAL (
    SELECT coalesce(range_agg(daterange(
               ((d.from_at AT TIME ZONE f.time_zone) - interval '1 microsecond')::date,
               ((d.to_at AT TIME ZONE f.time_zone) - interval '1 microsecond')::date)), '{}') AS elsewhere
    FROM deployment d JOIN field f ON f.field_id = d.field_id
    WHERE d.trap_id = w.trap_id AND d.field_id <> w.field_id
) AS o
CROSS JOIN LATERAL (
    SELECT array_agg(n.night - '1970-01-01'::date) AS nights, array_agg(n.count), array_agg(n.machine_count),
           array_agg(n.correction_id), array_agg(n.over), array_agg(n.lamp_s), array_agg(n.nominal_s),
           array_agg(n.is_manual)
    FROM (
        SELECT c.night, c.count, c.machine_count, coalesce(c.correction_id, 0) AS correction_id, 1 AS over, c.lamp_s,
               t.nominal_s, false AS is_manual
        FROM verified_catch c
        WHERE c.trap_id = w.trap_id AND c.species = %(species)s AND c.night BETWEEN %(first)s AND %(last)s
        UNION ALL
        SELECT m.night, m.count, 0, 0, m.nights, m.nominal_s::bigint * m.nights, m.nominal_s, true
        FROM manual_night m
        WHERE m.trap_id = w.trap_id AND m.species = %(species)s AND m.org_id = %(org_id)s
          AND m.night BETWEEN %(first)s AND %(last)s
          AND NOT EXISTS (SELECT FROM catch c WHERE c.trap_id = m.trap_id AND c.species = m.species
                          AND c.night > m.night - m.nights AND c.night <= m.night)
    ) AS n
    WHERE NOT n.night <@ o.elsewhere
) AS h
WHERE h.nights IS NOT NULL

-- judged_nights --
-- One judgement a night: that of the rule in force now, else of the newest that judged it. The first OFFSET 0 has the
-- rule looked for once, and not again for each night.
SELECT DISTINCT ON (j.night)
       j.night - '1970-01-01'::date, j.rule_id, j.value, j.level, j.is_valid, j.is_final
FROM (SELECT best_rule(%(field_id)s, %(species)s) AS rule_id OFFSET 0) AS b
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
FROM (SELECT best_rule(%(field_id)s, %(species)s) AS rule_id OFFSET 0) AS b
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
