-- page_alerts --
-- By level first when `worst` says so, and by age. With how many events await a person's word, and how many messages were told, are unknown or were given up: one look
-- at the deliveries of each alert of the page.
SELECT a.alert_id, a.org_id, a.kind, a.rule_id, a.species, a.field_id, a.trap_id, a.fault, a.level, a.highest, a.state,
       a.opened_night, a.cleared_night, a.raised_at, a.cleared_at, a.acknowledged_at, a.acknowledged_by, a.assignee,
       a.version, n.to_approve, n.told, n.unknown, n.dead
FROM (
    SELECT alert_id, org_id, kind, rule_id, species, field_id, trap_id, fault, level, highest, state, opened_night,
           cleared_night, raised_at, cleared_at, acknowledged_at, acknowledged_by, assignee, version,
           CASE WHEN %(worst)s THEN level ELSE 0 END AS rank
    FROM alert
    WHERE org_id = %(org_id)s
      AND (CASE WHEN %(worst)s THEN level ELSE 0 END, alert_id) < (%(before_rank)s::int, %(before_id)s::bigint)
      AND (%(alert_id)s::bigint IS NULL OR alert_id = %(alert_id)s)
      AND (%(state)s::text IS NULL OR state = %(state)s)
      AND (%(kind)s::text IS NULL OR kind = %(kind)s)
      AND (%(field_id)s::text IS NULL OR field_id = %(field_id)s)
      AND (%(commune_code)s::text IS NULL
           OR EXISTS (SELECT FROM field f WHERE f.field_id = alert.field_id AND f.commune_code = %(commune_code)s))
      AND (%(level)s::int IS NULL OR level = %(level)s)
      AND (%(assignee)s::text IS NULL OR assignee = %(assignee)s)
      AND (%(assigned)s::boolean IS NULL OR (assignee IS NOT NULL) = %(assigned)s)
      AND (%(acknowledged)s::boolean IS NULL OR (acknowledged_at IS NOT NULL) = %(acknowledged)s)
      AND (%(to_approve)s::boolean IS NULL
           OR %(to_approve)s = EXISTS (SELECT FROM delivery d
                                       WHERE d.alert_id = alert.alert_id AND d.state = 'queued'
                                         AND d.waited = 'approval' AND d.next_try_at = 'infinity'))
    ORDER BY rank DESC, alert_id DESC
    LIMIT %(limit)s
) AS a
CROSS JOIN LATERAL (
    SELECT count(DISTINCT d.event_id) FILTER (WHERE d.state = 'queued' AND d.waited = 'approval'
                                                AND d.next_try_at = 'infinity') AS to_approve,
           count(*) FILTER (WHERE d.state IN ('sent', 'delivered')) AS told,
           count(*) FILTER (WHERE d.state = 'unknown') AS unknown,
           count(*) FILTER (WHERE d.state = 'dead') AS dead
    FROM delivery d
    WHERE d.alert_id = a.alert_id
) AS n
ORDER BY a.rank DESC, a.alert_id DESC

-- events --
-- With a person's word on each, and how far its messages got. One that was not fanned out yet awaits a word where its
-- farmers would.
SELECT e.event_id, e.number, e.word, e.level, e.night, e.facts, e.at, e.is_late,
       CASE WHEN p.verdict IS NOT NULL THEN p.verdict
            WHEN n.waiting > 0
                 OR e.fanned_out_at IS NULL AND NOT e.is_late
                    AND (coalesce(s.farmers_need_approval, false) OR coalesce(r.is_proposal, false)) THEN 'awaited'
       END AS approval,
       p.author AS approved_by, p.at AS approved_at, n.waiting, n.told, n.unknown, n.dead
FROM alert_event e
JOIN alert a ON a.alert_id = e.alert_id
LEFT JOIN alert_rule r ON r.rule_id = a.rule_id
LEFT JOIN org_setting s ON s.org_id = a.org_id
LEFT JOIN approval p ON p.event_id = e.event_id
CROSS JOIN LATERAL (
    SELECT count(*) FILTER (WHERE d.state = 'queued' AND d.waited = 'approval' AND d.next_try_at = 'infinity')
               AS waiting,
           count(*) FILTER (WHERE d.state IN ('sent', 'delivered')) AS told,
           count(*) FILTER (WHERE d.state = 'unknown') AS unknown,
           count(*) FILTER (WHERE d.state = 'dead') AS dead
    FROM delivery d
    WHERE d.event_id = e.event_id
) AS n
WHERE e.alert_id = %(alert_id)s
ORDER BY e.number

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
