-- lock_event --
SELECT e.alert_id
FROM alert_event e
JOIN alert a ON a.alert_id = e.alert_id
WHERE e.event_id = %(event_id)s AND (%(org_id)s::text IS NULL OR a.org_id = %(org_id)s)
FOR UPDATE OF e

-- add_approval --
INSERT INTO approval (event_id, verdict, author) VALUES (%(event_id)s, %(verdict)s, %(author)s)
ON CONFLICT (event_id) DO NOTHING

-- add_note --
INSERT INTO alert_note (alert_id, kind, text, author) VALUES (%(alert_id)s, %(kind)s, %(text)s, %(author)s)

-- release --
UPDATE delivery SET due_at = %(now)s, next_try_at = %(now)s
WHERE event_id = %(event_id)s AND state = 'queued' AND waited = 'approval' AND next_try_at = 'infinity'

-- reject --
UPDATE delivery SET state = 'skipped', reason = 'rejected', finished_at = %(now)s
WHERE event_id = %(event_id)s AND state = 'queued' AND waited = 'approval' AND next_try_at = 'infinity'

-- supersede_unapproved --
-- Whoever approved a later word of an alert has passed over the earlier ones.
UPDATE delivery d SET state = 'skipped', reason = 'superseded', finished_at = %(now)s
FROM delivery mine
WHERE mine.event_id = %(event_id)s AND d.alert_id = mine.alert_id AND d.recipient_id = mine.recipient_id
  AND d.channel = mine.channel AND d.number < mine.number
  AND d.state = 'queued' AND d.waited = 'approval' AND d.next_try_at = 'infinity'

-- pending_events --
-- What awaits a person's word.
SELECT e.event_id
FROM alert_event e
WHERE e.alert_id = %(alert_id)s
  AND EXISTS (SELECT FROM delivery d WHERE d.event_id = e.event_id AND d.state = 'queued' AND d.waited = 'approval'
              AND d.next_try_at = 'infinity')
ORDER BY e.number

-- reach --
-- How many people each channel has for an event that was fanned out.
SELECT d.channel,
       count(*) FILTER (WHERE d.state = 'queued' AND d.waited = 'approval' AND d.next_try_at = 'infinity'
                          AND r.stopped_at IS NULL AND r.consent_at IS NOT NULL) AS to_tell,
       count(*) FILTER (WHERE d.state IN ('sent', 'delivered')) AS told,
       count(*) FILTER (WHERE d.state = 'unknown') AS unknown,
       count(*) FILTER (WHERE d.state = 'dead') AS dead,
       count(*) FILTER (WHERE d.state = 'skipped') AS skipped
FROM delivery d
JOIN recipient r ON r.recipient_id = d.recipient_id
WHERE d.event_id = %(event_id)s
GROUP BY d.channel
ORDER BY d.channel

-- waiting_texts --
-- What awaits approval, as it would be sent.
SELECT d.channel, d.subject, d.text, d.segments, count(*) AS recipients
FROM delivery d
JOIN recipient r ON r.recipient_id = d.recipient_id AND r.stopped_at IS NULL AND r.consent_at IS NOT NULL
WHERE d.event_id = %(event_id)s AND d.state = 'queued' AND d.waited = 'approval' AND d.next_try_at = 'infinity'
  AND d.text IS NOT NULL
GROUP BY d.channel, d.subject, d.text, d.segments
ORDER BY d.channel, count(*) DESC, d.text

-- acknowledge --
UPDATE alert SET acknowledged_at = now(), acknowledged_by = %(author)s, version = version + 1
WHERE alert_id = %(alert_id)s AND (%(org_id)s::text IS NULL OR org_id = %(org_id)s) AND acknowledged_at IS NULL
RETURNING version

-- alert_exists --
SELECT EXISTS (SELECT FROM alert
               WHERE alert_id = %(alert_id)s AND (%(org_id)s::text IS NULL OR org_id = %(org_id)s))

-- list_alerts --
SELECT a.alert_id, a.org_id, a.kind, a.species, a.fault, a.field_id, a.trap_id, a.state, a.level, a.highest,
       a.opened_night, a.cleared_night, a.raised_at, a.acknowledged_by,
       (SELECT count(DISTINCT e.event_id) FROM alert_event e JOIN delivery d ON d.event_id = e.event_id
        WHERE e.alert_id = a.alert_id AND d.state = 'queued' AND d.waited = 'approval' AND d.next_try_at = 'infinity')
           AS to_approve,
       (SELECT count(*) FROM delivery d WHERE d.alert_id = a.alert_id AND d.state IN ('sent', 'delivered')) AS told,
       (SELECT count(*) FROM delivery d WHERE d.alert_id = a.alert_id AND d.state = 'unknown') AS unknown,
       (SELECT count(*) FROM delivery d WHERE d.alert_id = a.alert_id AND d.state = 'dead') AS dead
FROM alert a
WHERE (%(org_id)s::text IS NULL OR a.org_id = %(org_id)s) AND (NOT %(only_active)s OR a.state = 'active')
ORDER BY a.alert_id DESC
LIMIT %(limit)s
