-- reader --
-- Whose page a token opens: their own, or one from a message that has not expired.
SELECT r.recipient_id, r.org_id, o.name AS org_name, r.language, r.stopped_at IS NOT NULL AS is_stopped, s.phone
FROM recipient r
JOIN org o ON o.org_id = r.org_id
LEFT JOIN org_setting s ON s.org_id = r.org_id
WHERE r.erased_at IS NULL
  AND (r.token_sha = %(token_sha)s::bytea
       OR r.recipient_id = (SELECT l.recipient_id FROM farmer_link l
                            WHERE l.link_sha = %(token_sha)s AND l.expires_at > %(now)s::timestamptz))

-- watched --
-- All that a page tells, in one statement and so of one moment: each field and pest that the recipient is told of, with
-- its last nights under the rule in force, and its alert if that is active or ended a few days ago.
WITH wanted AS (
    SELECT f.field_id, f.org_id, f.name, f.commune_code, f.time_zone,
           bool_or(s.species IS NULL) AS all_species, array_agg(s.species) AS species,
           night_of(%(now)s::timestamptz, f.time_zone) AS tonight
    FROM recipient r
    JOIN subscription s ON s.recipient_id = r.recipient_id AND s.kind = 'catch'
    JOIN field f ON f.org_id = r.org_id
        AND (s.field_id = f.field_id OR s.commune_code = f.commune_code
             OR s.field_id IS NULL AND s.commune_code IS NULL)
    WHERE r.recipient_id = %(recipient_id)s
    GROUP BY f.field_id
    ORDER BY bool_or(s.field_id IS NOT NULL) DESC,
             EXISTS (SELECT FROM alert a WHERE a.field_id = f.field_id AND a.state = 'active') DESC, f.field_id
    LIMIT %(limit)s
)
SELECT w.field_id, w.name AS field_name, u.name AS commune, w.time_zone, w.tonight, r.species, r.watch, r.warning,
       r.alarm, r.floor, coalesce(r.is_proposal, true) AS is_proposal,
       jsonb_strip_nulls(jsonb_build_object('vi', y.name_vi, 'en', y.name_en, 'km', y.name_km)) AS names,
       a.alert_id, a.state AS alert_state, coalesce(e.events, '[]') AS events, coalesce(n.nights, '[]') AS nights,
       coalesce(r.is_proposal, false) OR coalesce(g.farmers_need_approval, false) AS needs_approval,
       ARRAY(SELECT d.trap_id FROM deployment d
             WHERE d.field_id = w.field_id AND d.from_at <= %(now)s AND d.to_at > %(now)s ORDER BY d.trap_id) AS traps
FROM wanted w
LEFT JOIN commune u ON u.commune_code = w.commune_code
LEFT JOIN org_setting g ON g.org_id = w.org_id
LEFT JOIN LATERAL (
    SELECT DISTINCT ON (o.species) o.rule_id, o.species, o.watch, o.warning, o.alarm, o.floor, o.is_proposal
    FROM alert_rule o
    WHERE o.org_id = w.org_id AND o.kind = 'catch' AND o.replaced_at IS NULL
      AND (o.field_id IS NULL OR o.field_id = w.field_id)
      AND (o.commune_code IS NULL OR o.commune_code = w.commune_code)
      AND (w.all_species OR o.species = ANY(w.species))
    ORDER BY o.species, o.field_id IS NULL, o.commune_code IS NULL
) AS r ON true
LEFT JOIN species y ON y.species = r.species
LEFT JOIN LATERAL (
    SELECT c.alert_id, c.state FROM alert c
    WHERE c.rule_id = r.rule_id AND c.field_id = w.field_id
      AND (c.state = 'active' OR c.cleared_at > %(now)s::timestamptz - make_interval(days => %(days)s))
    ORDER BY c.state = 'active' DESC, c.alert_id DESC LIMIT 1
) AS a ON true
LEFT JOIN LATERAL (
    SELECT jsonb_agg(jsonb_build_object(
               'word', v.word, 'level', v.level, 'night', v.night, 'at', v.at, 'facts', v.facts, 'verdict', p.verdict)
               ORDER BY v.number) AS events
    FROM alert_event v LEFT JOIN approval p ON p.event_id = v.event_id
    WHERE v.alert_id = a.alert_id
) AS e ON true
LEFT JOIN LATERAL (
    SELECT jsonb_agg(jsonb_build_object(
               'night', j.night, 'value', j.value, 'level', j.level, 'is_valid', j.is_valid, 'is_final', j.is_final,
               'at', j.changed_at) ORDER BY j.night) AS nights
    FROM judged_night j
    WHERE j.rule_id = r.rule_id AND j.field_id = w.field_id
      AND j.night > w.tonight - %(nights)s::int AND j.night <= w.tonight
) AS n ON true
ORDER BY w.field_id, r.species

-- public_alerts --
-- What anybody may know: where a level is reached that farmers may be told of, by commune.
SELECT u.name AS commune, a.species, max(e.level) AS level,
       jsonb_strip_nulls(jsonb_build_object('vi', min(y.name_vi), 'en', min(y.name_en), 'km', min(y.name_km))) AS names
FROM alert a
JOIN field f ON f.field_id = a.field_id
JOIN commune u ON u.commune_code = f.commune_code
JOIN alert_rule r ON r.rule_id = a.rule_id
LEFT JOIN org_setting s ON s.org_id = a.org_id
LEFT JOIN species y ON y.species = a.species
CROSS JOIN LATERAL (
    SELECT v.level FROM alert_event v LEFT JOIN approval p ON p.event_id = v.event_id
    WHERE v.alert_id = a.alert_id
      AND (p.verdict = 'approved' OR NOT r.is_proposal AND NOT coalesce(s.farmers_need_approval, false)
                                     AND p.verdict IS NULL)
    ORDER BY v.number DESC LIMIT 1
) AS e
WHERE a.state = 'active' AND a.kind = 'catch' AND e.level > 0
GROUP BY u.name, a.species
ORDER BY max(e.level) DESC, u.name, a.species
LIMIT %(limit)s

-- telephones --
SELECT o.name, s.phone FROM org_setting s JOIN org o ON o.org_id = s.org_id
WHERE s.phone IS NOT NULL
ORDER BY o.name LIMIT %(limit)s

-- add_link --
INSERT INTO farmer_link (link_sha, recipient_id, created_at, expires_at)
VALUES (%(link_sha)s, %(recipient_id)s, %(now)s, %(expires_at)s)

-- forget_links --
DELETE FROM farmer_link WHERE recipient_id = %(recipient_id)s AND expires_at <= %(now)s::timestamptz
