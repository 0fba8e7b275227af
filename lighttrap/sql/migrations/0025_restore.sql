-- A database that came out of a backup says so, and nobody is written to before a person has looked.

CREATE TABLE restore (
    restore_id   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    taken_at     timestamptz NOT NULL,
    restored_at  timestamptz NOT NULL DEFAULT now(),
    dump         text NOT NULL,
    resumed_at   timestamptz,
    resumed_by   text,
    CHECK ((resumed_at IS NULL) = (resumed_by IS NULL))
);
COMMENT ON TABLE restore IS 'written by a restore; what was sent between taken_at and restored_at this database does not know';
COMMENT ON COLUMN restore.resumed_at IS 'since when messages are sent again; NULL: they are held';
