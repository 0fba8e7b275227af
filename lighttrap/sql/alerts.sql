-- touch_fresh --
-- The nights that the batch added to. A further round of the batch may touch them again.
INSERT INTO touched (field_id, night)
SELECT DISTINCT s.field_id, s.night
FROM stage s
JOIN field f ON f.field_id = s.field_id
WHERE s.fate = 'fresh'
  AND EXISTS (SELECT FROM alert_rule r WHERE r.org_id = f.org_id AND r.kind = 'catch' AND r.replaced_at IS NULL)
ON CONFLICT DO NOTHING

-- touch_trap_night --
-- The night of the field where the trap stood that midnight, which is the one that counts it.
INSERT INTO touched (field_id, night)
SELECT d.field_id, %(night)s::date
FROM deployment d
JOIN field f ON f.field_id = d.field_id
WHERE d.trap_id = %(trap_id)s
  AND d.from_at <= (%(night)s::date + 1)::timestamp AT TIME ZONE f.time_zone
  AND d.to_at > (%(night)s::date + 1)::timestamp AT TIME ZONE f.time_zone
ON CONFLICT DO NOTHING

-- touch_over --
-- Nights that were judged while they were going on, are over, and have not changed for a while: a trap that was cut
-- off sends its night in pieces.
INSERT INTO touched (field_id, night)
SELECT j.field_id, j.night
FROM judged_night j
JOIN alert_rule r ON r.rule_id = j.rule_id AND r.replaced_at IS NULL
JOIN field f ON f.field_id = j.field_id
WHERE NOT j.is_final AND j.night < night_of(now(), f.time_zone)
  AND j.changed_at <= now() - make_interval(secs => %(quiet_s)s)
  AND (%(org_id)s::text IS NULL OR f.org_id = %(org_id)s)
ORDER BY j.night, j.field_id
LIMIT %(limit)s
ON CONFLICT DO NOTHING

-- end_over --
-- What no rule speaks of any more, for another one has taken the field over.
UPDATE judged_night j SET is_final = true
FROM touched t WHERE j.field_id = t.field_id AND j.night = t.night AND NOT j.is_final

-- fields_of --
SELECT field_id FROM field WHERE org_id = %(org_id)s ORDER BY field_id

-- touch_fields --
-- The last nights of some fields, and those of alerts that began before, for rules that changed.
INSERT INTO touched (field_id, night)
SELECT DISTINCT w.field_id, n.night
FROM unnest(%(field_ids)s::text[]) AS w (field_id)
CROSS JOIN LATERAL (
    SELECT least(current_date - %(nights)s::int, min(a.opened_night)) AS since
    FROM alert a WHERE a.field_id = w.field_id AND a.state = 'active'
) AS b
JOIN deployment d ON d.field_id = w.field_id
JOIN trap_night n ON n.trap_id = d.trap_id AND n.night >= b.since
ON CONFLICT DO NOTHING

-- lock_org --
-- Before any alert is touched, in the order in which ingest locks them: a rule changes between batches, not in one.
SELECT FROM field WHERE org_id = %(org_id)s ORDER BY field_id FOR NO KEY UPDATE

-- lock_places --
-- In one order, so that two writers cannot deadlock; what is judged next is judged on what both have stored.
SELECT FROM field WHERE field_id IN (SELECT field_id FROM touched) ORDER BY field_id FOR NO KEY UPDATE

-- value_nights --
-- The catch of each touched night under the one rule that fits its field best: that of the field, its commune, its org.
-- OFFSET 0 keeps the order of the joins, from the touched nights by index to their traps: without statistics yet the
-- planner took another, and 44 seconds for 4,000 nights.
WITH asked AS MATERIALIZED (
    SELECT DISTINCT ON (t.field_id, t.night, r.species)
           r.rule_id, r.species, r.min_lamp_s, t.field_id, t.night,
           %(ended)s AND t.night < night_of(now(), f.time_zone) AS is_over,
           (t.night + 1)::timestamp AT TIME ZONE f.time_zone AS midnight
    FROM touched t
    JOIN field f ON f.field_id = t.field_id
    JOIN alert_rule r ON r.org_id = f.org_id AND r.kind = 'catch' AND r.replaced_at IS NULL
        AND (r.field_id IS NULL OR r.field_id = f.field_id)
        AND (r.commune_code IS NULL OR r.commune_code = f.commune_code)
    ORDER BY t.field_id, t.night, r.species, r.field_id IS NULL, r.commune_code IS NULL
), of_trap AS (
    -- A lost night has no value. While a night goes on, a trap that has not spoken yet and did lately counts as zero,
    -- so that the first one to speak does not speak for all.
    SELECT a.rule_id, a.field_id, a.night, coalesce(e.is_valid, false) AS is_valid,
           coalesce(e.is_final, a.is_over) AS is_final,
           CASE WHEN e.is_final AND NOT e.is_valid OR c.count IS NULL AND a.is_over THEN NULL
                WHEN c.count IS NULL OR NOT e.is_enough THEN 0
                WHEN e.is_final AND e.lamp_s < e.nominal_s THEN c.count * e.nominal_s::double precision / e.lamp_s
                ELSE c.count END AS value,
           CASE WHEN e.is_enough THEN c.count END AS counted
    FROM asked a
    CROSS JOIN LATERAL (
        SELECT d.trap_id FROM deployment d
        WHERE d.field_id = a.field_id AND d.from_at <= a.midnight AND d.to_at > a.midnight OFFSET 0
    ) AS d
    LEFT JOIN LATERAL (
        SELECT t.nominal_s, n.lamp_s, n.lamp_s >= a.min_lamp_s AS is_enough,
               n.lamp_s > 0 AND n.lamp_s * 2 >= t.nominal_s AND n.lamp_s >= a.min_lamp_s AS is_valid,
               a.is_over OR n.lamp_s * 5 >= t.nominal_s::bigint * 4 AS is_final
        FROM trap_night n JOIN trap t ON t.trap_id = n.trap_id
        WHERE n.trap_id = d.trap_id AND n.night = a.night OFFSET 0
    ) AS e ON true
    LEFT JOIN LATERAL (
        SELECT c.count FROM verified_catch c
        WHERE c.trap_id = d.trap_id AND c.species = a.species AND c.night = a.night OFFSET 0
    ) AS c ON true
    WHERE c.count IS NOT NULL
       OR EXISTS (SELECT FROM catch h WHERE h.trap_id = d.trap_id AND h.species = a.species
                  AND h.night BETWEEN a.night - 2 AND a.night - 1 OFFSET 0)
    UNION ALL
    -- What was judged and has nothing behind it any more, as when a trap was moved.
    SELECT a.rule_id, a.field_id, a.night, false, NULL, NULL, NULL
    FROM asked a
    WHERE EXISTS (SELECT FROM judged_night j
                  WHERE j.rule_id = a.rule_id AND j.field_id = a.field_id AND j.night = a.night OFFSET 0)
)
INSERT INTO judged_night (rule_id, field_id, night, value, traps, is_valid, is_final)
SELECT rule_id, field_id, night,
       -- Of a lost night it is known that it had what was counted; so it raises by that, and clears nothing.
       coalesce(percentile_cont(0.5) WITHIN GROUP (ORDER BY value),
                percentile_cont(0.5) WITHIN GROUP (ORDER BY counted)),
       count(value), bool_or(is_valid), coalesce(bool_and(is_final), true)
FROM of_trap
GROUP BY rule_id, field_id, night
ORDER BY rule_id, field_id, night
ON CONFLICT (rule_id, field_id, night) DO UPDATE SET
    value = excluded.value, traps = excluded.traps, is_valid = excluded.is_valid, is_final = excluded.is_final,
    changed_at = now()
WHERE (judged_night.value, judged_night.traps, judged_night.is_valid, judged_night.is_final)
      IS DISTINCT FROM (excluded.value, excluded.traps, excluded.is_valid, excluded.is_final)

-- level_nights --
-- Gives the touched nights their level, and those after them whose base they are part of. Returns the places whose
-- episodes may change, with the first night that did.
WITH asked AS MATERIALIZED (
    SELECT DISTINCT r.rule_id, t.field_id, j.night, j.value, j.is_valid, j.is_final, j.level, j.calm,
           r.watch, r.warning, r.alarm, r.floor, r.jump_ratio, r.trend_ratio,
           least(r.watch, r.warning, r.alarm, r.floor) * r.clear_below AS calm_below
    FROM touched t
    JOIN field f ON f.field_id = t.field_id
    JOIN alert_rule r ON r.org_id = f.org_id AND r.kind = 'catch' AND r.replaced_at IS NULL
    CROSS JOIN LATERAL (
        SELECT * FROM judged_night j
        WHERE j.rule_id = r.rule_id AND j.field_id = t.field_id AND j.night BETWEEN t.night
              AND t.night + CASE WHEN r.trend_ratio IS NOT NULL THEN 13 WHEN r.jump_ratio IS NOT NULL THEN 8 ELSE 0 END
        OFFSET 0
    ) AS j
), judged AS MATERIALIZED (
    SELECT a.rule_id, a.field_id, a.night, a.value, a.is_valid, a.is_final, a.calm_below, a.level, a.calm,
           greatest(
               CASE WHEN a.value >= a.alarm THEN 3 WHEN a.value >= a.warning THEN 2 WHEN a.value >= a.watch THEN 1
                    ELSE 0 END,
               -- Tonight and last night against the median of t-8 to t-2, of which 4 must be known.
               CASE WHEN a.value >= a.floor AND a.jump_ratio IS NOT NULL AND (
                   SELECT count(*) FILTER (WHERE b.night < a.night - 1) >= 4
                          AND count(*) FILTER (WHERE b.night = a.night - 1) = 1
                          AND least(a.value, max(b.value) FILTER (WHERE b.night = a.night - 1)) >= greatest(
                              a.floor, a.jump_ratio * percentile_cont(0.5) WITHIN GROUP (ORDER BY b.value)
                                                      FILTER (WHERE b.night < a.night - 1))
                   FROM judged_night b
                   WHERE b.rule_id = a.rule_id AND b.field_id = a.field_id AND b.is_valid
                     AND b.night BETWEEN a.night - 8 AND a.night - 1) THEN 1 ELSE 0 END,
               -- The mean of log1p of this week against that of the week before, 4 nights known of each.
               CASE WHEN a.value >= a.floor AND a.trend_ratio IS NOT NULL AND (
                   SELECT count(*) FILTER (WHERE b.night > a.night - 7) >= 4
                          AND count(*) FILTER (WHERE b.night <= a.night - 7) >= 4
                          AND exp(avg(ln(1 + b.value)) FILTER (WHERE b.night > a.night - 7)
                                  - avg(ln(1 + b.value)) FILTER (WHERE b.night <= a.night - 7)) >= a.trend_ratio
                   FROM judged_night b
                   WHERE b.rule_id = a.rule_id AND b.field_id = a.field_id AND b.is_valid
                     AND b.night BETWEEN a.night - 13 AND a.night) THEN 1 ELSE 0 END
           ) AS new_level
    FROM asked a
), differing AS MATERIALIZED (
    SELECT rule_id, field_id, night, new_level, w.new_calm
    FROM judged
    CROSS JOIN LATERAL (
        SELECT CASE WHEN is_final AND is_valid THEN new_level = 0 AND value < calm_below END AS new_calm
    ) AS w
    WHERE (level, calm) IS DISTINCT FROM (new_level, w.new_calm)
), changed AS (
    UPDATE judged_night j SET level = n.new_level, calm = n.new_calm
    FROM differing n
    WHERE j.rule_id = n.rule_id AND j.field_id = n.field_id AND j.night = n.night
    RETURNING j.rule_id, j.field_id, j.night, j.level
)
SELECT c.rule_id, c.field_id, min(c.night) AS night
FROM changed c
WHERE c.level > 0
   OR EXISTS (SELECT FROM alert a WHERE a.rule_id = c.rule_id AND a.field_id = c.field_id
              -- One that lapsed may go on.
              AND (a.cleared_night IS NULL OR a.cleared_night >= c.night - %(lapse_nights)s::int)
              AND a.state <> 'withdrawn')
GROUP BY c.rule_id, c.field_id
ORDER BY c.rule_id, c.field_id

-- known_alerts --
-- The alerts of these places that reach into the nights to fold, and what was said of them.
SELECT a.alert_id, a.rule_id, a.field_id, a.opened_night, a.cleared_night, a.level, a.state = 'withdrawn' AS withdrawn,
       ARRAY(SELECT e.level FROM alert_event e WHERE e.alert_id = a.alert_id AND e.word = 'raised'
             ORDER BY e.number) AS said_levels,
       ARRAY(SELECT e.night FROM alert_event e WHERE e.alert_id = a.alert_id AND e.word = 'raised'
             ORDER BY e.number) AS said_nights,
       coalesce((SELECT e.word <> 'reopened' FROM alert_event e
                 WHERE e.alert_id = a.alert_id
                   AND (e.word IN ('cleared', 'reopened') OR e.word = 'corrected' AND e.level = 0)
                 ORDER BY e.number DESC LIMIT 1), false) AS said_over
FROM alert a
JOIN unnest(%(rule_ids)s::bigint[], %(field_ids)s::text[], %(since)s::date[]) AS p (rule_id, field_id, since)
    ON p.rule_id = a.rule_id AND p.field_id = a.field_id
WHERE a.cleared_night IS NULL OR a.cleared_night >= p.since
ORDER BY a.alert_id

-- judged_nights --
SELECT j.rule_id, j.field_id, j.night, j.level, j.calm
FROM judged_night j
JOIN unnest(%(rule_ids)s::bigint[], %(field_ids)s::text[], %(since)s::date[]) AS p (rule_id, field_id, since)
    ON p.rule_id = j.rule_id AND p.field_id = j.field_id AND j.night >= p.since
WHERE j.is_valid OR j.level > 0 OR NOT j.is_final
ORDER BY j.rule_id, j.field_id, j.night

-- sustain_of --
SELECT rule_id, k, n, clear_nights FROM alert_rule WHERE rule_id = ANY(%(rule_ids)s)

-- raise_alerts --
INSERT INTO alert (org_id, rule_id, species, field_id, level, highest, opened_night, cleared_night, state, cleared_at)
SELECT r.org_id, r.rule_id, r.species, e.field_id, e.level, e.level, e.opened, e.cleared,
       CASE WHEN e.cleared IS NULL THEN 'active' ELSE 'cleared' END,
       CASE WHEN e.cleared IS NOT NULL THEN now() END
FROM unnest(%(rule_ids)s::bigint[], %(field_ids)s::text[], %(levels)s::int[], %(opened)s::date[], %(cleared)s::date[])
    AS e (rule_id, field_id, level, opened, cleared)
JOIN alert_rule r ON r.rule_id = e.rule_id
RETURNING rule_id, field_id, opened_night, alert_id

-- update_alerts --
UPDATE alert a SET
    level = e.level, highest = greatest(a.highest, e.level), opened_night = e.opened, cleared_night = e.cleared,
    state = CASE WHEN e.cleared IS NULL THEN 'active' ELSE 'cleared' END,
    cleared_at = CASE WHEN e.cleared IS NOT NULL THEN coalesce(a.cleared_at, now()) END,
    version = a.version + 1
FROM unnest(%(alert_ids)s::bigint[], %(levels)s::int[], %(opened)s::date[], %(cleared)s::date[])
    AS e (alert_id, level, opened, cleared)
WHERE a.alert_id = e.alert_id

-- withdraw_alerts --
UPDATE alert SET
    state = 'withdrawn', level = 0, cleared_night = coalesce(cleared_night, opened_night),
    cleared_at = coalesce(cleared_at, now()), version = version + 1
WHERE alert_id = ANY(%(alert_ids)s)

-- say --
-- The facts are those of the night an event is about, and of the highest night of the alert.
INSERT INTO alert_event (alert_id, number, word, level, night, facts, is_late, cause)
SELECT a.alert_id, e.number + (SELECT count(*) FROM alert_event o WHERE o.alert_id = a.alert_id), e.word, e.level,
       e.night,
       jsonb_build_object(
           'field', f.name, 'commune', f.commune_code, 'value', round(j.value), 'traps', j.traps,
           'is_final', j.is_final,
           'threshold', CASE e.level WHEN 3 THEN r.alarm WHEN 2 THEN r.warning ELSE coalesce(r.watch, r.floor) END,
           'rule', r.rule_id, 'rule_version', r.version, 'opened', a.opened_night, 'cleared', a.cleared_night,
           'highest_night', top.night, 'highest_value', round(top.value)),
       e.word = 'raised' AND e.night < night_of(now() - make_interval(secs => %(told_within_s)s), f.time_zone),
       -- Of the batch that is being stored, if one is: rows of the stage are few, and this is said seldom.
       (SELECT s.trap_id || '/' || s.boot || '/' || s.seq FROM stage s
        WHERE s.fate = 'fresh' AND s.field_id = a.field_id
        ORDER BY s.night = e.night DESC, s.end_at DESC, s.place DESC LIMIT 1)
FROM (
    SELECT alert_id, word, level, night, row_number() OVER (PARTITION BY alert_id ORDER BY place) AS number
    FROM unnest(%(alert_ids)s::bigint[], %(words)s::text[], %(levels)s::int[], %(nights)s::date[])
        WITH ORDINALITY AS w (alert_id, word, level, night, place)
) AS e
JOIN alert a ON a.alert_id = e.alert_id
JOIN alert_rule r ON r.rule_id = a.rule_id
JOIN field f ON f.field_id = a.field_id
LEFT JOIN judged_night j ON j.rule_id = a.rule_id AND j.field_id = a.field_id AND j.night = e.night
LEFT JOIN LATERAL (
    SELECT night, value FROM judged_night t
    WHERE t.rule_id = a.rule_id AND t.field_id = a.field_id AND t.night >= a.opened_night
      AND t.night <= coalesce(a.cleared_night, 'infinity')
    ORDER BY t.value DESC NULLS LAST, t.night LIMIT 1
) AS top ON true
ORDER BY a.alert_id, e.number

-- said_now --
-- What this transaction has said and people may be told.
SELECT event_id, alert_id, word, level, night, cause FROM alert_event
WHERE fanned_out_at IS NULL AND at = now() AND NOT is_late
ORDER BY event_id

-- wake_notifier --
SELECT pg_notify('lighttrap_alert', '')

-- rules --
SELECT rule_id, org_id, kind, species, field_id, commune_code, watch, warning, alarm, clear_below, clear_nights, k, n,
       min_lamp_s, floor, jump_ratio, trend_ratio, is_proposal, version, author, created_at
FROM alert_rule
WHERE replaced_at IS NULL AND (%(org_id)s::text IS NULL OR org_id = %(org_id)s)
ORDER BY org_id, species, field_id NULLS FIRST, commune_code NULLS FIRST

-- rule_versions --
-- Every version there was for the species and place of one of them, the newest first.
SELECT r.rule_id, r.org_id, r.kind, r.species, r.field_id, r.commune_code, r.watch, r.warning, r.alarm, r.clear_below,
       r.clear_nights, r.k, r.n, r.min_lamp_s, r.floor, r.jump_ratio, r.trend_ratio, r.is_proposal, r.version, r.author,
       r.created_at, r.replaced_at
FROM alert_rule one
JOIN alert_rule r ON r.org_id = one.org_id AND r.kind = one.kind AND r.species = one.species
    AND r.field_id IS NOT DISTINCT FROM one.field_id AND r.commune_code IS NOT DISTINCT FROM one.commune_code
WHERE one.rule_id = %(rule_id)s AND one.org_id = %(org_id)s AND one.kind = 'catch'
ORDER BY r.rule_id DESC

-- last_version --
-- Of the rule for a species and place, in force or not: what was ended and is put again goes on counting.
SELECT coalesce(max(version), 0) FROM alert_rule
WHERE org_id = %(org_id)s AND kind = 'catch' AND species = %(species)s
  AND field_id IS NOT DISTINCT FROM %(field_id)s AND commune_code IS NOT DISTINCT FROM %(commune_code)s

-- end_rule --
UPDATE alert_rule SET replaced_at = now()
WHERE org_id = %(org_id)s AND kind = 'catch' AND species = %(species)s AND replaced_at IS NULL
  AND field_id IS NOT DISTINCT FROM %(field_id)s AND commune_code IS NOT DISTINCT FROM %(commune_code)s
  AND (%(rule_id)s::bigint IS NULL OR rule_id = %(rule_id)s)
RETURNING rule_id, version

-- add_rule --
INSERT INTO alert_rule (org_id, species, field_id, commune_code, watch, warning, alarm, clear_below, clear_nights, k, n,
                        min_lamp_s, floor, jump_ratio, trend_ratio, is_proposal, version, author)
VALUES (%(org_id)s, %(species)s, %(field_id)s, %(commune_code)s, %(watch)s, %(warning)s, %(alarm)s, %(clear_below)s,
        %(clear_nights)s, %(k)s, %(n)s, %(min_lamp_s)s, %(floor)s, %(jump_ratio)s, %(trend_ratio)s, %(is_proposal)s,
        %(version)s, %(author)s)
RETURNING rule_id, created_at

-- strays --
-- Fields with an alert under a rule that is not theirs any more, as when the field has got a commune.
SELECT DISTINCT a.field_id
FROM touched t
JOIN alert a ON a.field_id = t.field_id AND a.state = 'active' AND a.kind = 'catch'
WHERE a.rule_id <> best_rule(a.field_id, a.species)

-- withdraw_doubles --
-- Two rules that had each raised the same: the older alert goes on.
UPDATE alert a SET state = 'withdrawn', level = 0, cleared_night = coalesce(cleared_night, opened_night),
                   cleared_at = now(), version = a.version + 1
WHERE a.field_id = ANY(%(field_ids)s) AND a.kind = 'catch' AND a.state = 'active'
  AND EXISTS (SELECT FROM alert b WHERE b.field_id = a.field_id AND b.species = a.species AND b.kind = 'catch'
              AND b.state = 'active' AND b.alert_id < a.alert_id)

-- adopt --
-- An alert goes on under the rule that is its field's now.
UPDATE alert a SET rule_id = best_rule(a.field_id, a.species), version = a.version + 1
WHERE a.field_id = ANY(%(field_ids)s) AND a.kind = 'catch' AND a.state = 'active'
  AND a.rule_id <> best_rule(a.field_id, a.species)
RETURNING a.rule_id, a.field_id, a.opened_night

-- adopt_ended --
-- And one that ended lately: the new rule judges its nights again, and must not raise it a second time.
UPDATE alert a SET rule_id = best_rule(a.field_id, a.species), version = a.version + 1
WHERE a.field_id = ANY(%(field_ids)s) AND a.kind = 'catch' AND a.state <> 'active'
  AND a.cleared_night >= current_date - %(nights)s::int AND a.rule_id <> best_rule(a.field_id, a.species)

-- lapse --
-- Of a place that nothing has been known of for so long nobody can say whether it is over; the next outbreak there is
-- an alert of its own.
UPDATE alert a SET state = 'cleared', cleared_night = greatest(a.opened_night, k.night), cleared_at = now(),
                   version = a.version + 1
FROM (
    SELECT o.alert_id, max(j.night) AS night
    FROM alert o
    JOIN judged_night j ON j.rule_id = o.rule_id AND j.field_id = o.field_id AND (j.is_valid OR j.level > 0)
    WHERE o.kind = 'catch' AND o.state = 'active' AND (%(org_id)s::text IS NULL OR o.org_id = %(org_id)s)
    GROUP BY o.alert_id
) AS k
WHERE a.alert_id = k.alert_id AND k.night < current_date - %(lapse_nights)s::int

-- ruled_species --
SELECT DISTINCT species FROM alert_rule WHERE org_id = %(org_id)s AND kind = 'catch'

-- end_orphans --
-- Without any rule nobody would ever say that it is over.
WITH ended AS (
    UPDATE alert a SET state = 'cleared', cleared_night = greatest(a.opened_night, night_of(now(), f.time_zone)),
                       cleared_at = now(), version = a.version + 1
    FROM field f
    WHERE f.field_id = a.field_id AND a.org_id = %(org_id)s AND a.state = 'active' AND a.kind = 'catch'
      AND a.species = %(species)s AND best_rule(a.field_id, a.species) IS NULL
    RETURNING a.alert_id, a.level, a.cleared_night
)
INSERT INTO alert_event (alert_id, number, word, level, night, facts)
SELECT e.alert_id, 1 + (SELECT count(*) FROM alert_event o WHERE o.alert_id = e.alert_id), 'cleared', e.level,
       e.cleared_night, '{"rule": null}'
FROM ended e
