-- By which secret each trap logs in at the broker.

CREATE TABLE trap_credential (
    trap_id      text PRIMARY KEY REFERENCES trap,
    secret_hash  text CHECK (secret_hash ~ '^\$7\$[0-9]+\$[A-Za-z0-9+/]{16}\$[A-Za-z0-9+/]{86}==$'),
    issued_at    timestamptz NOT NULL DEFAULT now(),
    issued_by    text NOT NULL,
    revoked_at   timestamptz,
    CHECK ((secret_hash IS NULL) = (revoked_at IS NOT NULL))
);
COMMENT ON TABLE trap_credential IS 'the user name at the broker is the trap id; the secret is told once';
COMMENT ON COLUMN trap_credential.secret_hash IS 'as a line of Mosquitto''s password file has it; gone once revoked';
COMMENT ON COLUMN trap_credential.issued_by IS 'who made it last, as the audit log says';

-- Who writes the broker's files is told of every change, whoever makes it.
CREATE FUNCTION tell_broker() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('lighttrap_broker', '');
    RETURN NULL;
END $$;
CREATE TRIGGER trap_credential_told AFTER INSERT OR UPDATE OR DELETE ON trap_credential
    FOR EACH STATEMENT EXECUTE FUNCTION tell_broker();
