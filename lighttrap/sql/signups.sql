-- replace_code --
UPDATE signup_code SET replaced_at = now() WHERE field_id = %(field_id)s AND org_id = %(org_id)s AND replaced_at IS NULL

-- add_code --
-- Of two who make one at the same time both get the first one's.
INSERT INTO signup_code (code, org_id, field_id, created_by)
VALUES (%(code)s, %(org_id)s, %(field_id)s, %(created_by)s)
ON CONFLICT (field_id) WHERE replaced_at IS NULL DO NOTHING

-- code_of_field --
SELECT code, org_id, field_id, created_by, created_at
FROM signup_code WHERE field_id = %(field_id)s AND org_id = %(org_id)s AND replaced_at IS NULL

-- sheet --
-- What anybody may know of the field whose code this is.
SELECT c.code, c.org_id, c.field_id, f.name AS field_name, u.name AS commune, o.name AS org_name, s.phone
FROM signup_code c
JOIN field f ON f.field_id = c.field_id
JOIN org o ON o.org_id = c.org_id
LEFT JOIN commune u ON u.commune_code = f.commune_code
LEFT JOIN org_setting s ON s.org_id = c.org_id
WHERE c.code = %(code)s AND c.replaced_at IS NULL

-- one_at_a_time --
-- So that limits hold, and a number becomes one recipient, however many ask at once.
SELECT pg_advisory_xact_lock(hashtext('lighttrap signup'))

-- forget --
DELETE FROM signup WHERE created_at < %(now)s::timestamptz - interval '2 days'

-- asked --
SELECT count(*) FILTER (WHERE address = %(address)s) AS by_address,
       count(*) FILTER (WHERE source = %(source)s) AS by_source, count(*) AS in_all
FROM signup WHERE created_at > %(now)s::timestamptz - interval '1 day'

-- add_signup --
INSERT INTO signup (code, secret_sha, number_sha, source, channel, address, language, accents, consent, text,
                    next_try_at, created_at, expires_at)
VALUES (%(code)s, %(secret_sha)s, %(number_sha)s, %(source)s, %(channel)s, %(address)s, %(language)s, %(accents)s,
        %(consent)s, %(text)s, %(now)s, %(now)s, %(expires_at)s)

-- try_number --
-- Counted before it is compared: who asks twice at once has tried twice.
UPDATE signup SET tries = tries + 1
WHERE secret_sha = %(secret_sha)s AND code = %(code)s AND confirmed_at IS NULL AND tries < %(tries)s
  AND expires_at > %(now)s::timestamptz
RETURNING signup_id, number_sha, channel, address, language, accents, consent

-- confirm --
UPDATE signup SET
    confirmed_at = %(now)s, text = NULL, lease_until = NULL, lease_token = NULL,
    state = CASE WHEN state IN ('queued', 'leased', 'failed') THEN 'unknown' ELSE state END
WHERE signup_id = %(signup_id)s

-- end_late --
-- A lease that ran out: nobody knows whether it was sent. What has expired helps nobody.
UPDATE signup SET
    state = CASE state WHEN 'leased' THEN 'unknown' ELSE 'dead' END, text = NULL, lease_until = NULL, lease_token = NULL
WHERE state = 'leased' AND lease_until < %(now)s OR state IN ('queued', 'failed') AND expires_at <= %(now)s

-- lease --
UPDATE signup s SET
    state = 'leased', lease_until = %(lease_until)s, lease_token = %(token)s, attempts = s.attempts + 1
FROM (
    SELECT signup_id FROM signup
    WHERE channel = %(channel)s AND state IN ('queued', 'failed') AND next_try_at <= %(now)s
    ORDER BY next_try_at, signup_id LIMIT 1
    FOR UPDATE SKIP LOCKED
) AS next
JOIN signup_code c ON true
WHERE s.signup_id = next.signup_id AND c.code = s.code
RETURNING s.signup_id, s.key, s.address, s.text, c.org_id, s.attempts, s.lease_token

-- record --
UPDATE signup SET
    state = %(state)s, next_try_at = coalesce(%(next_try_at)s::timestamptz, next_try_at), lease_until = NULL,
    lease_token = NULL, text = CASE WHEN %(state)s = 'failed' THEN text END
WHERE signup_id = %(signup_id)s AND lease_token = %(token)s
