-- known_senders --
-- A trap under the topics of an org that is not its own is a stranger there. Asked once: what is registered while the
-- days are opened and locked must not change whose they are.
SELECT coalesce(o.org_id, ''), coalesce(t.trap_id, '')
FROM unnest(%(orgs)s::text[], %(traps)s::text[]) WITH ORDINALITY AS s (org_id, trap_id, place)
LEFT JOIN org o ON o.org_id = s.org_id
LEFT JOIN trap t ON t.trap_id = s.trap_id AND t.org_id = s.org_id
ORDER BY s.place

-- open_days --
INSERT INTO quarantine_day (day, org_id, trap_id)
SELECT DISTINCT s.day, s.org_id, s.trap_id
FROM unnest(%(days)s::date[], %(orgs)s::text[], %(traps)s::text[]) AS s (day, org_id, trap_id)
ORDER BY 1, 2, 3
ON CONFLICT DO NOTHING

-- lock_days --
-- In one order, so that two writers cannot deadlock.
SELECT d.day, d.org_id, d.trap_id, d.kept_bytes
FROM unnest(%(days)s::date[], %(orgs)s::text[], %(traps)s::text[]) AS s (day, org_id, trap_id)
JOIN quarantine_day d ON d.day = s.day AND d.org_id = s.org_id AND d.trap_id = s.trap_id
ORDER BY d.day, d.org_id, d.trap_id
FOR UPDATE OF d

-- enter_in_days --
UPDATE quarantine_day SET
    kept = kept + %(kept)s, kept_bytes = kept_bytes + %(added_bytes)s, dropped = dropped + %(dropped)s
WHERE day = %(day)s AND org_id = %(org_id)s AND trap_id = %(trap_id)s

-- dropping_days --
SELECT day, nullif(trap_id, '') AS trap_id, kept, kept_bytes, dropped
FROM quarantine_day
WHERE org_id = %(org_id)s AND day >= %(first)s AND dropped > 0
ORDER BY day DESC, dropped DESC, trap_id
LIMIT %(limit)s

-- dropped_since --
SELECT coalesce(sum(dropped), 0)::bigint, count(DISTINCT (org_id, trap_id)),
       (array_agg(nullif(trap_id, '') ORDER BY dropped DESC))[1]
FROM quarantine_day
WHERE day >= %(first)s AND dropped > 0
