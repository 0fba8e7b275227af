-- watch_devices --
-- Raises an alert for every fault that is there now and was not, ends those whose fault is gone, and says both.
WITH watched AS (
    SELECT t.trap_id, t.org_id, t.interval_s, coalesce(f.time_zone, 'Asia/Ho_Chi_Minh') AS zone, d.field_id,
           greatest(heard.last_at, st.received_at) AS last_at, st.battery_v, heard.missing,
           %(listening_s)s > greatest(%(settle_s)s, 2 * t.interval_s) AS was_heard_for
    FROM trap t
    LEFT JOIN deployment d ON d.trap_id = t.trap_id AND d.from_at <= now() AND d.to_at > now()
    LEFT JOIN field f ON f.field_id = d.field_id
    LEFT JOIN trap_status st ON st.trap_id = t.trap_id
    LEFT JOIN LATERAL (
        SELECT max(l.last_at) AS last_at,
               sum(seq_count(missing_seqs(l.stored + l.rejected + l.gone, l.sent_upto))) AS missing
        FROM ledger l WHERE l.trap_id = t.trap_id
    ) AS heard ON true
    WHERE (%(org_id)s::text IS NULL OR t.org_id = %(org_id)s) AND t.in_service_from <= now() AND t.retired_at > now()
), silent AS (
    -- To raise, it must have been silent while we were listening, and long enough to have tried again. `near` counts
    -- the traps that spoke last within the same span of time as this one.
    SELECT trap_id, org_id, last_at, was_heard_for,
           last_at < now() - make_interval(secs => %(silent_after_s)s::float8 + %(group_within_s)s::float8) AS is_sure,
           greatest(
               count(*) OVER (PARTITION BY org_id ORDER BY last_at
                              RANGE BETWEEN CURRENT ROW AND make_interval(secs => %(group_within_s)s) FOLLOWING),
               count(*) OVER (PARTITION BY org_id ORDER BY last_at
                              RANGE BETWEEN make_interval(secs => %(group_within_s)s) PRECEDING AND CURRENT ROW)) AS near
    FROM watched
    WHERE last_at < now() - make_interval(secs => %(silent_after_s)s)
), together AS (
    -- Traps that fell silent together have one cause: a gateway, a network, the power.
    SELECT s.*, s.near >= greatest(%(many_traps)s, %(many_share)s * o.traps) AS is_one_of_many, o.traps
    FROM silent s
    JOIN (SELECT org_id, count(*) AS traps FROM watched WHERE last_at IS NOT NULL GROUP BY org_id) AS o USING (org_id)
), many AS (
    SELECT org_id, count(*) AS silent, traps, min(last_at) AS last_at, bool_or(was_heard_for) AS was_heard_for
    FROM together WHERE is_one_of_many GROUP BY org_id, traps
), fault AS (
    SELECT org_id, NULL::text AS trap_id, 'silent-many' AS fault, 2 AS level, was_heard_for AS may_raise,
           jsonb_build_object('silent', silent, 'traps', traps, 'since', last_at) AS facts
    FROM many
    UNION ALL
    SELECT org_id, trap_id, 'silent', 2, was_heard_for AND is_sure AND NOT is_one_of_many,
           jsonb_build_object('since', last_at)
    FROM together
    UNION ALL
    -- Low in the last word and until it has risen a little: a battery at the limit would raise and end without end. A
    -- trap that says nothing more has not got a better one.
    SELECT w.org_id, w.trap_id, 'battery', 1, true, jsonb_build_object('battery_v', v.battery_v)
    FROM watched w
    CROSS JOIN LATERAL (
        SELECT coalesce((
            SELECT r.battery_v FROM reading r
            WHERE r.trap_id = w.trap_id AND r.start_at > now() - interval '2 days' AND r.battery_v IS NOT NULL
            ORDER BY r.start_at DESC LIMIT 1), w.battery_v) AS battery_v,
            EXISTS (SELECT FROM alert a
                    WHERE a.trap_id = w.trap_id AND a.fault = 'battery' AND a.state = 'active') AS is_known
    ) AS v
    WHERE v.battery_v < %(battery_low_v)s + CASE WHEN v.is_known THEN 0.3 ELSE 0 END
       OR (v.battery_v IS NULL OR w.last_at < now() - interval '2 days') AND v.is_known
    UNION ALL
    -- All that the trap gave out has come, the next night has begun, and the lamp did not burn for half of its time.
    SELECT w.org_id, w.trap_id, 'lamp', 2, true,
           jsonb_build_object('night', n.night, 'lamp_s', n.lamp_s, 'nominal_s', t.nominal_s)
    FROM watched w
    JOIN trap t ON t.trap_id = w.trap_id
    JOIN trap_night n ON n.trap_id = w.trap_id AND n.night = night_of(now(), w.zone) - 1
    JOIN trap_night next ON next.trap_id = w.trap_id AND next.night = n.night + 1
    WHERE n.lamp_s * 2 < t.nominal_s AND n.covered_s * 2 >= t.nominal_s AND w.missing = 0
    UNION ALL
    SELECT w.org_id, w.trap_id, 'lamp', 2, false, '{}'
    FROM watched w
    JOIN trap t ON t.trap_id = w.trap_id
    JOIN alert a ON a.trap_id = w.trap_id AND a.fault = 'lamp' AND a.state = 'active'
    WHERE NOT EXISTS (SELECT FROM trap_night g
                      WHERE g.trap_id = w.trap_id AND g.night >= a.opened_night AND g.lamp_s * 2 >= t.nominal_s)
    UNION ALL
    SELECT w.org_id, w.trap_id, 'gap', 1, bool_and(g.asked > 0 AND w.was_heard_for),
           jsonb_build_object('missing', sum(seq_count(g.missing)), 'since', min(g.opened_at))
    FROM watched w
    JOIN gap g ON g.trap_id = w.trap_id AND g.closed_at IS NULL
    WHERE g.opened_at < now() - make_interval(secs => %(gap_after_s)s)
    GROUP BY w.org_id, w.trap_id
), raised AS (
    INSERT INTO alert (org_id, kind, trap_id, field_id, fault, level, highest, opened_night)
    SELECT f.org_id, 'device', f.trap_id, w.field_id, f.fault, f.level, f.level,
           night_of(now(), coalesce(w.zone, 'Asia/Ho_Chi_Minh'))
    FROM fault f LEFT JOIN watched w ON w.trap_id = f.trap_id
    WHERE f.may_raise
      AND NOT EXISTS (SELECT FROM alert a WHERE a.kind = 'device' AND a.state = 'active' AND a.org_id = f.org_id
                      AND a.fault = f.fault AND a.trap_id IS NOT DISTINCT FROM f.trap_id)
    ON CONFLICT DO NOTHING
    RETURNING alert_id, org_id, trap_id, fault, level, opened_night
), cleared AS (
    UPDATE alert a SET state = 'cleared', cleared_at = now(), version = version + 1,
                       cleared_night = greatest(a.opened_night, night_of(now(), 'Asia/Ho_Chi_Minh'))
    WHERE a.kind = 'device' AND a.state = 'active' AND (%(org_id)s::text IS NULL OR a.org_id = %(org_id)s)
      AND NOT EXISTS (SELECT FROM fault f WHERE f.org_id = a.org_id AND f.fault = a.fault
                      AND f.trap_id IS NOT DISTINCT FROM a.trap_id)
    RETURNING alert_id, fault, level, cleared_night
)
INSERT INTO alert_event (alert_id, number, word, level, night, facts)
SELECT r.alert_id, 1, 'raised', r.level, r.opened_night,
       f.facts || jsonb_build_object('trap', r.trap_id, 'fault', r.fault)
FROM raised r
JOIN fault f ON f.org_id = r.org_id AND f.fault = r.fault AND f.trap_id IS NOT DISTINCT FROM r.trap_id AND f.may_raise
UNION ALL
SELECT c.alert_id, 1 + (SELECT count(*) FROM alert_event e WHERE e.alert_id = c.alert_id), 'cleared', c.level,
       c.cleared_night, jsonb_build_object('fault', c.fault)
FROM cleared c

-- device_states --
SELECT t.trap_id, greatest(heard.last_at, s.received_at) AS last_heard_at, s.online, s.said_at, s.firmware, s.battery_v,
       s.panel_v, s.signal_dbm, coalesce(heard.missing, 0)::bigint AS missing,
       ARRAY(SELECT a.fault FROM alert a
             WHERE a.org_id = t.org_id AND a.trap_id = t.trap_id AND a.kind = 'device' AND a.state = 'active'
             ORDER BY a.fault) AS faults
FROM trap t
LEFT JOIN trap_status s ON s.trap_id = t.trap_id
LEFT JOIN LATERAL (
    SELECT max(l.last_at) AS last_at, sum(upper(span) - lower(span)) AS missing
    FROM ledger l
    LEFT JOIN LATERAL unnest(missing_seqs(l.stored + l.rejected + l.gone, l.sent_upto)) AS span ON true
    WHERE l.trap_id = t.trap_id
) AS heard ON true
WHERE t.org_id = %(org_id)s AND t.trap_id > %(after)s AND t.retired_at > now()
ORDER BY t.trap_id
LIMIT %(limit)s
