-- Who may use lighttrap, in which org as what, and what they changed.

CREATE TABLE account (
    account_id     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    login          text NOT NULL UNIQUE CHECK (login ~ '^[a-z0-9._@+-]{3,254}$'),
    name           text NOT NULL,
    password_hash  text NOT NULL,
    is_admin       boolean NOT NULL DEFAULT false,
    failed_logins  integer NOT NULL DEFAULT 0,
    locked_until   timestamptz,
    disabled_at    timestamptz,
    created_at     timestamptz NOT NULL DEFAULT now()
);
COMMENT ON COLUMN account.login IS 'in small letters; an e-mail address does';
COMMENT ON COLUMN account.password_hash IS 'argon2id, with its parameters and salt';
COMMENT ON COLUMN account.is_admin IS 'admin of every org, those to come too';
COMMENT ON COLUMN account.failed_logins IS 'in a row; a login that works sets it back';

CREATE TABLE membership (
    account_id  bigint NOT NULL REFERENCES account,
    org_id      text NOT NULL REFERENCES org,
    role        text NOT NULL CHECK (role IN ('admin', 'agronomist', 'technician', 'viewer', 'service')),
    created_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (account_id, org_id)
);
CREATE INDEX membership_of_org ON membership (org_id);
COMMENT ON TABLE membership IS 'what an account is in an org; without one, the org does not exist for it';

CREATE TABLE api_token (
    token_id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    token_sha     bytea NOT NULL UNIQUE,
    org_id        text NOT NULL REFERENCES org,
    name          text NOT NULL,
    role          text NOT NULL CHECK (role IN ('admin', 'agronomist', 'technician', 'viewer', 'service')),
    created_by    text NOT NULL,
    created_at    timestamptz NOT NULL DEFAULT now(),
    expires_at    timestamptz NOT NULL,
    revoked_at    timestamptz,
    last_used_at  timestamptz
);
CREATE INDEX api_token_of_org ON api_token (org_id);
COMMENT ON COLUMN api_token.token_sha IS 'SHA-256 of 256 random bits; the token itself is shown once';
COMMENT ON COLUMN api_token.last_used_at IS 'to the minute, for not every request should write';

CREATE TABLE login_session (
    session_sha  bytea PRIMARY KEY,
    account_id   bigint NOT NULL REFERENCES account,
    created_at   timestamptz NOT NULL DEFAULT now(),
    expires_at   timestamptz NOT NULL
);
CREATE INDEX login_session_of_account ON login_session (account_id);
COMMENT ON TABLE login_session IS 'a person who has logged in, by the SHA-256 of the cookie';

CREATE TABLE login_try (
    source     text NOT NULL,
    minute_at  timestamptz NOT NULL,
    tries      integer NOT NULL,
    PRIMARY KEY (source, minute_at)
);
COMMENT ON TABLE login_try IS 'how often somebody tried to log in, by name and by address, minute by minute';

CREATE TABLE audit (
    audit_id     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at           timestamptz NOT NULL DEFAULT now(),
    who          text NOT NULL,
    org_id       text REFERENCES org,
    action       text NOT NULL,
    object_kind  text NOT NULL,
    object_id    text NOT NULL,
    before       jsonb,
    after        jsonb
);
CREATE INDEX audit_of_org ON audit (org_id, audit_id);
COMMENT ON TABLE audit IS 'every change by a person or a token, written with the change; holds no secret';

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'rows of % are only ever added', tg_table_name;
END $$;
CREATE TRIGGER audit_only_grows BEFORE UPDATE OR DELETE OR TRUNCATE ON audit
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
