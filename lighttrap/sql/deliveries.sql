-- listen --
LISTEN lighttrap_alert

-- wake --
SELECT pg_notify('lighttrap_alert', '')

-- claim_events --
-- Events to fan out, of each alert the first one only, so that nobody hears the second word before the first.
SELECT t.*
FROM alert_event e
JOIN told_event t ON t.event_id = e.event_id
WHERE e.fanned_out_at IS NULL
  AND NOT EXISTS (SELECT FROM alert_event b
                  WHERE b.alert_id = e.alert_id AND b.number < e.number AND b.fanned_out_at IS NULL)
ORDER BY e.event_id
LIMIT %(limit)s
FOR UPDATE OF e SKIP LOCKED

-- event --
-- One event of an org's alert as `claim_events` has it, whether it was fanned out or not.
SELECT t.*
FROM told_event t
WHERE t.event_id = %(event_id)s AND t.alert_id = %(alert_id)s AND t.org_id = %(org_id)s

-- audience --
-- Who subscribed to what an event raises; of what it takes back, who is owed a word: whoever had one of that alert.
WITH event AS (
    SELECT e.event_id, e.alert_id, e.word, e.level, a.org_id, a.kind, a.species, a.field_id, f.commune_code
    FROM alert_event e
    JOIN alert a ON a.alert_id = e.alert_id
    LEFT JOIN field f ON f.field_id = a.field_id
    WHERE e.event_id = ANY(%(event_ids)s)
), met AS (
    -- By field, by commune, and by org: three ways in, each by its index.
    SELECT e.*, s.recipient_id, s.kind AS wanted_kind, s.species AS wanted_species, s.min_level
    FROM event e JOIN subscription s ON s.field_id = e.field_id
    UNION ALL
    SELECT e.*, s.recipient_id, s.kind, s.species, s.min_level
    FROM event e JOIN subscription s ON s.commune_code = e.commune_code
    UNION ALL
    SELECT e.*, s.recipient_id, s.kind, s.species, s.min_level
    FROM event e
    JOIN recipient r ON r.org_id = e.org_id
    JOIN subscription s ON s.recipient_id = r.recipient_id AND s.field_id IS NULL AND s.commune_code IS NULL
), wanted AS (
    SELECT m.event_id, r.recipient_id, a.channel
    FROM met m
    JOIN recipient r ON r.recipient_id = m.recipient_id AND r.org_id = m.org_id
    JOIN recipient_address a ON a.recipient_id = r.recipient_id
    WHERE m.word = 'raised' AND m.wanted_kind = m.kind AND m.min_level <= m.level
      AND (m.wanted_species IS NULL OR m.wanted_species = m.species)
    UNION
    SELECT e.event_id, d.recipient_id, d.channel
    FROM event e
    JOIN delivery d ON d.alert_id = e.alert_id
    WHERE e.word <> 'raised' AND NOT (d.state = 'skipped' AND d.reason IN ('stopped', 'no consent'))
)
SELECT w.event_id, w.recipient_id, w.channel, r.kind, r.language, r.accents, r.quiet_from, r.quiet_to, r.time_zone,
       r.consent_at IS NOT NULL AS has_consent, r.stopped_at IS NOT NULL AS is_stopped
FROM wanted w
JOIN recipient r ON r.recipient_id = w.recipient_id
ORDER BY w.event_id, w.recipient_id, w.channel

-- add_delivery --
INSERT INTO delivery (event_id, alert_id, number, recipient_id, channel, state, reason, waited, subject, text,
                      segments, due_at, next_try_at, created_at, finished_at)
VALUES (%(event_id)s, %(alert_id)s, %(number)s, %(recipient_id)s, %(channel)s, %(state)s, %(reason)s, %(waited)s,
        %(subject)s, %(text)s, %(segments)s, %(due_at)s, %(due_at)s, %(now)s,
        CASE WHEN %(state)s = 'skipped' THEN %(now)s::timestamptz END)
ON CONFLICT (event_id, recipient_id, channel) DO NOTHING

-- mark_fanned_out --
UPDATE alert_event SET fanned_out_at = %(now)s WHERE event_id = ANY(%(event_ids)s)

-- hurry --
-- A further word is there: an earlier one that waits for its next try is tried at once, for they go in order.
UPDATE delivery d SET next_try_at = %(now)s
FROM alert_event e
WHERE e.event_id = ANY(%(event_ids)s) AND d.alert_id = e.alert_id AND d.number < e.number
  AND d.state = 'failed' AND d.next_try_at > %(now)s

-- lock_due --
-- The next message of a channel: the first of its alert and recipient that is not done with. One that is held back
-- does not hold back the others; one that is tried again does.
SELECT d.delivery_id
FROM delivery d
WHERE d.channel = %(channel)s AND d.state IN ('queued', 'failed') AND d.next_try_at <= %(now)s
  AND NOT EXISTS (SELECT FROM delivery b
                  WHERE b.alert_id = d.alert_id AND b.recipient_id = d.recipient_id AND b.channel = d.channel
                    AND b.number < d.number AND b.state IN ('queued', 'failed', 'leased')
                    AND NOT (b.state = 'queued' AND b.waited IS NOT NULL AND b.next_try_at > %(now)s))
ORDER BY d.next_try_at, d.delivery_id
LIMIT 1
FOR UPDATE OF d SKIP LOCKED

-- lock_recipient --
-- Two notifiers count the messages of one person's day one after the other.
SELECT FROM recipient WHERE recipient_id = (SELECT recipient_id FROM delivery WHERE delivery_id = %(delivery_id)s)
FOR NO KEY UPDATE

-- due --
-- All that decides whether a message is sent now, as it stands now and not as it was when it was queued.
SELECT d.delivery_id, d.key, d.event_id, d.alert_id, d.recipient_id, d.channel, d.waited, d.attempts, d.due_at,
       d.subject, d.text, d.segments, e.word, e.level, e.night, e.at, e.facts, e.cause, a.org_id, a.kind AS alert_kind,
       a.species, a.field_id, a.trap_id, a.fault, a.state AS alert_state, r.kind AS recipient_kind, r.quiet_from,
       r.quiet_to, r.time_zone, r.stopped_at IS NOT NULL AS is_stopped, r.consent_at IS NOT NULL AS has_consent, t.address,
       (SELECT max(b.level) FROM delivery o JOIN alert_event b ON b.event_id = o.event_id
        WHERE o.alert_id = d.alert_id AND o.recipient_id = d.recipient_id AND o.channel = d.channel
          AND o.number < d.number AND o.state IN ('sent', 'delivered', 'unknown')
          AND b.word IN ('raised', 'reopened')) AS told_level,
       (SELECT b.word FROM delivery o JOIN alert_event b ON b.event_id = o.event_id
        WHERE o.alert_id = d.alert_id AND o.recipient_id = d.recipient_id AND o.channel = d.channel
          AND o.number < d.number AND o.state IN ('sent', 'delivered', 'unknown')
        ORDER BY o.number DESC LIMIT 1) AS told_word,
       (SELECT count(DISTINCT o.event_id) FROM delivery o
        WHERE o.recipient_id = d.recipient_id AND o.channel = d.channel AND o.event_id <> d.event_id
          AND (o.sent_at >= date_trunc('day', %(now)s::timestamptz, r.time_zone) OR o.state = 'leased')) AS told_today,
       week.raises AS told_week, week.level AS told_week_level,
       (SELECT count(*) FROM delivery_attempt p WHERE p.delivery_id = d.delivery_id AND p.outcome = 'unknown')
           AS unknown_attempts
FROM delivery d
JOIN alert_event e ON e.event_id = d.event_id
JOIN alert a ON a.alert_id = d.alert_id
JOIN recipient r ON r.recipient_id = d.recipient_id
LEFT JOIN recipient_address t ON t.recipient_id = d.recipient_id AND t.channel = d.channel
LEFT JOIN LATERAL (
    SELECT count(*) AS raises, max(b.level) AS level
    FROM delivery o
    JOIN alert_event b ON b.event_id = o.event_id AND b.word = 'raised'
    JOIN alert oa ON oa.alert_id = o.alert_id AND oa.species IS NOT DISTINCT FROM a.species
    WHERE o.recipient_id = d.recipient_id AND o.channel = d.channel AND o.event_id <> d.event_id
      AND o.state IN ('sent', 'delivered', 'unknown')
      AND coalesce(o.sent_at, o.finished_at) > %(now)s::timestamptz - interval '7 days'
) AS week ON r.kind = 'farmer'
WHERE d.delivery_id = %(delivery_id)s

-- waited_together --
-- What waited for the same person by the same channel about the same alert, and may go now or came before.
SELECT d.delivery_id, e.word, e.level
FROM delivery d
JOIN delivery mine ON mine.delivery_id = %(delivery_id)s AND d.alert_id = mine.alert_id
    AND d.recipient_id = mine.recipient_id AND d.channel = mine.channel
JOIN alert_event e ON e.event_id = d.event_id
WHERE d.delivery_id = mine.delivery_id
   OR d.state = 'queued' AND d.waited IS NOT NULL
      AND (d.next_try_at <= %(now)s OR d.number < mine.number)
ORDER BY d.number
FOR UPDATE OF d

-- skip --
UPDATE delivery SET state = 'skipped', reason = %(reason)s, finished_at = %(now)s
WHERE delivery_id = ANY(%(delivery_ids)s) AND state IN ('queued', 'failed')

-- hold --
UPDATE delivery SET state = 'queued', waited = coalesce(waited, %(waited)s), due_at = %(until)s, next_try_at = %(until)s
WHERE delivery_id = %(delivery_id)s

-- pass_over --
UPDATE delivery d SET state = 'skipped', reason = 'passed over', finished_at = %(now)s
FROM alert a
WHERE a.alert_id = d.alert_id AND d.state IN ('queued', 'failed') AND d.created_at <= %(now)s
  AND (%(org_id)s::text IS NULL OR a.org_id = %(org_id)s)

-- bury --
UPDATE delivery SET state = 'dead', reason = %(reason)s, finished_at = %(now)s WHERE delivery_id = %(delivery_id)s

-- lease --
UPDATE delivery SET
    state = 'leased', reason = NULL, lease_until = %(lease_until)s, lease_token = %(token)s, attempts = attempts + 1
WHERE delivery_id = %(delivery_id)s
RETURNING attempts

-- add_attempt --
INSERT INTO delivery_attempt (delivery_id, number, lease_token, started_at)
VALUES (%(delivery_id)s, %(number)s, %(token)s, %(now)s)

-- end_attempt --
UPDATE delivery_attempt SET ended_at = %(now)s, outcome = %(outcome)s, detail = %(detail)s
WHERE lease_token = %(token)s AND delivery_id = %(delivery_id)s

-- record --
-- Only while nobody else has it: a lease that ran out may have been given to another notifier.
UPDATE delivery SET
    state = %(state)s, reason = %(reason)s, provider_id = coalesce(%(provider_id)s, provider_id), lease_until = NULL,
    next_try_at = coalesce(%(next_try_at)s::timestamptz, next_try_at),
    sent_at = CASE WHEN %(state)s = 'sent' THEN %(now)s::timestamptz ELSE sent_at END,
    finished_at = CASE WHEN %(state)s <> 'failed' THEN %(now)s::timestamptz END
WHERE delivery_id = %(delivery_id)s AND lease_token = %(token)s AND state IN ('leased', 'unknown', 'failed')

-- refuse_address --
UPDATE recipient_address t SET refused_at = %(now)s
FROM delivery d
WHERE d.delivery_id = %(delivery_id)s AND t.recipient_id = d.recipient_id AND t.channel = d.channel

-- lock_expired --
SELECT d.delivery_id, d.lease_token, d.attempts, d.due_at, e.word, e.level,
       (SELECT count(*) FROM delivery_attempt p WHERE p.delivery_id = d.delivery_id AND p.outcome = 'unknown')
           AS unknown_attempts
FROM delivery d
JOIN alert_event e ON e.event_id = d.event_id
WHERE d.channel = %(channel)s AND d.state = 'leased' AND d.lease_until < %(now)s
ORDER BY d.delivery_id
LIMIT 100
FOR UPDATE OF d SKIP LOCKED

-- receipt --
-- A provider names the message by its own id or by our key; what it says last does not undo what arrived.
UPDATE delivery SET
    state = CASE WHEN %(arrived)s THEN 'delivered' ELSE 'dead' END,
    reason = CASE WHEN %(arrived)s THEN NULL ELSE 'undelivered' END,
    sent_at = coalesce(sent_at, now()), lease_until = NULL, finished_at = now()
WHERE channel = %(channel)s AND (provider_id = %(provider_id)s OR key::text = %(provider_id)s)
  AND state IN ('leased', 'sent', 'unknown', 'delivered', 'dead')
  AND (state <> 'delivered' OR %(arrived)s)
RETURNING delivery_id

-- list_deliveries --
SELECT d.delivery_id, d.alert_id, d.event_id, e.word, e.level, d.recipient_id, r.name AS recipient, d.channel, d.state,
       d.reason, d.text, d.segments, d.attempts, nullif(d.next_try_at, 'infinity') AS next_try_at, d.provider_id,
       d.created_at, d.sent_at, d.finished_at
FROM delivery d
JOIN alert_event e ON e.event_id = d.event_id
JOIN recipient r ON r.recipient_id = d.recipient_id
WHERE d.alert_id = %(alert_id)s
ORDER BY d.delivery_id

-- outbox --
-- How much waits, and since when; what was given up or is unknown since yesterday.
SELECT (SELECT count(*) FROM alert_event WHERE fanned_out_at IS NULL) AS events,
       count(*) FILTER (WHERE d.state IN ('queued', 'failed') AND d.next_try_at <= %(now)s) AS due,
       count(*) FILTER (WHERE d.state = 'failed') AS failed,
       count(*) FILTER (WHERE d.state = 'unknown') AS unknown,
       count(*) FILTER (WHERE d.state = 'dead') AS dead,
       least((SELECT min(at) FROM alert_event WHERE fanned_out_at IS NULL),
             min(d.due_at) FILTER (WHERE d.state IN ('queued', 'failed') AND d.due_at <= %(now)s)) AS oldest_at
FROM delivery d
WHERE d.state IN ('queued', 'failed') OR d.finished_at > %(now)s::timestamptz - interval '1 day'
