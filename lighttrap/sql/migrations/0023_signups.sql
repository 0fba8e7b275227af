-- Farmers who ask to be told, by the code on a field's sheet.

CREATE TABLE signup_code (
    code         text PRIMARY KEY CHECK (code ~ '^[a-z0-9]{12}$'),
    org_id       text NOT NULL REFERENCES org,
    field_id     text NOT NULL REFERENCES field,
    created_by   text NOT NULL,
    created_at   timestamptz NOT NULL DEFAULT now(),
    replaced_at  timestamptz
);
CREATE UNIQUE INDEX signup_code_in_force ON signup_code (field_id) WHERE replaced_at IS NULL;
COMMENT ON TABLE signup_code IS 'stands on a sheet that anybody may read; a field has one in force at most';

CREATE TABLE signup (
    signup_id     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    code          text NOT NULL REFERENCES signup_code,
    secret_sha    bytea NOT NULL UNIQUE,
    number_sha    bytea NOT NULL,
    source        text NOT NULL,
    channel       text NOT NULL,
    address       text NOT NULL,
    language      text NOT NULL CHECK (language IN ('vi', 'km', 'en')),
    accents       boolean NOT NULL,
    consent       text NOT NULL,
    tries         integer NOT NULL DEFAULT 0,
    key           uuid NOT NULL DEFAULT gen_random_uuid(),
    text          text,
    state         text NOT NULL DEFAULT 'queued'
                  CHECK (state IN ('queued', 'leased', 'failed', 'sent', 'unknown', 'dead')),
    attempts      integer NOT NULL DEFAULT 0,
    next_try_at   timestamptz NOT NULL,
    lease_until   timestamptz,
    lease_token   uuid,
    created_at    timestamptz NOT NULL,
    expires_at    timestamptz NOT NULL,
    confirmed_at  timestamptz,
    CHECK ((state = 'leased') = (lease_until IS NOT NULL)),
    CHECK (text IS NULL OR state IN ('queued', 'leased', 'failed'))
);
CREATE INDEX signup_due ON signup (channel, next_try_at) WHERE state IN ('queued', 'leased', 'failed');
CREATE INDEX signup_of_day ON signup (created_at);
COMMENT ON TABLE signup IS 'asked for, and not yet or just confirmed; forgotten after two days';
COMMENT ON COLUMN signup.secret_sha IS 'SHA-256 of what the form carries that asks for the number';
COMMENT ON COLUMN signup.number_sha IS 'SHA-256 of that secret and the six digits that were sent';
COMMENT ON COLUMN signup.source IS 'the address it was asked from, for the limit of a day';
COMMENT ON COLUMN signup.consent IS 'the words that were agreed to';
COMMENT ON COLUMN signup.text IS 'the message with its six digits; gone as soon as it was handed over or given up';
