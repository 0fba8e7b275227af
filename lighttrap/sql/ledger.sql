-- note_sent --
-- Of a boot beyond the hundredth within a day nothing is noted, nor of a trap that may open no more gaps.
INSERT INTO ledger (trap_id, boot, sent_upto)
SELECT b.trap_id, b.boot, %(last_seq)s
FROM boot_to_open(%(trap_id)s, %(boot)s) AS b JOIN trap t USING (trap_id)
WHERE NOT t.gaps_full
ON CONFLICT (trap_id, boot) DO UPDATE SET sent_upto = excluded.sent_upto
WHERE ledger.sent_upto < excluded.sent_upto

-- note_gone --
-- What the trap can no longer send; a seq that is stored after all stays stored. Not where it would make too many holes.
INSERT INTO ledger (trap_id, boot, gone)
SELECT trap_id, boot, int8multirange(int8range(%(from_seq)s, %(to_seq)s, '[]'))
FROM boot_to_open(%(trap_id)s, %(boot)s)
ON CONFLICT (trap_id, boot) DO UPDATE SET gone = (ledger.gone + excluded.gone) - ledger.stored - ledger.rejected
WHERE range_count(ledger.stored + ledger.rejected + ledger.gone + excluded.gone) <= greatest(
          1000, range_count(ledger.stored + ledger.rejected + ledger.gone))

-- note_rejected --
-- What was refused though the ledger's own statement never saw it; not where it would make one hole too many.
INSERT INTO ledger (trap_id, boot, rejected, sent_upto)
SELECT b.trap_id, b.boot, int8multirange(int8range(%(seq)s, %(seq)s, '[]')), %(seq)s
FROM trap t CROSS JOIN LATERAL boot_to_open(t.trap_id, %(boot)s) AS b
WHERE t.trap_id = %(trap_id)s AND t.org_id = %(org_id)s
ON CONFLICT (trap_id, boot) DO UPDATE SET
    rejected = (ledger.rejected + excluded.rejected) - ledger.stored,
    gone = ledger.gone - excluded.rejected,
    sent_upto = greatest(ledger.sent_upto, excluded.sent_upto)
WHERE NOT makes_hole(%(seq)s, ledger.stored + ledger.rejected + ledger.gone)

-- watermarks --
-- Per boot: every seq up to the watermark is stored, refused or given up.
SELECT t.org_id, l.trap_id, l.boot,
       coalesce(lower(missing_seqs(l.stored + l.rejected + l.gone, l.sent_upto)) - 1, l.sent_upto) AS seq
FROM unnest(%(trap_ids)s::text[], %(boots)s::bigint[]) AS wanted (trap_id, boot)
JOIN ledger l USING (trap_id, boot)
JOIN trap t USING (trap_id)
ORDER BY l.trap_id, l.last_at DESC

-- recent_boots --
-- The newest hundred boots of each trap that its ring may still hold.
SELECT trap_id, boot FROM (
    SELECT trap_id, boot, row_number() OVER (PARTITION BY trap_id ORDER BY last_at DESC) AS place
    FROM ledger WHERE trap_id = ANY(%(trap_ids)s) AND last_at > now() - interval '31 days'
) AS recent WHERE place <= 100

-- lines --
SELECT l.trap_id, l.boot, l.sent_upto AS sent, seq_count(l.stored) AS stored, l.duplicates AS duplicate,
       seq_count(l.rejected) AS rejected, seq_count(l.gone * int8multirange(int8range(1, l.sent_upto + 1))) AS gone,
       seq_count(missing_seqs(l.stored + l.rejected + l.gone, l.sent_upto)) AS missing,
       coalesce(lower(missing_seqs(l.stored + l.rejected + l.gone, l.sent_upto)) - 1, l.sent_upto) AS watermark,
       l.first_at, l.last_at
FROM ledger l JOIN trap t USING (trap_id)
WHERE (%(org_id)s::text IS NULL OR t.org_id = %(org_id)s)
  AND (%(trap_id)s::text IS NULL OR l.trap_id = %(trap_id)s)
ORDER BY l.trap_id, l.first_at, l.boot

-- be_brief --
-- Rather not now than in the way of readings that come.
SET LOCAL statement_timeout = '10s'

-- mark_full --
-- Counted now and then and not for each reading: until the next count a trap may be a burst of its quota above.
WITH full_trap AS MATERIALIZED (
    SELECT trap_id FROM gap WHERE closed_at IS NULL GROUP BY trap_id HAVING count(*) >= %(gaps)s
)
UPDATE trap SET gaps_full = NOT gaps_full WHERE gaps_full <> (trap_id IN (SELECT trap_id FROM full_trap))

-- open_gaps --
-- New holes become rows, dated by the nights of the readings beside them; some at a time, so that it comes to an end, and
-- none of a trap that has its number.
INSERT INTO gap (trap_id, boot, seqs, missing, first_night, last_night)
SELECT hole.trap_id, hole.boot, hole.seqs, int8multirange(hole.seqs), before.night, coalesce(after.night, before.night)
FROM (
    SELECT l.trap_id, l.boot, unnest(missing_seqs(l.stored + l.rejected + l.gone, l.sent_upto) - coalesce(
               (SELECT range_agg(g.seqs) FROM gap g
                WHERE g.trap_id = l.trap_id AND g.boot = l.boot AND g.closed_at IS NULL), '{}')) AS seqs
    FROM ledger l JOIN trap t USING (trap_id)
    WHERE NOT t.gaps_full AND NOT isempty(missing_seqs(l.stored + l.rejected + l.gone, l.sent_upto))
    LIMIT %(gaps)s
) AS hole
LEFT JOIN LATERAL (
    SELECT r.night, r.start_at FROM reading r
    WHERE r.trap_id = hole.trap_id AND r.boot = hole.boot AND r.seq < lower(hole.seqs)
    ORDER BY r.start_at DESC LIMIT 1
) AS before ON true
LEFT JOIN LATERAL (
    SELECT r.night FROM reading r
    WHERE r.trap_id = hole.trap_id AND r.boot = hole.boot AND r.seq >= upper(hole.seqs)
      AND r.start_at >= coalesce(before.start_at, '-infinity')
    ORDER BY r.start_at LIMIT 1
) AS after ON true

-- follow_gaps --
-- What came meanwhile leaves the gap; an empty one closes, `gone` when the trap gave any of it up. What a boot misses is
-- worked out once, and a gap of which nothing came is passed over by a search in it: else a boot with many gaps costs the
-- square of their number.
WITH boot_now AS MATERIALIZED (
    SELECT l.trap_id, l.boot, l.gone, missing_seqs(l.stored + l.rejected + l.gone, l.sent_upto) AS missing
    FROM ledger l
    WHERE EXISTS (SELECT FROM gap o WHERE o.trap_id = l.trap_id AND o.boot = l.boot AND o.closed_at IS NULL)
)
UPDATE gap g SET
    missing = left_over.missing,
    closed_at = CASE WHEN isempty(left_over.missing) THEN now() END,
    outcome = CASE WHEN isempty(left_over.missing)
                   THEN CASE WHEN left_over.gone && g.seqs THEN 'gone' ELSE 'filled' END END
FROM (
    SELECT o.gap_id, b.gone, o.missing * b.missing AS missing
    FROM gap o JOIN boot_now b USING (trap_id, boot)
    WHERE o.closed_at IS NULL AND NOT range_merge(o.missing) <@ b.missing
) AS left_over
WHERE g.gap_id = left_over.gap_id AND g.missing <> left_over.missing

-- ask_for_gaps --
-- The oldest gaps that are due, marked as asked; the range asked for is the first hole, cut to the limit. Of one trap
-- some at a time, or one with many would be the only one asked.
UPDATE gap g SET asked = g.asked + 1, asked_at = now()
FROM (
    SELECT o.gap_id, t.org_id FROM gap o JOIN trap t USING (trap_id)
    WHERE o.gap_id IN (
        SELECT turn.gap_id FROM (
            SELECT d.gap_id, row_number() OVER (PARTITION BY d.trap_id ORDER BY d.opened_at) AS place
            FROM gap d
            WHERE d.closed_at IS NULL
              AND d.opened_at <= now() - make_interval(secs => %(patience_s)s)
              AND (d.asked_at IS NULL
                   OR d.asked_at <= now() - make_interval(secs => %(again_s)s * least(power(2, d.asked - 1), 32)))
        ) AS turn
        WHERE turn.place <= %(a_trap)s
    ) AND t.org_id LIKE %(org_like)s
    ORDER BY o.opened_at LIMIT %(gaps)s
    FOR UPDATE OF o SKIP LOCKED
) AS due
WHERE g.gap_id = due.gap_id
RETURNING due.org_id, g.trap_id, g.boot, lower(g.missing) AS from_seq,
          least((SELECT upper(span) FROM unnest(g.missing) AS span ORDER BY span LIMIT 1),
                lower(g.missing) + %(readings)s) - 1 AS to_seq

-- gaps --
SELECT g.trap_id, g.boot, lower(g.seqs) AS from_seq, upper(g.seqs) - 1 AS to_seq, g.opened_at, g.asked, g.closed_at,
       g.outcome, g.first_night, g.last_night
FROM gap g JOIN trap t USING (trap_id)
WHERE (%(org_id)s::text IS NULL OR t.org_id = %(org_id)s)
  AND (%(trap_id)s::text IS NULL OR g.trap_id = %(trap_id)s)
  AND (%(all)s OR g.closed_at IS NULL OR g.outcome = 'gone')
ORDER BY g.trap_id, g.opened_at, lower(g.seqs)

-- trap_lines --
-- The same, a line a trap; the boot is the newest.
SELECT l.trap_id, (array_agg(l.boot ORDER BY l.last_at DESC))[1] AS boot, sum(l.sent_upto)::bigint AS sent,
       sum(seq_count(l.stored))::bigint AS stored, sum(l.duplicates)::bigint AS duplicate,
       sum(seq_count(l.rejected))::bigint AS rejected,
       sum(seq_count(l.gone * int8multirange(int8range(1, l.sent_upto + 1))))::bigint AS gone,
       sum(seq_count(missing_seqs(l.stored + l.rejected + l.gone, l.sent_upto)))::bigint AS missing,
       0::bigint AS watermark, min(l.first_at) AS first_at, max(l.last_at) AS last_at
FROM ledger l JOIN trap t USING (trap_id)
WHERE (%(org_id)s::text IS NULL OR t.org_id = %(org_id)s)
  AND (%(trap_id)s::text IS NULL OR l.trap_id = %(trap_id)s)
GROUP BY l.trap_id
ORDER BY l.trap_id
