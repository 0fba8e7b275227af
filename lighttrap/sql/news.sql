-- upsert_status --
-- The last word counts, by the trap's own clock where it gives one; a retained status comes again at every subscribe.
INSERT INTO trap_status AS s (trap_id, online, said_at, received_at, boot, last_seq, firmware, battery_v, panel_v, signal_dbm)
SELECT t.trap_id, %(online)s, least(%(at)s::timestamptz, %(received_at)s), %(received_at)s, %(boot)s, %(last_seq)s, %(firmware)s,
       %(battery_v)s, %(panel_v)s, %(signal_dbm)s
FROM trap t WHERE t.trap_id = %(trap_id)s AND t.org_id = %(org_id)s
ON CONFLICT (trap_id) DO UPDATE SET
    online = excluded.online, said_at = excluded.said_at,
    -- The same word again is the broker's, which keeps it: the trap has not spoken.
    received_at = CASE WHEN excluded.said_at = s.said_at THEN s.received_at ELSE excluded.received_at END,
    boot = coalesce(excluded.boot, s.boot), last_seq = coalesce(excluded.last_seq, s.last_seq),
    firmware = coalesce(excluded.firmware, s.firmware), battery_v = coalesce(excluded.battery_v, s.battery_v),
    panel_v = coalesce(excluded.panel_v, s.panel_v), signal_dbm = coalesce(excluded.signal_dbm, s.signal_dbm)
WHERE excluded.said_at >= s.said_at

-- insert_event --
INSERT INTO trap_event (trap_id, at, event, note, received_at, sha)
SELECT t.trap_id, %(at)s, %(event)s, %(note)s, %(received_at)s, %(sha)s
FROM trap t WHERE t.trap_id = %(trap_id)s AND t.org_id = %(org_id)s
ON CONFLICT DO NOTHING

-- upsert_summary --
INSERT INTO night_summary (trap_id, night, boot, first_seq, last_seq, lamp_s, totals, received_at)
SELECT t.trap_id, %(night)s, %(boot)s, %(first_seq)s, %(last_seq)s, %(lamp_s)s, %(totals)s, %(received_at)s
FROM trap t WHERE t.trap_id = %(trap_id)s AND t.org_id = %(org_id)s
ON CONFLICT (trap_id, night, boot) DO UPDATE SET
    first_seq = excluded.first_seq, last_seq = excluded.last_seq, lamp_s = excluded.lamp_s, totals = excluded.totals,
    received_at = excluded.received_at

-- owner --
SELECT org_id FROM trap WHERE trap_id = %(trap_id)s

-- page_events --
SELECT e.at, e.event, e.note, e.received_at, e.sha
FROM trap_event e
JOIN trap t ON t.trap_id = e.trap_id
WHERE t.org_id = %(org_id)s AND e.trap_id = %(trap_id)s
  AND (%(first)s::timestamptz IS NULL OR e.at >= %(first)s)
  AND (%(before)s::timestamptz IS NULL OR e.at < %(before)s)
  AND (%(last_at)s::timestamptz IS NULL OR (e.at, e.sha) < (%(last_at)s, %(last_sha)s::bytea))
ORDER BY e.at DESC, e.sha DESC
LIMIT %(limit)s
