-- page_alerts --
SELECT alert_id, org_id, kind, rule_id, species, field_id, trap_id, fault, level, highest, state, opened_night,
       cleared_night, raised_at, cleared_at, acknowledged_at, acknowledged_by, assignee, version
FROM alert
WHERE org_id = %(org_id)s AND alert_id < %(before_id)s
  AND (%(alert_id)s::bigint IS NULL OR alert_id = %(alert_id)s)
  AND (%(state)s::text IS NULL OR state = %(state)s)
  AND (%(kind)s::text IS NULL OR kind = %(kind)s)
  AND (%(field_id)s::text IS NULL OR field_id = %(field_id)s)
ORDER BY alert_id DESC
LIMIT %(limit)s

-- events --
SELECT event_id, number, word, level, night, facts, at, is_late FROM alert_event
WHERE alert_id = %(alert_id)s ORDER BY number

-- notes --
SELECT note_id, kind, text, author, at FROM alert_note WHERE alert_id = %(alert_id)s ORDER BY note_id

-- handle --
-- Only the version that was seen is changed: two people must not overwrite each other.
UPDATE alert SET
    acknowledged_at = CASE WHEN %(kind)s = 'acknowledged' THEN coalesce(acknowledged_at, now()) ELSE acknowledged_at END,
    acknowledged_by = CASE WHEN %(kind)s = 'acknowledged' THEN coalesce(acknowledged_by, %(author)s)
                           ELSE acknowledged_by END,
    assignee = CASE WHEN %(kind)s = 'assigned' THEN %(assignee)s ELSE assignee END,
    version = version + 1
WHERE alert_id = %(alert_id)s AND org_id = %(org_id)s AND version = %(version)s

-- add_note --
INSERT INTO alert_note (alert_id, kind, text, author) VALUES (%(alert_id)s, %(kind)s, %(text)s, %(author)s)

-- nights_of_field --
SELECT j.rule_id, r.species, j.night, j.value, j.traps, j.is_valid, j.is_final, j.level
FROM judged_night j
JOIN alert_rule r ON r.rule_id = j.rule_id
WHERE j.field_id = %(field_id)s AND r.org_id = %(org_id)s AND j.night BETWEEN %(first)s AND %(last)s
  AND (%(species)s::text IS NULL OR r.species = %(species)s)
ORDER BY r.species, j.night, j.rule_id
