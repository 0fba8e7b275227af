-- quarantine --
-- Poison is kept once; the same message for the same reason only counts.
INSERT INTO quarantine AS q (received_at, last_at, topic, payload, payload_bytes, sha, reason, detail, trap_id)
VALUES (%(received_at)s, %(received_at)s, %(topic)s, %(payload)s, %(payload_bytes)s, %(sha)s, %(reason)s, %(detail)s,
        %(trap_id)s)
ON CONFLICT (sha, md5(topic), reason) DO UPDATE SET
    times = q.times + 1, last_at = excluded.last_at, state = 'kept', replayed_at = NULL

-- list --
SELECT quarantine_id, received_at, topic, payload, reason, detail, times, state
FROM quarantine
WHERE (%(reason)s::text IS NULL OR reason = %(reason)s)
  AND (%(trap_id)s::text IS NULL OR trap_id = %(trap_id)s)
  AND (%(all)s OR state = 'kept')
ORDER BY quarantine_id
LIMIT %(limit)s

-- next_to_replay --
-- A page of kept messages, whole ones only, in the order they came.
SELECT quarantine_id, received_at, topic, payload, reason, detail, times, state
FROM quarantine
WHERE state = 'kept' AND quarantine_id > %(after)s AND quarantine_id <= %(upto)s AND payload_bytes = length(payload)
  AND (%(reason)s::text IS NULL OR reason = %(reason)s)
  AND (%(trap_id)s::text IS NULL OR trap_id = %(trap_id)s)
ORDER BY quarantine_id
LIMIT %(limit)s
FOR UPDATE SKIP LOCKED

-- newest --
SELECT coalesce(max(quarantine_id), 0) FROM quarantine

-- mark_replayed --
UPDATE quarantine SET state = 'replayed', replayed_at = now() WHERE quarantine_id = ANY(%(ids)s)

-- count_by_reason --
SELECT reason, count(*) AS messages, sum(times)::bigint AS times FROM quarantine
WHERE state = 'kept' GROUP BY reason ORDER BY reason

-- page_of_org --
-- Whose a message is, its topic says: a trap may be unknown, or another org's.
SELECT quarantine_id, received_at, topic, substring(payload FROM 1 FOR 2000) AS payload, payload_bytes, reason, detail,
       times, state
FROM quarantine
WHERE substring(topic FROM 1 FOR length(%(prefix)s::bytea)) = %(prefix)s::bytea AND quarantine_id > %(after)s
  AND (%(reason)s::text IS NULL OR reason = %(reason)s)
  AND (%(trap_id)s::text IS NULL OR trap_id = %(trap_id)s)
  AND (%(all)s OR state = 'kept')
ORDER BY quarantine_id
LIMIT %(limit)s
