-- What one sender may make us keep has bounds, and what came beyond them is counted.

CREATE TABLE quarantine_day (
    day         date NOT NULL,
    org_id      text NOT NULL,
    trap_id     text NOT NULL,
    kept        bigint NOT NULL DEFAULT 0,
    kept_bytes  bigint NOT NULL DEFAULT 0,
    dropped     bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (day, org_id, trap_id)
) WITH (fillfactor = 80);
CREATE INDEX quarantine_day_dropping ON quarantine_day (org_id, day) WHERE dropped > 0;
COMMENT ON TABLE quarantine_day IS 'how much quarantine took in of each sender and day (UTC), and what it had no room for';
COMMENT ON COLUMN quarantine_day.org_id IS 'the org that the topic names; empty: one that does not exist';
COMMENT ON COLUMN quarantine_day.trap_id IS 'a registered trap; empty: all others under that org''s topics together';
COMMENT ON COLUMN quarantine_day.dropped IS 'messages that were acked and not kept';

-- A trap that skips seqs on purpose, or begins boots without end, would make every look at the ledger slower for all.
CREATE INDEX ledger_by_first ON ledger (trap_id, first_at);

CREATE FUNCTION new_boots(trap text) RETURNS bigint
    LANGUAGE sql STABLE STRICT
    RETURN (SELECT count(*) FROM ledger WHERE trap_id = trap AND first_at > now() - interval '1 day');
COMMENT ON FUNCTION new_boots IS 'boots heard of for the first time within a day; five thousand are taken';

CREATE FUNCTION boot_to_open(trap text, number bigint) RETURNS TABLE (trap_id text, boot bigint)
    LANGUAGE sql STABLE STRICT
    BEGIN ATOMIC
        SELECT trap, number
        WHERE new_boots(trap) < 5000 OR EXISTS (SELECT FROM ledger l WHERE l.trap_id = trap AND l.boot = number);
    END;
COMMENT ON FUNCTION boot_to_open IS 'the boot, unless it is new and one too many';

CREATE FUNCTION range_count(seqs int8multirange) RETURNS bigint
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN (SELECT count(*) FROM unnest(seqs));

CREATE FUNCTION makes_hole(seq bigint, known int8multirange) RETURNS boolean
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN seq > 1 AND NOT (seq - 1) <@ known AND NOT (seq + 1) <@ known AND range_count(known) >= 1000;
COMMENT ON FUNCTION makes_hole IS 'whether a boot that has a thousand holes would get one more';
