-- Messages that could not be stored, and what traps say of themselves.

CREATE TABLE quarantine (
    quarantine_id  bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    received_at    timestamptz NOT NULL,
    last_at        timestamptz NOT NULL,
    topic          bytea NOT NULL,
    payload        bytea NOT NULL,
    payload_bytes  integer NOT NULL,
    sha            bytea NOT NULL,
    reason         text NOT NULL,
    detail         text NOT NULL,
    trap_id        text,
    times          bigint NOT NULL DEFAULT 1,
    state          text NOT NULL DEFAULT 'kept' CHECK (state IN ('kept', 'replayed')),
    replayed_at    timestamptz
);
CREATE UNIQUE INDEX quarantine_once ON quarantine (sha, md5(topic), reason);
CREATE INDEX quarantine_kept ON quarantine (quarantine_id) WHERE state = 'kept';
COMMENT ON TABLE quarantine IS 'poison is kept, once, with its reason; `times` counts how often it came';
COMMENT ON COLUMN quarantine.payload IS 'the raw bytes, cut at 65,536; payload_bytes tells how many there were';

CREATE TABLE trap_status (
    trap_id      text PRIMARY KEY REFERENCES trap,
    online       boolean NOT NULL,
    said_at      timestamptz NOT NULL,
    received_at  timestamptz NOT NULL,
    boot         bigint,
    last_seq     bigint,
    firmware     text,
    battery_v    double precision,
    panel_v      double precision,
    signal_dbm   double precision
);
COMMENT ON TABLE trap_status IS 'the last word of each trap on whether it is there';

CREATE TABLE trap_event (
    trap_id      text NOT NULL REFERENCES trap,
    at           timestamptz NOT NULL,
    event        text NOT NULL,
    note         text,
    received_at  timestamptz NOT NULL,
    sha          bytea NOT NULL,
    PRIMARY KEY (trap_id, at, sha)
);

CREATE TABLE night_summary (
    trap_id      text NOT NULL REFERENCES trap,
    night        date NOT NULL,
    boot         bigint NOT NULL,
    first_seq    bigint NOT NULL,
    last_seq     bigint NOT NULL,
    lamp_s       bigint NOT NULL,
    totals       jsonb NOT NULL,
    received_at  timestamptz NOT NULL,
    PRIMARY KEY (trap_id, night, boot)
);
COMMENT ON TABLE night_summary IS 'the trap''s own account of a night, to check ours against';
