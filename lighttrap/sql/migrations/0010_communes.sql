-- The names of communes: fields know theirs by its code, people by its name.

CREATE TABLE commune (
    commune_code     text PRIMARY KEY CHECK (commune_code <> ''),
    name             text NOT NULL CHECK (name <> ''),
    province_code    text,
    province         text,
    former_province  text,
    former_district  text,
    valid_from       date NOT NULL DEFAULT '2025-07-01',
    valid_to         date NOT NULL DEFAULT 'infinity',
    CHECK (valid_from < valid_to)
);
COMMENT ON TABLE commune IS 'the lower of Vietnam''s two levels since 1 July 2025; a code is never used again';
COMMENT ON COLUMN commune.name IS 'with its kind in front: Xã Lịch Hội Thượng, Phường Ninh Kiều';
COMMENT ON COLUMN commune.former_district IS 'a free label: districts are gone, and people still think in them';
