-- quarantine --
-- Poison is kept once; the same message for the same reason only counts. Who asked for it before is still to be served.
INSERT INTO quarantine AS q (received_at, last_at, topic, payload, payload_bytes, sha, reason, detail, trap_id, times)
VALUES (%(received_at)s, %(received_at)s, %(topic)s, %(payload)s, %(payload_bytes)s, %(sha)s, %(reason)s, %(detail)s,
        %(trap_id)s, %(times)s)
ON CONFLICT (sha, md5(topic), reason) DO UPDATE SET
    times = q.times + excluded.times, last_at = greatest(q.last_at, excluded.last_at), replayed_at = NULL,
    state = CASE q.state WHEN 'asked' THEN 'asked' ELSE 'kept' END

-- count_known --
-- The same for those that are here already; whoever is not found is new.
UPDATE quarantine q SET
    times = q.times + s.times, last_at = greatest(q.last_at, s.received_at), replayed_at = NULL,
    state = CASE q.state WHEN 'asked' THEN 'asked' ELSE 'kept' END
FROM unnest(%(shas)s::bytea[], %(topics)s::bytea[], %(reasons)s::text[], %(times)s::bigint[], %(received)s::timestamptz[])
    WITH ORDINALITY AS s (sha, topic, reason, times, received_at, place)
WHERE q.sha = s.sha AND md5(q.topic) = md5(s.topic) AND q.reason = s.reason
RETURNING s.place

-- list --
SELECT quarantine_id, received_at, topic, payload, reason, detail, times, state
FROM quarantine
WHERE (%(reason)s::text IS NULL OR reason = %(reason)s)
  AND (%(trap_id)s::text IS NULL OR trap_id = %(trap_id)s)
  AND (%(all)s OR state <> 'replayed')
ORDER BY quarantine_id
LIMIT %(limit)s

-- next_to_replay --
-- Messages that are still here, whole ones only, in the order they came.
SELECT quarantine_id
FROM quarantine
WHERE state <> 'replayed' AND quarantine_id > %(after)s AND quarantine_id <= %(upto)s
  AND payload_bytes = length(payload)
  AND (%(reason)s::text IS NULL OR reason = %(reason)s)
  AND (%(trap_id)s::text IS NULL OR trap_id = %(trap_id)s)
ORDER BY quarantine_id
LIMIT %(limit)s

-- asked_for --
-- Those of one org, or of all, that somebody wants taken up.
SELECT quarantine_id
FROM quarantine
WHERE state = 'asked'
  AND (%(prefix)s::bytea IS NULL OR substring(topic FROM 1 FOR length(%(prefix)s)) = %(prefix)s)
ORDER BY quarantine_id
LIMIT %(limit)s

-- take_up --
-- Locked until the transaction ends; what somebody else is taking up just now, or has taken up, is left out.
SELECT quarantine_id, received_at, topic, payload, reason, detail, times, state
FROM quarantine
WHERE quarantine_id = ANY(%(ids)s) AND state <> 'replayed'
ORDER BY quarantine_id
FOR UPDATE SKIP LOCKED

-- newest --
SELECT coalesce(max(quarantine_id), 0) FROM quarantine

-- mark_replayed --
UPDATE quarantine SET state = 'replayed', replayed_at = now(), tried_at = now() WHERE quarantine_id = ANY(%(ids)s)

-- count_by_reason --
SELECT reason, count(*) AS messages, sum(times)::bigint AS times FROM quarantine
WHERE state <> 'replayed' GROUP BY reason ORDER BY reason

-- page_of_org --
-- Whose a message is, its topic says: a trap may be unknown, or another org's. One that was taken up and refused for
-- another reason is here again under that one.
SELECT q.quarantine_id, q.received_at, q.topic,
       CASE WHEN %(whole)s THEN q.payload ELSE substring(q.payload FROM 1 FOR 2000) END AS payload, q.payload_bytes,
       q.reason, q.detail, q.times, q.state, q.asked_at, q.tried_at, q.replayed_at,
       q.payload_bytes = length(q.payload) AS is_whole,
       (SELECT o.reason FROM quarantine o
        WHERE q.state = 'replayed' AND o.sha = q.sha AND md5(o.topic) = md5(q.topic) AND o.state <> 'replayed'
        ORDER BY o.last_at DESC LIMIT 1) AS kept_again_as
FROM quarantine q
WHERE substring(q.topic FROM 1 FOR length(%(prefix)s::bytea)) = %(prefix)s::bytea AND q.quarantine_id > %(after)s
  AND (%(quarantine_id)s::bigint IS NULL OR q.quarantine_id = %(quarantine_id)s)
  AND (%(reason)s::text IS NULL OR q.reason = %(reason)s)
  AND (%(trap_id)s::text IS NULL OR q.trap_id = %(trap_id)s)
  AND (%(all)s OR q.state <> 'replayed')
ORDER BY q.quarantine_id
LIMIT %(limit)s

-- of_org --
-- Which of these messages are an org's.
SELECT quarantine_id
FROM quarantine
WHERE quarantine_id = ANY(%(ids)s) AND substring(topic FROM 1 FOR length(%(prefix)s::bytea)) = %(prefix)s::bytea

-- ask_for --
-- What was cut is not asked for: it can never be stored.
UPDATE quarantine SET state = 'asked', asked_at = now()
WHERE quarantine_id IN (
    SELECT q.quarantine_id
    FROM quarantine q
    WHERE q.state = 'kept' AND q.payload_bytes = length(q.payload)
      AND substring(q.topic FROM 1 FOR length(%(prefix)s::bytea)) = %(prefix)s::bytea
      AND (%(ids)s::bigint[] IS NULL OR q.quarantine_id = ANY(%(ids)s))
      AND (%(reason)s::text IS NULL OR q.reason = %(reason)s)
      AND (%(trap_id)s::text IS NULL OR q.trap_id = %(trap_id)s)
    ORDER BY q.quarantine_id
    LIMIT %(limit)s
    FOR UPDATE SKIP LOCKED
)
