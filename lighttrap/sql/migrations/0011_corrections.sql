-- Counts that a person put right, beside the machine's.

CREATE TABLE correction (
    correction_id  bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    trap_id        text NOT NULL REFERENCES trap,
    species        text NOT NULL,
    night          date NOT NULL,
    count          bigint NOT NULL CHECK (count >= 0),
    machine_count  bigint NOT NULL,
    reason         text NOT NULL,
    author         text NOT NULL,
    at             timestamptz NOT NULL DEFAULT now(),
    ended_at       timestamptz,
    ended_by       text,
    ended_reason   text,
    CHECK ((ended_at IS NULL) = (ended_by IS NULL))
);
CREATE UNIQUE INDEX correction_in_force ON correction (trap_id, species, night) WHERE ended_at IS NULL;
COMMENT ON TABLE correction IS 'a verified count of a trap, species and night; replaced or undone ones stay as rows';
COMMENT ON COLUMN correction.machine_count IS 'as it was then; catch has it as it is';
COMMENT ON COLUMN correction.ended_reason IS 'why it was undone; NULL: in force, or replaced by the next';

CREATE VIEW verified_catch AS
SELECT c.trap_id, c.species, c.night, coalesce(v.count, c.count) AS count, c.count AS machine_count, v.correction_id,
       c.lamp_s, c.readings
FROM catch c
LEFT JOIN correction v
    ON v.trap_id = c.trap_id AND v.species = c.species AND v.night = c.night AND v.ended_at IS NULL;
COMMENT ON VIEW verified_catch IS 'what people and rules read: the verified count where there is one, else the machine''s';
