-- Who is told of alerts, and what became of each message.

CREATE TABLE org_setting (
    org_id                 text PRIMARY KEY REFERENCES org,
    farmers_need_approval  boolean NOT NULL DEFAULT false,
    phone                  text,
    updated_at             timestamptz NOT NULL DEFAULT now(),
    author                 text NOT NULL
);
COMMENT ON COLUMN org_setting.phone IS 'whom farmers call, as it stands in messages';
COMMENT ON COLUMN org_setting.farmers_need_approval IS 'farmers are told only what a person has approved; staff at once';

CREATE TABLE recipient (
    recipient_id  bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    org_id        text NOT NULL REFERENCES org,
    kind          text NOT NULL CHECK (kind IN ('farmer', 'staff')),
    name          text NOT NULL,
    language      text NOT NULL DEFAULT 'vi' CHECK (language IN ('vi', 'km', 'en')),
    accents       boolean NOT NULL DEFAULT true,
    quiet_from    time,
    quiet_to      time,
    time_zone     text NOT NULL DEFAULT 'Asia/Ho_Chi_Minh',
    consent_at    timestamptz,
    consent_how   text,
    stopped_at    timestamptz,
    token_sha     bytea NOT NULL UNIQUE,
    created_at    timestamptz NOT NULL DEFAULT now(),
    updated_at    timestamptz NOT NULL DEFAULT now(),
    CHECK ((quiet_from IS NULL) = (quiet_to IS NULL)),
    CHECK ((consent_at IS NULL) = (consent_how IS NULL))
);
CREATE INDEX recipient_of_org ON recipient (org_id);
COMMENT ON COLUMN recipient.accents IS 'Vietnamese with its accents; without, an SMS holds more than twice as much';
COMMENT ON COLUMN recipient.quiet_from IS 'local time; messages wait from then until quiet_to, which may be past midnight';
COMMENT ON COLUMN recipient.consent_how IS 'on paper, by telephone ...; a farmer without consent is told nothing';
COMMENT ON COLUMN recipient.stopped_at IS 'STOP: told nothing more, on any channel';
COMMENT ON COLUMN recipient.token_sha IS 'SHA-256 of the token in the link to the own page; the token itself is shown once';

CREATE TABLE recipient_address (
    recipient_id  bigint NOT NULL REFERENCES recipient,
    channel       text NOT NULL CHECK (channel ~ '^[a-z0-9-]{2,32}$'),
    address       text NOT NULL CHECK (address <> ''),
    refused_at    timestamptz,
    PRIMARY KEY (recipient_id, channel)
);
CREATE INDEX recipient_address_of ON recipient_address (channel, address);
COMMENT ON COLUMN recipient_address.channel IS 'the name of a channel in the notifier''s settings';
COMMENT ON COLUMN recipient_address.refused_at IS 'when the channel last refused the address for good; somebody should look';

CREATE TABLE subscription (
    subscription_id  bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    recipient_id     bigint NOT NULL REFERENCES recipient,
    kind             text NOT NULL DEFAULT 'catch' CHECK (kind IN ('catch', 'device')),
    field_id         text REFERENCES field,
    commune_code     text,
    species          text,
    min_level        smallint NOT NULL DEFAULT 1 CHECK (min_level BETWEEN 1 AND 3),
    created_at       timestamptz NOT NULL DEFAULT now(),
    CHECK (field_id IS NULL OR commune_code IS NULL)
);
CREATE UNIQUE INDEX subscription_once ON subscription
    (recipient_id, kind, coalesce(field_id, ''), coalesce(commune_code, ''), coalesce(species, ''));
CREATE INDEX subscription_of_field ON subscription (field_id) WHERE field_id IS NOT NULL;
CREATE INDEX subscription_of_commune ON subscription (commune_code) WHERE commune_code IS NOT NULL;
CREATE INDEX subscription_of_org ON subscription (recipient_id) WHERE field_id IS NULL AND commune_code IS NULL;
COMMENT ON TABLE subscription IS 'of what a recipient is told: a field, a commune, or with neither the whole org';
COMMENT ON COLUMN subscription.species IS 'NULL: all';

CREATE TABLE approval (
    event_id  bigint PRIMARY KEY REFERENCES alert_event,
    verdict   text NOT NULL CHECK (verdict IN ('approved', 'rejected')),
    author    text NOT NULL,
    at        timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE approval IS 'a person''s word on whether farmers are told an event';

CREATE TABLE delivery (
    delivery_id   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    key           uuid NOT NULL DEFAULT gen_random_uuid(),
    event_id      bigint NOT NULL REFERENCES alert_event,
    alert_id      bigint NOT NULL REFERENCES alert,
    number        integer NOT NULL,
    recipient_id  bigint NOT NULL REFERENCES recipient,
    channel       text NOT NULL,
    state         text NOT NULL DEFAULT 'queued'
                  CHECK (state IN ('queued', 'leased', 'sent', 'delivered', 'failed', 'dead', 'unknown', 'skipped')),
    reason        text,
    waited        text CHECK (waited IN ('approval', 'quiet')),
    subject       text,
    text          text,
    segments      smallint,
    attempts      integer NOT NULL DEFAULT 0,
    due_at        timestamptz NOT NULL,
    next_try_at   timestamptz NOT NULL,
    lease_until   timestamptz,
    lease_token   uuid,
    provider_id   text,
    created_at    timestamptz NOT NULL DEFAULT now(),
    sent_at       timestamptz,
    finished_at   timestamptz,
    UNIQUE (event_id, recipient_id, channel),
    CHECK (state <> 'skipped' OR reason IS NOT NULL),
    CHECK ((state = 'leased') = (lease_until IS NOT NULL))
) WITH (fillfactor = 80);
CREATE INDEX delivery_due ON delivery (channel, next_try_at, delivery_id) WHERE state IN ('queued', 'failed');
CREATE INDEX delivery_leased ON delivery (channel, lease_until) WHERE state = 'leased';
CREATE INDEX delivery_of_alert ON delivery (alert_id, recipient_id, channel, number);
CREATE INDEX delivery_of_recipient ON delivery (recipient_id, sent_at);
CREATE INDEX delivery_of_provider ON delivery (channel, provider_id);
CREATE UNIQUE INDEX delivery_by_key ON delivery (key);
COMMENT ON TABLE delivery IS 'one message to one person by one channel; there is never a second one of an event';
COMMENT ON COLUMN delivery.number IS 'that of the event: what is said of an alert is said in this order';
COMMENT ON COLUMN delivery.key IS 'what a channel with an idempotency key is given, the same at each try';
COMMENT ON COLUMN delivery.state IS 'failed: tried, and will be again; dead: given up; unknown: perhaps sent, not tried again';
COMMENT ON COLUMN delivery.waited IS 'it was held back, and of what waited together only the last word counts';
COMMENT ON COLUMN delivery.due_at IS 'when it might first be sent; infinite while it awaits approval';

CREATE TABLE delivery_attempt (
    delivery_id  bigint NOT NULL REFERENCES delivery,
    number       integer NOT NULL,
    lease_token  uuid NOT NULL,
    started_at   timestamptz NOT NULL,
    ended_at     timestamptz,
    outcome      text CHECK (outcome IN ('sent', 'failed', 'refused', 'unknown')),
    detail       text,
    PRIMARY KEY (delivery_id, number)
);
COMMENT ON COLUMN delivery_attempt.outcome IS 'NULL: going on; refused: for good; unknown: nobody can say whether it was sent';
