-- last_night --
-- The last night whose planned lamp hours are behind it in every field of the org: it turns at six in the morning.
SELECT coalesce(min(night_of(now() - interval '18 hours', zone.time_zone)),
                night_of(now() - interval '18 hours', 'Asia/Ho_Chi_Minh'))
FROM (SELECT DISTINCT time_zone FROM field WHERE org_id = %(org_id)s) AS zone

-- field_nights --
-- One night of every field: what its rules say of it, under the species that is worst there, and how its traps are. A
-- night may have been judged by several versions of a rule: one in force counts first, of these the most exact. The line
-- without a field is of the traps that stood in none. With a limit, only so many fields, those that are worst. OFFSET 0
-- keeps the order of the joins, a look-up by key for each field and trap; judgements are sorted by a field's line, for a
-- number is compared faster than its id.
WITH here AS MATERIALIZED (
    SELECT row_number() OVER ()::integer AS line, f.field_id, f.name, f.commune_code, f.point,
           %(night)s::date < night_of(now(), f.time_zone) AS is_over,
           (%(night)s::date + 1)::timestamp AT TIME ZONE f.time_zone AS midnight
    FROM field f WHERE f.org_id = %(org_id)s
), rule AS MATERIALIZED (
    SELECT rule_id, species, version, commune_code, replaced_at IS NULL AS in_force,
           row_number() OVER (ORDER BY replaced_at DESC NULLS FIRST, field_id IS NULL, commune_code IS NULL) AS place,
           dense_rank() OVER (ORDER BY species) AS number,
           ARRAY[least(watch, warning, alarm, floor), coalesce(watch, floor), warning, alarm] AS thresholds
    FROM alert_rule
    WHERE org_id = %(org_id)s AND (%(species)s::text IS NULL OR species = %(species)s)
), said AS MATERIALIZED (
    SELECT f.line, f.commune_code, j.rule_id, j.value, j.level, j.is_final, j.is_valid
    FROM here f
    CROSS JOIN LATERAL (
        SELECT * FROM judged_night j WHERE j.field_id = f.field_id AND j.night = %(night)s::date OFFSET 0
    ) AS j
), ruled AS (
    SELECT DISTINCT ON (s.line, r.number)
           s.line, r.number, r.rule_id, s.value, s.is_final, r.thresholds[s.level + 1] AS threshold,
           CASE WHEN s.level > 0 OR s.is_valid THEN s.level END AS level
    FROM said s JOIN rule r ON r.rule_id = s.rule_id
    ORDER BY s.line, r.number,
             r.in_force AND coalesce(r.commune_code <> s.commune_code, r.commune_code IS NOT NULL), r.place
), worst AS (
    SELECT DISTINCT ON (line) * FROM ruled
    ORDER BY line, level DESC NULLS LAST, value / threshold DESC NULLS LAST, number
), judged AS MATERIALIZED (
    SELECT f.field_id, w.rule_id, w.value, w.level, w.threshold, w.is_final, r.species, r.version AS rule_version
    FROM worst w JOIN rule r ON r.rule_id = w.rule_id JOIN here f ON f.line = w.line
    ORDER BY w.level DESC NULLS LAST, w.value / w.threshold DESC NULLS LAST, f.field_id
    LIMIT %(limit)s::bigint
), stood AS (
    SELECT f.field_id, t.trap_id, c.count, n.readings,
           night_state(coalesce(n.lamp_s, 0), t.nominal_s, coalesce(n.readings, 0), z.is_over) AS state
    FROM trap t
    LEFT JOIN (deployment d JOIN here f ON f.field_id = d.field_id)
        ON d.trap_id = t.trap_id AND d.from_at <= f.midnight AND d.to_at > f.midnight
    LEFT JOIN judged j ON j.field_id = f.field_id
    CROSS JOIN LATERAL (
        SELECT coalesce(f.is_over, %(night)s::date < night_of(now(), 'Asia/Ho_Chi_Minh')) AS is_over,
               coalesce(f.midnight, (%(night)s::date + 1)::timestamp AT TIME ZONE 'Asia/Ho_Chi_Minh') AS midnight
    ) AS z
    LEFT JOIN LATERAL (
        SELECT n.lamp_s, n.readings FROM trap_night n
        WHERE n.trap_id = t.trap_id AND n.night = %(night)s::date OFFSET 0
    ) AS n ON true
    LEFT JOIN LATERAL (
        SELECT c.count FROM verified_catch c
        WHERE c.trap_id = t.trap_id AND c.species = coalesce(j.species, %(species)s) AND c.night = %(night)s::date
        OFFSET 0
    ) AS c ON true
    WHERE t.org_id = %(org_id)s AND t.in_service_from <= z.midnight AND t.retired_at > z.midnight
      AND (%(limit)s::bigint IS NULL OR j.field_id IS NOT NULL)
), traps AS (
    SELECT field_id, count(*) AS traps, count(*) FILTER (WHERE readings > 0) AS reported,
           count(*) FILTER (WHERE state = 'complete') AS complete,
           count(*) FILTER (WHERE state = 'partial') AS partial, count(*) FILTER (WHERE state = 'lost') AS lost,
           count(*) FILTER (WHERE state = 'silent') AS silent, count(*) FILTER (WHERE state = 'pending') AS pending,
           max(count) AS highest, (array_agg(trap_id ORDER BY count DESC NULLS LAST, trap_id))[1] AS highest_trap_id
    FROM stood GROUP BY field_id
)
SELECT f.field_id, f.name, f.commune_code, f.point, coalesce(j.species, %(species)s) AS species, j.value, j.level,
       j.rule_id, j.rule_version, j.threshold, coalesce(j.is_final, f.is_over) AS is_final,
       coalesce(t.traps, 0) AS traps, coalesce(t.reported, 0) AS reported, coalesce(t.complete, 0) AS complete,
       coalesce(t.partial, 0) AS partial, coalesce(t.lost, 0) AS lost, coalesce(t.silent, 0) AS silent,
       coalesce(t.pending, 0) AS pending,
       t.highest, CASE WHEN t.highest IS NOT NULL THEN t.highest_trap_id END AS highest_trap_id
FROM here f
LEFT JOIN judged j ON j.field_id = f.field_id
FULL JOIN traps t ON t.field_id = f.field_id
WHERE %(limit)s::bigint IS NULL OR j.field_id IS NOT NULL
ORDER BY f.field_id

-- figures --
SELECT (SELECT max(newest.last_at)
        FROM trap t
        CROSS JOIN LATERAL (
            SELECT n.last_at FROM trap_night n WHERE n.trap_id = t.trap_id ORDER BY n.night DESC LIMIT 1) AS newest
        WHERE t.org_id = %(org_id)s) AS newest_at,
       (SELECT count(*) FROM alert a WHERE a.org_id = %(org_id)s AND a.state = 'active') AS open_alerts

-- strips --
-- What the rules make of some nights of some fields, each under one species; a night that nothing is known of is a line
-- without a level.
SELECT p.field_id, step::date AS night, j.value, j.level, coalesce(j.is_final, false) AS is_final
FROM unnest(%(field_ids)s::text[], %(species)s::text[]) WITH ORDINALITY AS p (field_id, species, place)
JOIN field f ON f.field_id = p.field_id AND f.org_id = %(org_id)s
CROSS JOIN generate_series(%(first)s::date, %(last)s::date, interval '1 day') AS step
LEFT JOIN LATERAL (
    SELECT j.value, j.is_final, CASE WHEN j.level > 0 OR j.is_valid THEN j.level END AS level
    FROM judged_night j JOIN alert_rule r ON r.rule_id = j.rule_id
    WHERE j.field_id = p.field_id AND j.night = step::date AND r.org_id = f.org_id AND r.species = p.species
    ORDER BY r.replaced_at IS NULL AND coalesce(r.commune_code <> f.commune_code, r.commune_code IS NOT NULL),
             r.replaced_at DESC NULLS FIRST, r.field_id IS NULL, r.commune_code IS NULL
    LIMIT 1
) AS j ON true
ORDER BY p.place, step

-- levels --
-- How many fields are at each level in each of some nights, under the species that is worst in each. A field that is not
-- judged in a night, or without a level, is counted with none; of fields as they are now.
WITH rule AS MATERIALIZED (
    SELECT rule_id, commune_code, replaced_at IS NULL AS in_force, dense_rank() OVER (ORDER BY species) AS number,
           row_number() OVER (ORDER BY replaced_at DESC NULLS FIRST, field_id IS NULL, commune_code IS NULL) AS place
    FROM alert_rule WHERE org_id = %(org_id)s
), ruled AS (
    SELECT DISTINCT ON (j.night, f.field_id, r.number)
           j.night, f.field_id, j.is_final, CASE WHEN j.level > 0 OR j.is_valid THEN j.level END AS level
    FROM field f
    JOIN judged_night j ON j.field_id = f.field_id AND j.night BETWEEN %(first)s::date AND %(last)s::date
    JOIN rule r ON r.rule_id = j.rule_id
    WHERE f.org_id = %(org_id)s
    ORDER BY j.night, f.field_id, r.number,
             r.in_force AND coalesce(r.commune_code <> f.commune_code, r.commune_code IS NOT NULL), r.place
), worst AS (
    SELECT night, field_id, max(level) AS level, bool_and(is_final) AS is_final FROM ruled GROUP BY night, field_id
)
SELECT step::date AS night, count(*) FILTER (WHERE w.level = 0) AS none, count(*) FILTER (WHERE w.level = 1) AS watch,
       count(*) FILTER (WHERE w.level = 2) AS warning, count(*) FILTER (WHERE w.level = 3) AS alarm,
       (SELECT count(*) FROM field f WHERE f.org_id = %(org_id)s) - count(w.level) AS unknown,
       coalesce(bool_and(w.is_final), true) AND step < night_of(now(), 'Asia/Ho_Chi_Minh') AS is_final
FROM generate_series(%(first)s::date, %(last)s::date, interval '1 day') AS step
LEFT JOIN worst w ON w.night = step::date
GROUP BY step
ORDER BY step
