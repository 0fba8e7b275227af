-- reading --
-- By trap alone, for the seq of a boot says nothing of its time.
SELECT r.start_at, r.end_at, r.night, r.received_at,
       (SELECT d.field_id FROM deployment d
        WHERE d.trap_id = r.trap_id AND d.from_at <= r.start_at AND d.to_at > r.start_at LIMIT 1) AS field_id
FROM reading r
WHERE r.trap_id = %(trap_id)s AND r.boot = %(boot)s AND r.seq = %(seq)s

-- ledger --
-- What the ledger says of a seq that is not among the readings.
SELECT CASE WHEN %(seq)s::bigint <@ l.stored THEN 'stored' WHEN %(seq)s::bigint <@ l.rejected THEN 'rejected'
            WHEN %(seq)s::bigint <@ l.gone THEN 'gone' WHEN %(seq)s::bigint <= l.sent_upto THEN 'missing'
            ELSE 'not given out yet' END
FROM ledger l
WHERE l.trap_id = %(trap_id)s AND l.boot = %(boot)s

-- cause_of_delivery --
SELECT d.event_id, e.cause
FROM delivery d JOIN alert_event e ON e.event_id = d.event_id
WHERE d.delivery_id = %(delivery_id)s::bigint OR d.key = %(key)s::uuid

-- events --
-- What was said because of a reading, and what else was said of its field's night.
SELECT e.event_id, e.alert_id, e.word, e.level, e.night, e.cause, e.at, e.is_late, e.fanned_out_at
FROM alert_event e
JOIN alert a ON a.alert_id = e.alert_id
WHERE e.cause = %(cause)s OR e.event_id = %(event_id)s::bigint
   OR a.field_id = %(field_id)s AND e.night = %(night)s::date
ORDER BY e.at, e.event_id

-- deliveries --
SELECT d.delivery_id, d.event_id, d.channel, d.recipient_id, d.state, d.reason, d.created_at, d.finished_at, d.provider_id
FROM delivery d
WHERE d.event_id = ANY(%(event_ids)s)
ORDER BY d.delivery_id

-- attempts --
SELECT p.delivery_id, p.number, p.started_at, p.ended_at, p.outcome, p.detail
FROM delivery_attempt p
WHERE p.delivery_id = ANY(%(delivery_ids)s)
ORDER BY p.delivery_id, p.number
