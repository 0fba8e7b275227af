-- What traps send, the nightly roll-up people read, and the ledger of what was sent and stored.

CREATE TABLE reading (
    trap_id        text NOT NULL,
    boot           bigint NOT NULL,
    seq            bigint NOT NULL,
    start_at       timestamptz NOT NULL CHECK (isfinite(start_at)),
    end_at         timestamptz NOT NULL CHECK (isfinite(end_at)),
    night          date NOT NULL,
    lamp_s         integer NOT NULL,
    counts         jsonb NOT NULL,
    temperature_c  double precision,
    humidity_pct   double precision,
    rain_mm        double precision,
    wind_m_s       double precision,
    light_lx       double precision,
    battery_v      double precision,
    panel_v        double precision,
    signal_dbm     double precision,
    model_version  text,
    image_ref      text,
    received_at    timestamptz NOT NULL,
    sha            bytea NOT NULL
);
CREATE INDEX reading_by_trap ON reading (trap_id, start_at);
COMMENT ON TABLE reading IS 'one row per (trap_id, boot, seq); the ledger sees to it, see docs/decisions/0002';
COMMENT ON COLUMN reading.counts IS 'insects per species looked for: {"nilaparvata-lugens": 41}';

CREATE TABLE catch (
    trap_id   text NOT NULL,
    species   text NOT NULL,
    night     date NOT NULL,
    count     bigint NOT NULL,
    lamp_s    bigint NOT NULL,
    readings  bigint NOT NULL,
    PRIMARY KEY (trap_id, species, night)
) WITH (fillfactor = 80);
COMMENT ON TABLE catch IS 'roll-up of reading.counts, kept in the transaction that stores the reading';
COMMENT ON COLUMN catch.lamp_s IS 'lamp seconds of the readings that looked for this species';

CREATE TABLE trap_night (
    trap_id    text NOT NULL,
    night      date NOT NULL,
    lamp_s     bigint NOT NULL,
    covered_s  bigint NOT NULL,
    readings   bigint NOT NULL,
    first_at   timestamptz NOT NULL,
    last_at    timestamptz NOT NULL,
    PRIMARY KEY (trap_id, night)
) WITH (fillfactor = 80);
COMMENT ON TABLE trap_night IS 'effort of one trap in one night';
COMMENT ON COLUMN trap_night.covered_s IS 'seconds of the night that readings account for, lamp on or off';

CREATE TABLE ledger (
    trap_id     text NOT NULL REFERENCES trap,
    boot        bigint NOT NULL,
    stored      int8multirange NOT NULL DEFAULT '{}',
    rejected    int8multirange NOT NULL DEFAULT '{}',
    gone        int8multirange NOT NULL DEFAULT '{}',
    sent_upto   bigint NOT NULL DEFAULT 0,
    duplicates  bigint NOT NULL DEFAULT 0,
    first_at    timestamptz NOT NULL DEFAULT now(),
    last_at     timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (trap_id, boot)
) WITH (fillfactor = 50);
COMMENT ON TABLE ledger IS 'per boot, which seq are stored, refused or lost for ever; it claims the identity of readings';
COMMENT ON COLUMN ledger.sent_upto IS 'highest seq the trap is known to have given out';

CREATE FUNCTION seq_count(seqs int8multirange) RETURNS bigint
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN (SELECT coalesce(sum(upper(span) - lower(span)), 0)::bigint FROM unnest(seqs) AS span);

CREATE FUNCTION missing_seqs(known int8multirange, sent_upto bigint) RETURNS int8multirange
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN int8multirange(int8range(1, greatest(sent_upto, 0) + 1)) - known;
COMMENT ON FUNCTION missing_seqs IS 'what was given out and has not been accounted for; seq starts at 1';

CREATE TABLE gap (
    gap_id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    trap_id      text NOT NULL,
    boot         bigint NOT NULL,
    seqs         int8range NOT NULL,
    missing      int8multirange NOT NULL,
    opened_at    timestamptz NOT NULL DEFAULT now(),
    asked        integer NOT NULL DEFAULT 0,
    asked_at     timestamptz,
    closed_at    timestamptz,
    outcome      text CHECK (outcome IN ('filled', 'gone')),
    first_night  date,
    last_night   date,
    FOREIGN KEY (trap_id, boot) REFERENCES ledger,
    CHECK ((closed_at IS NULL) = (outcome IS NULL))
);
CREATE INDEX gap_open ON gap (trap_id, boot) WHERE closed_at IS NULL;
COMMENT ON TABLE gap IS 'the loss ledger: ranges of seq that did not come when they should; never deleted';
COMMENT ON COLUMN gap.first_night IS 'the nights its neighbours belong to: the readings missing are of these nights';
