-- page_deliveries --
-- What was sent or will be, the newest first.
SELECT d.delivery_id, d.alert_id, d.event_id, e.word, e.level, d.recipient_id, r.name AS recipient, d.channel, t.address,
       d.state, d.reason,
       d.state = 'queued' AND d.waited = 'approval' AND d.next_try_at = 'infinity' AS awaits_approval,
       d.subject, d.text, d.segments, d.attempts,
       CASE WHEN d.state IN ('queued', 'failed') THEN nullif(d.next_try_at, 'infinity') END AS next_try_at,
       d.created_at, d.sent_at, d.finished_at
FROM delivery d
JOIN alert a ON a.alert_id = d.alert_id AND a.org_id = %(org_id)s
JOIN alert_event e ON e.event_id = d.event_id
JOIN recipient r ON r.recipient_id = d.recipient_id
LEFT JOIN recipient_address t ON t.recipient_id = d.recipient_id AND t.channel = d.channel
WHERE (d.created_at, d.delivery_id) < (%(before_at)s::timestamptz, %(before_id)s::bigint)
  AND d.created_at >= %(first_at)s::timestamptz
  AND (%(delivery_id)s::bigint IS NULL OR d.delivery_id = %(delivery_id)s)
  AND (%(alert_id)s::bigint IS NULL OR d.alert_id = %(alert_id)s)
  AND (%(recipient_id)s::bigint IS NULL OR d.recipient_id = %(recipient_id)s)
  AND (%(state)s::text IS NULL OR d.state = %(state)s)
  AND (%(channel)s::text IS NULL OR d.channel = %(channel)s)
ORDER BY d.created_at DESC, d.delivery_id DESC
LIMIT %(limit)s

-- attempts --
SELECT number, started_at, ended_at, outcome, detail FROM delivery_attempt
WHERE delivery_id = %(delivery_id)s ORDER BY number

-- outbox --
-- How far an org's messages are: whatever waits, and what was written down since then.
WITH mine AS (
    SELECT d.state, d.waited, d.due_at, d.next_try_at
    FROM delivery d JOIN alert a ON a.alert_id = d.alert_id
    WHERE a.org_id = %(org_id)s AND d.state IN ('queued', 'failed', 'leased')
    UNION ALL
    SELECT d.state, d.waited, d.due_at, d.next_try_at
    FROM delivery d JOIN alert a ON a.alert_id = d.alert_id
    WHERE a.org_id = %(org_id)s AND d.state NOT IN ('queued', 'failed', 'leased')
      AND d.created_at >= %(since)s::timestamptz
), event AS (
    SELECT count(*) AS number, min(e.at) AS oldest_at
    FROM alert_event e JOIN alert a ON a.alert_id = e.alert_id
    WHERE a.org_id = %(org_id)s AND e.fanned_out_at IS NULL
)
SELECT event.number AS events,
       (SELECT coalesce(jsonb_object_agg(s.state, s.number), '{}')
        FROM (SELECT state, count(*) AS number FROM mine GROUP BY state) AS s) AS states,
       (SELECT count(*) FROM mine WHERE state = 'queued' AND waited = 'approval' AND next_try_at = 'infinity')
           AS awaiting_approval,
       (SELECT count(*) FROM mine WHERE state IN ('queued', 'failed') AND next_try_at <= %(now)s::timestamptz) AS due,
       least(event.oldest_at, (SELECT min(due_at) FROM mine
                               WHERE state IN ('queued', 'failed') AND due_at <= %(now)s)) AS oldest_at
FROM event

-- later_word --
-- A word of the same alert that came after it, and went or may go to the same person by the same channel.
SELECT EXISTS (
    SELECT FROM delivery d
    JOIN delivery b ON b.alert_id = d.alert_id AND b.recipient_id = d.recipient_id AND b.channel = d.channel
        AND b.number > d.number AND b.state <> 'skipped'
    WHERE d.delivery_id = %(delivery_id)s)

-- retry --
-- All that decides whether it goes is looked at once more by the sender. Its key stays, for channels that know it.
UPDATE delivery SET
    state = 'queued', reason = NULL, waited = NULL, due_at = %(now)s, next_try_at = %(now)s, lease_token = NULL,
    finished_at = NULL
WHERE delivery_id = %(delivery_id)s AND state = ANY(%(states)s) AND text IS NOT NULL
