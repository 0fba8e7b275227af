-- Who looks at the quarantine over HTTP asks that messages be taken up; ingest does it.

ALTER TABLE quarantine
    DROP CONSTRAINT quarantine_state_check,
    ADD CONSTRAINT quarantine_state_check CHECK (state IN ('kept', 'asked', 'replayed')),
    ADD COLUMN asked_at timestamptz,
    ADD COLUMN tried_at timestamptz;
DROP INDEX quarantine_kept;
CREATE INDEX quarantine_kept ON quarantine (quarantine_id) WHERE state <> 'replayed';
CREATE INDEX quarantine_asked ON quarantine (quarantine_id) WHERE state = 'asked';
COMMENT ON COLUMN quarantine.state IS 'kept; asked: somebody wants it taken up, and ingest will; replayed: it was taken up, and stored or refused anew';
COMMENT ON COLUMN quarantine.asked_at IS 'when somebody last asked';
COMMENT ON COLUMN quarantine.tried_at IS 'when it was last taken up; kept and tried: refused again for the same reason';
