-- Logging in by the word of an OpenID Connect provider.

CREATE TABLE account_identity (
    issuer      text NOT NULL CHECK (length(issuer) <= 500),
    subject     text NOT NULL CHECK (length(subject) BETWEEN 1 AND 255),
    account_id  bigint NOT NULL REFERENCES account,
    created_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (issuer, subject),
    UNIQUE (account_id, issuer)
);
COMMENT ON TABLE account_identity IS 'which person at a provider an account is; the subject never changes, an e-mail may';

CREATE TABLE oidc_try (
    state_sha    bytea PRIMARY KEY,
    browser_sha  bytea NOT NULL,
    nonce        text NOT NULL,
    verifier     text NOT NULL,
    next_path    text NOT NULL,
    expires_at   timestamptz NOT NULL
);
COMMENT ON TABLE oidc_try IS 'a person who was sent to the provider and has not come back; taken once, and by that browser only';
COMMENT ON COLUMN oidc_try.verifier IS 'of PKCE (RFC 7636): without it the code that comes back opens nothing';
