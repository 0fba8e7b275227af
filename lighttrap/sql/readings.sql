-- create_stage --
-- Where a batch lands before it is judged; empty again after every commit.
CREATE TEMPORARY TABLE IF NOT EXISTS stage (
    place integer NOT NULL,
    org_id text NOT NULL, trap_id text NOT NULL, boot bigint NOT NULL, seq bigint NOT NULL,
    start_at timestamptz NOT NULL, end_at timestamptz NOT NULL, lamp_s integer NOT NULL, counts_text text NOT NULL,
    temperature_c double precision, humidity_pct double precision, rain_mm double precision,
    wind_m_s double precision, light_lx double precision, battery_v double precision, panel_v double precision,
    signal_dbm double precision, model_version text, image_ref text,
    prev_boot bigint, prev_last_seq bigint, received_at timestamptz NOT NULL, sha bytea NOT NULL,
    copies integer NOT NULL,
    counts jsonb GENERATED ALWAYS AS (counts_text::jsonb) STORED, night date, fate text, field_id text
) ON COMMIT DELETE ROWS;
-- The nights of fields to judge, that the batch added to.
CREATE TEMPORARY TABLE IF NOT EXISTS touched (
    field_id text NOT NULL, night date NOT NULL, PRIMARY KEY (field_id, night)
) ON COMMIT DELETE ROWS

-- empty_stage --
DELETE FROM stage

-- copy_to_stage --
COPY stage (place, org_id, trap_id, boot, seq, start_at, end_at, lamp_s, counts_text, temperature_c, humidity_pct, rain_mm,
            wind_m_s, light_lx, battery_v, panel_v, signal_dbm, model_version, image_ref, prev_boot, prev_last_seq,
            received_at, sha, copies) FROM STDIN (FORMAT binary)

-- open_ledger --
-- A row for every boot heard of for the first time, and for the boot before it, whose tail may be missing; of one trap
-- a hundred within a day, for each costs a look at every scan for gaps.
INSERT INTO ledger (trap_id, boot)
SELECT n.trap_id, n.boot
FROM (
    SELECT new.trap_id, new.boot, row_number() OVER (PARTITION BY new.trap_id ORDER BY new.place) AS number
    FROM (
        SELECT s.trap_id, b.boot, min(s.place) AS place
        FROM stage s
        JOIN trap t ON t.trap_id = s.trap_id AND t.org_id = s.org_id
        CROSS JOIN LATERAL (VALUES (s.boot), (s.prev_boot)) AS b (boot)
        LEFT JOIN ledger l ON l.trap_id = s.trap_id AND l.boot = b.boot
        WHERE l.trap_id IS NULL AND b.boot IS NOT NULL
        GROUP BY s.trap_id, b.boot
    ) AS new
) AS n
WHERE n.number + new_boots(n.trap_id) <= 5000
ORDER BY n.trap_id, n.boot
ON CONFLICT DO NOTHING

-- lock_ledger --
-- In one order, so that two writers cannot deadlock; what is judged next is judged on locked rows.
SELECT FROM ledger l
WHERE (l.trap_id, l.boot) IN (SELECT s.trap_id, s.boot FROM stage s UNION SELECT s.trap_id, s.prev_boot FROM stage s)
ORDER BY l.trap_id, l.boot
FOR NO KEY UPDATE

-- judge_stage --
-- Gives each staged reading its night and its fate: fresh, duplicate, or the reason it goes to quarantine. A boot with
-- few holes takes less than 1,000 bytes, and costs no count; a thousand never do, compressed neither. A trap whose gaps
-- are full may fill them, and go on where its boot has come to without a gap: 200 in a batch, for each looks at all.
UPDATE stage s SET
    night = night_of(s.start_at + (s.end_at - s.start_at) / 2, coalesce(f.time_zone, 'Asia/Ho_Chi_Minh')),
    fate = CASE
        WHEN t.trap_id IS NULL THEN 'unknown_trap'
        WHEN t.org_id <> s.org_id THEN 'wrong_org'
        WHEN l.trap_id IS NULL THEN 'boots'
        WHEN pg_column_size(l.stored) + pg_column_size(l.rejected) + pg_column_size(l.gone) > 1000
             AND NOT s.seq <@ l.stored AND makes_hole(s.seq, l.stored + l.rejected + l.gone) THEN 'holes'
        WHEN t.gaps_full AND s.seq > l.sent_upto + 1
             AND (s.seq - l.sent_upto > 200
                  OR s.seq - l.sent_upto > (SELECT count(*) FROM stage p
                                            WHERE p.trap_id = s.trap_id AND p.boot = s.boot
                                              AND p.seq > l.sent_upto AND p.seq <= s.seq)) THEN 'holes'
        WHEN s.end_at > s.received_at + interval '10 minutes' THEN 'clock_ahead'
        WHEN s.start_at < t.in_service_from THEN 'clock_behind'
        WHEN s.start_at >= t.retired_at THEN 'retired'
        WHEN NOT s.seq <@ l.stored THEN 'fresh'
        -- What was stored then is deleted; nobody can compare them any more.
        WHEN s.start_at < o.readings_from THEN 'duplicate'
        WHEN EXISTS (SELECT FROM reading r
                     WHERE r.trap_id = s.trap_id AND r.start_at = s.start_at
                       AND r.boot = s.boot AND r.seq = s.seq AND r.sha = s.sha) THEN 'duplicate'
        ELSE 'key_conflict'
    END,
    field_id = d.field_id
FROM stage x
LEFT JOIN trap t ON t.trap_id = x.trap_id
LEFT JOIN org o ON o.org_id = t.org_id
LEFT JOIN ledger l ON l.trap_id = x.trap_id AND l.boot = x.boot
LEFT JOIN deployment d ON d.trap_id = x.trap_id AND x.start_at >= d.from_at AND x.start_at < d.to_at
LEFT JOIN field f ON f.field_id = d.field_id
WHERE x.place = s.place

-- insert_fresh --
INSERT INTO reading (trap_id, boot, seq, start_at, end_at, night, lamp_s, counts, temperature_c, humidity_pct, rain_mm,
                     wind_m_s, light_lx, battery_v, panel_v, signal_dbm, model_version, image_ref, received_at, sha)
SELECT trap_id, boot, seq, start_at, end_at, night, lamp_s, counts, temperature_c, humidity_pct, rain_mm,
       wind_m_s, light_lx, battery_v, panel_v, signal_dbm, model_version, image_ref, received_at, sha
FROM stage WHERE fate = 'fresh'

-- enter_in_ledger --
-- What this batch stored, refused or met again, per boot; `sent_upto` also learns from the next boot's first words.
UPDATE ledger l SET
    stored = l.stored + b.fresh,
    rejected = (l.rejected + b.refused) - (l.stored + b.fresh),
    gone = l.gone - (b.fresh + b.refused),
    sent_upto = greatest(l.sent_upto, b.last_seq),
    duplicates = l.duplicates + b.duplicates,
    last_at = greatest(l.last_at, b.last_at)
FROM (
    SELECT trap_id, boot,
           coalesce(range_agg(span) FILTER (WHERE fate = 'fresh'), '{}') AS fresh,
           coalesce(range_agg(span) FILTER (WHERE fate NOT IN ('fresh', 'duplicate', 'prev')), '{}') AS refused,
           coalesce(sum(copies) FILTER (WHERE fate = 'duplicate'), 0)
               + coalesce(sum(copies - 1) FILTER (WHERE fate = 'fresh'), 0) AS duplicates,
           max(seq) AS last_seq, max(received_at) AS last_at
    FROM (
        SELECT trap_id, boot, seq, int8range(seq, seq, '[]') AS span, fate, received_at, copies
        FROM stage WHERE fate NOT IN ('unknown_trap', 'wrong_org', 'boots', 'holes')
        UNION ALL
        SELECT trap_id, prev_boot, prev_last_seq, NULL, 'prev', received_at, 0
        FROM stage WHERE fate = 'fresh' AND prev_boot IS NOT NULL
          AND (SELECT t.gaps_full FROM trap t WHERE t.trap_id = stage.trap_id) IS FALSE
    ) AS word
    GROUP BY trap_id, boot
) AS b
WHERE l.trap_id = b.trap_id AND l.boot = b.boot

-- not_fresh --
SELECT place, fate FROM stage WHERE fate <> 'fresh'

-- page_readings --
SELECT boot, seq, start_at, end_at, night, lamp_s, counts, temperature_c, humidity_pct, rain_mm, wind_m_s, light_lx,
       battery_v, panel_v, signal_dbm, model_version, image_ref, received_at
FROM reading
WHERE trap_id = %(trap_id)s AND start_at >= %(first)s AND start_at < %(before)s
  AND (start_at, boot, seq) > (%(after_at)s, %(after_boot)s, %(after_seq)s)
ORDER BY start_at, boot, seq
LIMIT %(limit)s
