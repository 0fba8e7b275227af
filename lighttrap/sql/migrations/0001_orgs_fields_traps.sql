-- Who owns traps, where they stand, what they look for.

CREATE FUNCTION night_of(at timestamptz, zone text) RETURNS date
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN ((at AT TIME ZONE zone) - interval '12 hours')::date;
COMMENT ON FUNCTION night_of IS 'Local noon to noon, named by the evening; the twin of lighttrap.night.night_of';

CREATE TABLE org (
    org_id      text PRIMARY KEY CHECK (org_id ~ '^[a-z0-9-]{2,32}$'),
    name        text NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE field (
    field_id           text PRIMARY KEY CHECK (field_id ~ '^[a-z0-9-]{2,64}$'),
    org_id             text NOT NULL REFERENCES org,
    name               text NOT NULL,
    time_zone          text NOT NULL DEFAULT 'Asia/Ho_Chi_Minh',
    boundary           jsonb,
    area_ha            double precision CHECK (area_ha > 0),
    commune_code       text,
    growing_area_code  text,
    created_at         timestamptz NOT NULL DEFAULT now()
);
COMMENT ON COLUMN field.boundary IS 'GeoJSON Point, Polygon or MultiPolygon; longitude first';
COMMENT ON COLUMN field.growing_area_code IS 'mã số vùng trồng: free text, the formats differ';

CREATE TABLE trap (
    trap_id          text PRIMARY KEY CHECK (trap_id ~ '^[a-z0-9-]{3,32}$'),
    org_id           text NOT NULL REFERENCES org,
    name             text NOT NULL,
    nominal_s        integer NOT NULL DEFAULT 39600 CHECK (nominal_s BETWEEN 600 AND 86400),
    interval_s       integer NOT NULL DEFAULT 600 CHECK (interval_s BETWEEN 60 AND 86400),
    in_service_from  timestamptz NOT NULL,
    retired_at       timestamptz NOT NULL DEFAULT 'infinity',
    created_at       timestamptz NOT NULL DEFAULT now(),
    CHECK (in_service_from < retired_at)
);
COMMENT ON COLUMN trap.nominal_s IS 'planned lamp seconds of a night; 39600 is 18:00 to 05:00';
COMMENT ON COLUMN trap.in_service_from IS 'readings from before it carry a wrong clock and go to quarantine';

CREATE TABLE deployment (
    trap_id   text NOT NULL REFERENCES trap,
    field_id  text NOT NULL REFERENCES field,
    from_at   timestamptz NOT NULL,
    to_at     timestamptz NOT NULL DEFAULT 'infinity',
    PRIMARY KEY (trap_id, from_at),
    CHECK (from_at < to_at)
);
COMMENT ON TABLE deployment IS 'in which field a trap stood, over time; the spans of one trap do not overlap';

CREATE TABLE species (
    species          text PRIMARY KEY CHECK (species ~ '^[a-z0-9]+(-[a-z0-9]+)*$' AND length(species) <= 64),
    scientific_name  text,
    name_vi          text NOT NULL,
    name_en          text NOT NULL,
    name_km          text,
    role             text NOT NULL CHECK (role IN ('pest', 'beneficial', 'other')),
    eppo_code        text
);
COMMENT ON TABLE species IS 'the catalogue; a trap may report species outside it, which are stored all the same';
