-- Links in messages to a farmer's own page, which end by themselves.

CREATE TABLE farmer_link (
    link_sha      bytea PRIMARY KEY,
    recipient_id  bigint NOT NULL REFERENCES recipient,
    created_at    timestamptz NOT NULL DEFAULT now(),
    expires_at    timestamptz NOT NULL,
    CHECK (created_at < expires_at)
);
CREATE INDEX farmer_link_of_recipient ON farmer_link (recipient_id);
COMMENT ON TABLE farmer_link IS 'made when a message goes out, for that message; the recipient''s own token stays beside it';
COMMENT ON COLUMN farmer_link.link_sha IS 'SHA-256 of 128 random bits; the token itself stands in the message alone';
