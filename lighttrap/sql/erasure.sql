-- lock_deliveries --
-- In the order in which a sender takes its locks: the delivery, then whom it is for.
SELECT count(*) FROM (SELECT FROM delivery WHERE recipient_id = %(recipient_id)s ORDER BY delivery_id FOR UPDATE) AS d

-- erase_recipient --
UPDATE recipient SET
    name = '-', language = 'vi', accents = true, quiet_from = NULL, quiet_to = NULL, consent_at = NULL,
    consent_how = NULL, stopped_at = coalesce(stopped_at, now()), token_sha = %(token_sha)s, erased_at = now(),
    updated_at = now()
WHERE recipient_id = %(recipient_id)s AND org_id = %(org_id)s AND erased_at IS NULL

-- erase_signups --
-- They may have signed up: the wish holds their number, for two days or until somebody else signs up.
DELETE FROM signup s USING signup_code c
WHERE c.code = s.code AND c.org_id = %(org_id)s AND s.channel = %(channel)s::text AND s.address = ANY(%(forms)s::text[])

-- erase_addresses --
DELETE FROM recipient_address WHERE recipient_id = %(recipient_id)s

-- erase_subscriptions --
DELETE FROM subscription WHERE recipient_id = %(recipient_id)s

-- erase_links --
DELETE FROM farmer_link WHERE recipient_id = %(recipient_id)s

-- erase_attempts --
-- What providers said may name whom they reached.
UPDATE delivery_attempt p SET detail = NULL
FROM delivery d
WHERE d.recipient_id = %(recipient_id)s AND p.delivery_id = d.delivery_id AND p.detail IS NOT NULL

-- erase_deliveries --
-- How many there were, of what and when, stays; what waits is not sent, and of what is under way nobody will know.
UPDATE delivery SET
    subject = NULL, text = NULL, provider_id = NULL, lease_until = NULL, lease_token = NULL,
    reason = CASE WHEN state IN ('queued', 'failed') THEN 'erased' WHEN state = 'skipped' THEN reason END,
    finished_at = coalesce(finished_at, now()),
    state = CASE state WHEN 'queued' THEN 'skipped' WHEN 'failed' THEN 'skipped' WHEN 'leased' THEN 'unknown' ELSE state END
WHERE recipient_id = %(recipient_id)s

-- erase_wishes --
DELETE FROM signup WHERE address = ANY(%(forms)s::text[])

-- erase_account --
UPDATE account SET
    login = %(login)s, name = '-', password_hash = '-', is_admin = false, failed_logins = 0, locked_until = NULL,
    made_by = NULL, disabled_at = coalesce(disabled_at, now()), erased_at = now()
WHERE account_id = %(account_id)s AND erased_at IS NULL

-- erase_sessions --
DELETE FROM login_session WHERE account_id = %(account_id)s

-- erase_identities --
DELETE FROM account_identity WHERE account_id = %(account_id)s

-- erase_memberships --
DELETE FROM membership WHERE account_id = %(account_id)s
