-- begin --
-- All that an export holds is of one moment, however long it takes.
SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY

-- traps --
-- The traps an export goes through; of a field or a commune those that ever stood there.
SELECT t.trap_id
FROM trap t
WHERE t.org_id = %(org_id)s AND (%(trap_id)s::text IS NULL OR t.trap_id = %(trap_id)s)
  AND (%(field_id)s::text IS NULL AND %(commune_code)s::text IS NULL OR EXISTS (
      SELECT FROM deployment d JOIN field f ON f.field_id = d.field_id
      WHERE d.trap_id = t.trap_id AND f.org_id = %(org_id)s
        AND (%(field_id)s::text IS NULL OR f.field_id = %(field_id)s)
        AND (%(commune_code)s::text IS NULL OR f.commune_code = %(commune_code)s)))
ORDER BY t.trap_id

-- fields --
SELECT field_id
FROM field
WHERE org_id = %(org_id)s AND (%(field_id)s::text IS NULL OR field_id = %(field_id)s)
  AND (%(commune_code)s::text IS NULL OR commune_code = %(commune_code)s)
ORDER BY field_id

-- nights --
-- The axis is that of trap_night_state, cut before it is made. Each table is read once for these traps and nights and
-- then joined whole: the key of `catch` has the species before the night, so a look-up a night would read all nights.
-- Nothing more is expected of a night when it is over, no gap is open in it, and the trap has spoken since or has
-- overwritten it (docs/protocol.md: it keeps 30 days).
WITH span AS MATERIALIZED (
    SELECT t.trap_id, t.name, t.nominal_s, known.last_night AS spoken, night_of(now(), z.zone) AS tonight,
           coalesce((SELECT range_agg(daterange(g.first_night, g.last_night, '[]')) FROM gap g
                     WHERE g.trap_id = t.trap_id AND g.closed_at IS NULL), '{}') AS gaps,
           greatest(least(night_of(t.created_at, z.zone), known.first_night), %(first)s::date) AS first_night,
           least(greatest(known.last_night, night_of(z.at, z.zone)), %(last)s::date) AS last_night
    FROM trap t
    CROSS JOIN LATERAL (
        SELECT min(n.night) AS first_night, max(n.night) AS last_night FROM trap_night n WHERE n.trap_id = t.trap_id
    ) AS known
    CROSS JOIN LATERAL (
        SELECT e.at, trap_zone(t.trap_id, e.at) AS zone
        FROM (SELECT least(now(), t.retired_at - interval '1 second') AS at) AS e
    ) AS z
    WHERE t.org_id = %(org_id)s AND t.trap_id = ANY(%(ids)s::text[])
), effort AS MATERIALIZED (
    SELECT n.trap_id, n.night, n.lamp_s, n.readings FROM trap_night n
    WHERE n.trap_id = ANY(%(ids)s::text[]) AND n.night BETWEEN %(first)s::date AND %(last)s::date
), caught AS MATERIALIZED (
    SELECT c.trap_id, c.night, c.species, c.count, c.machine_count, c.correction_id, c.lamp_s FROM verified_catch c
    WHERE c.trap_id = ANY(%(ids)s::text[]) AND c.night BETWEEN %(first)s::date AND %(last)s::date
      AND (%(species)s::text IS NULL OR c.species = %(species)s)
), stood AS MATERIALIZED (
    SELECT d.trap_id, f.field_id, f.name, f.commune_code, f.time_zone,
           d.from_at AT TIME ZONE f.time_zone AS from_at, d.to_at AT TIME ZONE f.time_zone AS to_at
    FROM deployment d JOIN field f ON f.field_id = d.field_id
    WHERE d.trap_id = ANY(%(ids)s::text[]) AND f.org_id = %(org_id)s
), judged AS MATERIALIZED (
    SELECT DISTINCT ON (j.field_id, j.night, r.species)
           j.field_id, j.night, r.species, j.level, r.rule_id, r.version
    FROM alert_rule r
    JOIN judged_night j ON j.rule_id = r.rule_id
    JOIN field f ON f.field_id = j.field_id
    WHERE r.org_id = %(org_id)s AND j.field_id = ANY(ARRAY(SELECT s.field_id FROM stood s))
      AND j.night BETWEEN %(first)s::date AND %(last)s::date
    ORDER BY j.field_id, j.night, r.species,
             -- As the overview has it: one in force counts first, of these the most exact that is the field's.
             r.replaced_at IS NULL AND coalesce(r.commune_code <> f.commune_code, r.commune_code IS NOT NULL),
             r.replaced_at DESC NULLS FIRST, r.field_id IS NULL, r.commune_code IS NULL
)
SELECT a.trap_id, a.name, s.field_id, s.name, s.commune_code, a.night, coalesce(c.species, %(species)s::text),
       c.count, c.machine_count, CASE WHEN c.correction_id IS NOT NULL THEN c.count END, coalesce(c.lamp_s, n.lamp_s, 0), a.nominal_s,
       night_state(coalesce(n.lamp_s, 0), a.nominal_s, coalesce(n.readings, 0), a.night < a.tonight),
       a.night < a.tonight AND NOT a.night <@ a.gaps AND (a.spoken > a.night OR a.night < a.tonight - 30),
       j.level::int, j.rule_id, j.version, coalesce(s.time_zone, 'Asia/Ho_Chi_Minh')
FROM (
    SELECT span.*, step::date AS night
    FROM span CROSS JOIN LATERAL generate_series(span.first_night, span.last_night, interval '1 day') AS step
) AS a
LEFT JOIN effort n ON n.trap_id = a.trap_id AND n.night = a.night
LEFT JOIN caught c ON c.trap_id = a.trap_id AND c.night = a.night
LEFT JOIN stood s ON s.trap_id = a.trap_id AND s.from_at <= (a.night + 1)::timestamp AND s.to_at > (a.night + 1)::timestamp
LEFT JOIN judged j ON j.field_id = s.field_id AND j.night = a.night AND j.species = c.species
WHERE (%(field_id)s::text IS NULL OR s.field_id = %(field_id)s)
  AND (%(commune_code)s::text IS NULL OR s.commune_code = %(commune_code)s)
ORDER BY a.trap_id, a.night, c.species

-- readings --
-- Bounded by time too, by which readings are found; a night lies within these two days of UTC everywhere.
SELECT r.trap_id, t.name, f.field_id, f.name, f.commune_code, r.boot, r.seq, r.night, r.start_at, r.end_at, r.lamp_s,
       k.species, k.count, r.temperature_c, r.humidity_pct, r.rain_mm, r.wind_m_s, r.light_lx, r.battery_v, r.panel_v,
       r.signal_dbm, r.model_version, r.image_ref, r.received_at, coalesce(f.time_zone, 'Asia/Ho_Chi_Minh')
FROM trap t
JOIN reading r ON r.trap_id = t.trap_id
LEFT JOIN LATERAL (
    SELECT e.key AS species, e.value::bigint AS count FROM jsonb_each_text(r.counts) AS e
    WHERE %(species)s::text IS NULL OR e.key = %(species)s
) AS k ON true
LEFT JOIN (deployment d JOIN field f ON f.field_id = d.field_id AND f.org_id = %(org_id)s)
    ON d.trap_id = r.trap_id AND d.from_at <= r.start_at AND r.start_at < d.to_at
WHERE t.org_id = %(org_id)s AND t.trap_id = ANY(%(ids)s::text[])
  AND r.trap_id = ANY(%(ids)s::text[]) AND r.night BETWEEN %(first)s::date AND %(last)s::date
  AND r.start_at >= %(first)s::date::timestamp - interval '2 days'
  AND r.start_at < %(last)s::date::timestamp + interval '3 days'
  AND (%(field_id)s::text IS NULL OR f.field_id = %(field_id)s)
  AND (%(commune_code)s::text IS NULL OR f.commune_code = %(commune_code)s)
  AND (%(species)s::text IS NULL OR k.species IS NOT NULL)
ORDER BY r.trap_id, r.start_at, r.boot, r.seq, k.species

-- field_nights --
-- What the rules make of the nights of fields; of a night that several judged, the word that the overview has.
SELECT field_id, name, commune_code, night, species, value, traps, level, is_valid, is_final, rule_id, version,
       is_proposal, watch, warning, alarm, time_zone, boundary
FROM (
    SELECT f.field_id, f.name, f.commune_code, j.night, r.species, j.value, j.traps, j.level::int AS level, j.is_valid,
           j.is_final, r.rule_id, r.version, r.is_proposal, r.watch, r.warning, r.alarm, f.time_zone, f.boundary,
           row_number() OVER (
               PARTITION BY f.field_id, r.species, j.night
               ORDER BY r.replaced_at IS NULL AND coalesce(r.commune_code <> f.commune_code, r.commune_code IS NOT NULL),
                        r.replaced_at DESC NULLS FIRST, r.field_id IS NULL, r.commune_code IS NULL) AS place,
           max(j.night) OVER (PARTITION BY f.field_id, r.species) AS last_night
    FROM alert_rule r
    JOIN judged_night j ON j.rule_id = r.rule_id
    JOIN field f ON f.field_id = j.field_id
    WHERE r.org_id = %(org_id)s AND f.org_id = %(org_id)s AND j.field_id = ANY(%(ids)s::text[])
      AND j.night BETWEEN %(first)s::date AND %(last)s::date
      AND (%(species)s::text IS NULL OR r.species = %(species)s)
) AS judged
WHERE place = 1 AND (NOT %(latest)s OR night = last_night)
ORDER BY field_id, night, species

-- alerts --
SELECT a.alert_id, a.kind, a.species, a.fault, a.field_id, f.name, f.commune_code, a.trap_id, a.state, a.level::int,
       a.highest::int, a.opened_night, a.cleared_night, a.raised_at, a.cleared_at, a.acknowledged_at, a.acknowledged_by,
       a.assignee, r.rule_id, r.version, r.is_proposal, r.watch, r.warning, r.alarm,
       coalesce(f.time_zone, trap_zone(a.trap_id, a.raised_at))
FROM alert a
LEFT JOIN field f ON f.field_id = a.field_id AND f.org_id = a.org_id
LEFT JOIN alert_rule r ON r.rule_id = a.rule_id
WHERE a.org_id = %(org_id)s AND a.opened_night BETWEEN %(first)s::date AND %(last)s::date
  AND (%(trap_id)s::text IS NULL OR a.trap_id = %(trap_id)s)
  AND (%(field_id)s::text IS NULL OR a.field_id = %(field_id)s)
  AND (%(commune_code)s::text IS NULL OR f.commune_code = %(commune_code)s)
  AND (%(species)s::text IS NULL OR a.species = %(species)s)
ORDER BY a.alert_id

-- corrections --
SELECT v.correction_id, v.trap_id, t.name, f.field_id, f.name, f.commune_code, v.night, v.species, v.count,
       v.machine_count, v.reason, v.author, v.at, v.ended_at, v.ended_by, v.ended_reason,
       coalesce(f.time_zone, 'Asia/Ho_Chi_Minh')
FROM correction v
JOIN trap t ON t.trap_id = v.trap_id
LEFT JOIN (deployment d JOIN field f ON f.field_id = d.field_id AND f.org_id = %(org_id)s)
    ON d.trap_id = v.trap_id AND d.from_at <= (v.night + 1)::timestamp AT TIME ZONE f.time_zone
    AND d.to_at > (v.night + 1)::timestamp AT TIME ZONE f.time_zone
WHERE t.org_id = %(org_id)s AND v.night BETWEEN %(first)s::date AND %(last)s::date
  AND (%(trap_id)s::text IS NULL OR v.trap_id = %(trap_id)s)
  AND (%(field_id)s::text IS NULL OR f.field_id = %(field_id)s)
  AND (%(commune_code)s::text IS NULL OR f.commune_code = %(commune_code)s)
  AND (%(species)s::text IS NULL OR v.species = %(species)s)
ORDER BY v.correction_id

-- deliveries --
-- Neither names nor texts: whose a message was is kept by number, and a text holds a link that opens a farmer's page.
SELECT d.delivery_id, d.alert_id, e.event_id, e.word, e.level::int, e.night, a.species, a.field_id, a.trap_id,
       d.recipient_id, r.kind, d.channel, d.state, d.reason, d.segments::int, d.attempts, d.created_at, d.sent_at,
       d.finished_at, r.time_zone
FROM alert a
JOIN alert_event e ON e.alert_id = a.alert_id
JOIN delivery d ON d.event_id = e.event_id
JOIN recipient r ON r.recipient_id = d.recipient_id
LEFT JOIN field f ON f.field_id = a.field_id AND f.org_id = a.org_id
WHERE a.org_id = %(org_id)s AND e.night BETWEEN %(first)s::date AND %(last)s::date
  AND (%(trap_id)s::text IS NULL OR a.trap_id = %(trap_id)s)
  AND (%(field_id)s::text IS NULL OR a.field_id = %(field_id)s)
  AND (%(commune_code)s::text IS NULL OR f.commune_code = %(commune_code)s)
  AND (%(species)s::text IS NULL OR a.species = %(species)s)
ORDER BY d.delivery_id
