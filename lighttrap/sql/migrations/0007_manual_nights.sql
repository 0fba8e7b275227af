-- The catches of a station's old records: history for normals, of traps that may never have sent a message.

CREATE TABLE manual_night (
    trap_id      text NOT NULL CHECK (trap_id ~ '^[a-z0-9-]{3,32}$'),
    species      text NOT NULL REFERENCES species,
    night        date NOT NULL,
    org_id       text NOT NULL REFERENCES org,
    trap_name    text NOT NULL,
    count        integer NOT NULL CHECK (count >= 0),
    nights       smallint NOT NULL DEFAULT 1 CHECK (nights BETWEEN 1 AND 31),
    nominal_s    integer NOT NULL CHECK (nominal_s BETWEEN 600 AND 86400),
    source       text NOT NULL,
    imported_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (trap_id, species, night)
);
COMMENT ON TABLE manual_night IS 'read and written down by people; kept apart from catch, which is the sum of readings';
COMMENT ON COLUMN manual_night.trap_id IS 'no reference: the trap may be older than the registry';
COMMENT ON COLUMN manual_night.nights IS 'the count is of so many nights, this being the last';
COMMENT ON COLUMN manual_night.nominal_s IS 'lamp seconds of a night; 10800 is 19:00 to 22:00';
COMMENT ON COLUMN manual_night.source IS 'name of the file';
