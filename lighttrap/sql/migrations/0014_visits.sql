-- Who was at a trap, and what they did there.

CREATE TABLE visit (
    visit_id    bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    trap_id     text NOT NULL REFERENCES trap,
    at          timestamptz NOT NULL,
    author      text NOT NULL,
    work        text[] NOT NULL,
    battery_v   double precision,
    note        text,
    written_at  timestamptz NOT NULL DEFAULT now(),
    CHECK (at <= written_at),
    CHECK (work <@ ARRAY['tray-cleaned', 'lamp-changed', 'battery-changed', 'panel-cleaned', 'camera-cleaned', 'moved',
                         'other'])
);
CREATE INDEX visit_of_trap ON visit (trap_id, at, visit_id);
COMMENT ON TABLE visit IS 'written down by people; what a trap tells of itself is in trap_event';
COMMENT ON COLUMN visit.battery_v IS 'measured there, with an instrument; in volts';
COMMENT ON COLUMN visit.written_at IS 'when we were told: a phone without a network tells later';
