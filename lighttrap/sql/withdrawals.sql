-- list_withdrawals --
-- What was taken back from people, traps and programs. Numbers may be given anew after a restore, so each is known by
-- when it was made too.
SELECT 'erased' AS kind, org_id, recipient_id::text AS id, created_at AS made_at, erased_at AS at
FROM recipient WHERE erased_at IS NOT NULL
UNION ALL
SELECT 'stopped', org_id, recipient_id::text, created_at, stopped_at
FROM recipient WHERE stopped_at IS NOT NULL AND erased_at IS NULL
UNION ALL
SELECT 'trap', t.org_id, c.trap_id, c.issued_at, c.revoked_at
FROM trap_credential c JOIN trap t USING (trap_id) WHERE c.revoked_at IS NOT NULL
UNION ALL
SELECT 'token', org_id, token_id::text, created_at, revoked_at FROM api_token WHERE revoked_at IS NOT NULL
UNION ALL
SELECT 'account', '', account_id::text, created_at, disabled_at FROM account WHERE disabled_at IS NOT NULL
UNION ALL
SELECT 'erased account', '', account_id::text, created_at, erased_at FROM account WHERE erased_at IS NOT NULL
ORDER BY 5, 1, 3

-- to_erase --
SELECT recipient_id FROM recipient
WHERE recipient_id = %(id)s::bigint AND org_id = %(org_id)s AND created_at = %(made_at)s AND erased_at IS NULL

-- account_to_erase --
SELECT account_id FROM account
WHERE account_id = %(id)s::bigint AND created_at = %(made_at)s AND erased_at IS NULL

-- stopped --
UPDATE recipient SET stopped_at = %(at)s
WHERE recipient_id = %(id)s::bigint AND org_id = %(org_id)s AND created_at = %(made_at)s AND stopped_at IS NULL

-- trap --
-- The secret that was revoked, or one before it.
UPDATE trap_credential SET revoked_at = %(at)s, secret_hash = NULL
WHERE trap_id = %(id)s AND issued_at <= %(made_at)s AND revoked_at IS NULL

-- token --
UPDATE api_token SET revoked_at = %(at)s
WHERE token_id = %(id)s::bigint AND org_id = %(org_id)s AND created_at = %(made_at)s AND revoked_at IS NULL

-- account --
UPDATE account SET disabled_at = %(at)s
WHERE account_id = %(id)s::bigint AND created_at = %(made_at)s AND disabled_at IS NULL
