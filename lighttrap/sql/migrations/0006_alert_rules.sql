-- What is worth an alert, what each rule makes of each night, and the episodes that follow.

CREATE TABLE alert_rule (
    rule_id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    org_id        text NOT NULL REFERENCES org,
    kind          text NOT NULL DEFAULT 'catch' CHECK (kind IN ('catch', 'device')),
    species       text,
    field_id      text REFERENCES field,
    commune_code  text,
    watch         double precision CHECK (watch > 0),
    warning       double precision CHECK (warning >= watch),
    alarm         double precision CHECK (alarm >= coalesce(warning, watch)),
    clear_below   double precision NOT NULL DEFAULT 0.5 CHECK (clear_below > 0 AND clear_below <= 1),
    clear_nights  integer NOT NULL DEFAULT 3 CHECK (clear_nights BETWEEN 1 AND 30),
    k             integer NOT NULL DEFAULT 1 CHECK (k >= 1),
    n             integer NOT NULL DEFAULT 1 CHECK (n BETWEEN k AND 30),
    min_lamp_s    integer NOT NULL DEFAULT 0 CHECK (min_lamp_s BETWEEN 0 AND 86400),
    floor         double precision CHECK (floor > 0),
    jump_ratio    double precision CHECK (jump_ratio > 1),
    trend_ratio   double precision CHECK (trend_ratio > 1),
    is_proposal   boolean NOT NULL DEFAULT false,
    version       integer NOT NULL DEFAULT 1,
    author        text NOT NULL,
    created_at    timestamptz NOT NULL DEFAULT now(),
    replaced_at   timestamptz,
    CHECK (kind <> 'catch' OR species IS NOT NULL),
    CHECK (jump_ratio IS NULL AND trend_ratio IS NULL OR floor IS NOT NULL)
);
CREATE UNIQUE INDEX alert_rule_in_force ON alert_rule
    (org_id, kind, coalesce(species, ''), coalesce(field_id, ''), coalesce(commune_code, '')) WHERE replaced_at IS NULL;
COMMENT ON TABLE alert_rule IS 'versions are rows: a change ends one and adds the next; numbers are never updated';
COMMENT ON COLUMN alert_rule.watch IS 'insects per trap and night; warning and alarm alike; NULL: the level is not used';
COMMENT ON COLUMN alert_rule.clear_below IS 'a night is calm below this share of the lowest threshold';
COMMENT ON COLUMN alert_rule.k IS 'k of the last n known nights at a level reach it';
COMMENT ON COLUMN alert_rule.jump_ratio IS 'watch when tonight and last night reach this many times the median of t-8 to t-2, and the floor';
COMMENT ON COLUMN alert_rule.trend_ratio IS 'watch when the typical catch of a week is so many times that of the week before';
COMMENT ON COLUMN alert_rule.is_proposal IS 'a default that no agronomist has set yet';

CREATE FUNCTION best_rule(wanted_field text, wanted_species text) RETURNS bigint
    LANGUAGE sql STABLE STRICT
    RETURN (
        SELECT r.rule_id FROM field f
        JOIN alert_rule r ON r.org_id = f.org_id AND r.kind = 'catch' AND r.replaced_at IS NULL
            AND r.species = wanted_species
            AND (r.field_id IS NULL OR r.field_id = f.field_id)
            AND (r.commune_code IS NULL OR r.commune_code = f.commune_code)
        WHERE f.field_id = wanted_field
        ORDER BY r.field_id IS NULL, r.commune_code IS NULL LIMIT 1);
COMMENT ON FUNCTION best_rule IS 'the one rule that judges a field: its own, else its commune''s, else its org''s';

CREATE INDEX deployment_of_field ON deployment (field_id);

CREATE TABLE judged_night (
    rule_id   bigint NOT NULL REFERENCES alert_rule,
    field_id  text NOT NULL REFERENCES field,
    night     date NOT NULL,
    value     double precision,
    traps     integer NOT NULL,
    is_valid  boolean NOT NULL,
    is_final  boolean NOT NULL,
    level     smallint NOT NULL DEFAULT 0 CHECK (level BETWEEN 0 AND 3),
    calm      boolean,
    changed_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (rule_id, field_id, night)
) WITH (fillfactor = 80);
CREATE INDEX judged_night_open ON judged_night (field_id, night) WHERE NOT is_final;
COMMENT ON TABLE judged_night IS 'what a rule makes of a night in a field; follows the roll-up, and can be made anew from it';
COMMENT ON COLUMN judged_night.value IS 'median over the traps of the field: normalised catch, or what was counted so far';
COMMENT ON COLUMN judged_night.is_final IS 'the lamps burned as planned, or the night is over and nothing more came';
COMMENT ON COLUMN judged_night.calm IS 'counts towards the all-clear; NULL: not known, it does neither';

CREATE TABLE alert (
    alert_id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    org_id           text NOT NULL REFERENCES org,
    rule_id          bigint REFERENCES alert_rule,
    kind             text NOT NULL DEFAULT 'catch',
    species          text,
    field_id         text REFERENCES field,
    trap_id          text REFERENCES trap,
    fault            text CHECK (fault IN ('silent', 'silent-many', 'battery', 'lamp', 'gap')),
    level            smallint NOT NULL CHECK (level BETWEEN 0 AND 3),
    highest          smallint NOT NULL CHECK (highest BETWEEN 1 AND 3),
    opened_night     date NOT NULL,
    cleared_night    date,
    state            text NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'cleared', 'withdrawn')),
    raised_at        timestamptz NOT NULL DEFAULT now(),
    cleared_at       timestamptz,
    acknowledged_at  timestamptz,
    acknowledged_by  text,
    assignee         text,
    version          integer NOT NULL DEFAULT 1,
    CHECK (kind = 'device' OR (rule_id IS NOT NULL AND field_id IS NOT NULL AND species IS NOT NULL)),
    CHECK (kind = 'catch' OR fault IS NOT NULL),
    CHECK ((state = 'active') = (cleared_at IS NULL))
);
CREATE UNIQUE INDEX alert_one_active ON alert
    (org_id, kind, coalesce(rule_id, 0), coalesce(field_id, ''), coalesce(trap_id, ''), coalesce(fault, ''))
    WHERE state = 'active';
CREATE INDEX alert_of_rule ON alert (rule_id, field_id, opened_night);
CREATE INDEX alert_of_field ON alert (field_id) WHERE state = 'active';
CREATE INDEX alert_of_org ON alert (org_id, raised_at);
COMMENT ON TABLE alert IS 'one episode of one rule in one place, from the first night at a level to the all-clear';
COMMENT ON COLUMN alert.version IS 'rises with every change, so that two people do not overwrite each other';

CREATE TABLE alert_event (
    event_id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    alert_id       bigint NOT NULL REFERENCES alert,
    number         integer NOT NULL,
    word           text NOT NULL CHECK (word IN ('raised', 'cleared', 'reopened', 'corrected')),
    level          smallint NOT NULL CHECK (level BETWEEN 0 AND 3),
    night          date NOT NULL,
    facts          jsonb NOT NULL DEFAULT '{}',
    at             timestamptz NOT NULL DEFAULT now(),
    is_late        boolean NOT NULL DEFAULT false,
    fanned_out_at  timestamptz,
    UNIQUE (alert_id, number)
);
CREATE UNIQUE INDEX alert_event_level_once ON alert_event (alert_id, level) WHERE word = 'raised';
CREATE INDEX alert_event_waiting ON alert_event (event_id) WHERE fanned_out_at IS NULL;
COMMENT ON TABLE alert_event IS 'the outbox: what is to be said of an alert, written with the readings that caused it';
COMMENT ON COLUMN alert_event.facts IS 'the numbers the message uses, as they were known then';
COMMENT ON COLUMN alert_event.is_late IS 'the night lies too far back to tell anybody; history only';

CREATE TABLE alert_note (
    note_id   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    alert_id  bigint NOT NULL REFERENCES alert,
    kind      text NOT NULL CHECK (kind IN ('comment', 'acknowledged', 'assigned', 'approved', 'rejected')),
    text      text NOT NULL DEFAULT '',
    author    text NOT NULL,
    at        timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX alert_note_of ON alert_note (alert_id, at);
