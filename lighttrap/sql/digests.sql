-- crowd --
-- How much waits for one person by one channel, and what they had of late; messages are told apart by their leases.
WITH told AS (
    SELECT o.lease_token, min(o.sent_at) AS at, count(*) AS events
    FROM delivery o
    WHERE o.recipient_id = %(recipient_id)s AND o.channel = %(channel)s AND o.sent_at > %(since)s
    GROUP BY o.lease_token
)
SELECT count(*) AS due, min(d.created_at) AS oldest_at, max(d.created_at) AS newest_at,
       (SELECT count(*) FROM told) AS told, (SELECT min(at) FROM told) AS first_told_at,
       (SELECT max(at) FROM told WHERE events > 1) AS last_digest_at
FROM delivery d
WHERE d.recipient_id = %(recipient_id)s AND d.channel = %(channel)s AND d.state IN ('queued', 'failed')
  AND d.next_try_at <= %(now)s

-- members --
-- What can be told together: what was raised, and the end of what this person had heard of. Nothing goes before a word
-- of the same alert that is still to come.
SELECT d.delivery_id, d.key, d.attempts, d.due_at, e.word, e.level, e.night, e.facts, a.alert_id, a.kind, a.species,
       a.state = 'active' AS is_active, coalesce(f.name || ', ' || u.name, f.name) AS place, o.name AS org_name, r.language, r.accents,
       (SELECT count(*) FROM delivery_attempt p WHERE p.delivery_id = d.delivery_id AND p.outcome = 'unknown')
           AS unknown_attempts
FROM delivery d
JOIN alert_event e ON e.event_id = d.event_id
JOIN alert a ON a.alert_id = d.alert_id
JOIN org o ON o.org_id = a.org_id
JOIN recipient r ON r.recipient_id = d.recipient_id
LEFT JOIN field f ON f.field_id = a.field_id
LEFT JOIN commune u ON u.commune_code = f.commune_code
WHERE d.recipient_id = %(recipient_id)s AND d.channel = %(channel)s AND d.state IN ('queued', 'failed')
  AND d.next_try_at <= %(now)s
  AND (e.word = 'raised'
       OR e.word = 'cleared' AND EXISTS (
           SELECT FROM delivery b JOIN alert_event t ON t.event_id = b.event_id
           WHERE b.alert_id = d.alert_id AND b.recipient_id = d.recipient_id AND b.channel = d.channel
             AND b.number < d.number AND b.state IN ('sent', 'delivered', 'unknown')
             AND t.word IN ('raised', 'reopened')))
  AND NOT EXISTS (SELECT FROM delivery b
                  WHERE b.alert_id = d.alert_id AND b.recipient_id = d.recipient_id AND b.channel = d.channel
                    AND b.number < d.number
                    AND (b.state = 'leased' OR b.state IN ('queued', 'failed') AND b.next_try_at > %(now)s))
ORDER BY d.delivery_id
LIMIT %(limit)s
FOR UPDATE OF d SKIP LOCKED

-- put_off --
UPDATE delivery SET next_try_at = %(until)s
WHERE recipient_id = %(recipient_id)s AND channel = %(channel)s AND state IN ('queued', 'failed')
  AND next_try_at <= %(now)s

-- lease_all --
UPDATE delivery SET
    state = 'leased', reason = NULL, lease_until = %(lease_until)s, lease_token = %(token)s, attempts = attempts + 1
WHERE delivery_id = ANY(%(delivery_ids)s)

-- add_attempts --
INSERT INTO delivery_attempt (delivery_id, number, lease_token, started_at)
SELECT delivery_id, attempts, %(token)s, %(now)s FROM delivery WHERE delivery_id = ANY(%(delivery_ids)s)

-- end_attempts --
UPDATE delivery_attempt SET ended_at = %(now)s, outcome = %(outcome)s, detail = %(detail)s
WHERE lease_token = %(token)s AND delivery_id = ANY(%(delivery_ids)s)

-- record_all --
UPDATE delivery d SET
    state = w.state, reason = CASE WHEN w.state <> 'sent' THEN %(detail)s END, provider_id = %(provider_id)s,
    lease_until = NULL, next_try_at = coalesce(w.next_try_at, d.next_try_at),
    sent_at = CASE WHEN w.state = 'sent' THEN %(now)s::timestamptz ELSE d.sent_at END,
    finished_at = CASE WHEN w.state <> 'failed' THEN %(now)s::timestamptz END
FROM unnest(%(delivery_ids)s::bigint[], %(states)s::text[], %(next_tries)s::timestamptz[])
    AS w (delivery_id, state, next_try_at)
WHERE d.delivery_id = w.delivery_id AND d.lease_token = %(token)s AND d.state = 'leased'
