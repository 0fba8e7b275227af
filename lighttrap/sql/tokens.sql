-- add_token --
INSERT INTO api_token (token_sha, org_id, name, role, created_by, expires_at)
VALUES (%(sha)s, %(org_id)s, %(name)s, %(role)s, %(created_by)s, %(expires_at)s)
RETURNING token_id, org_id, name, role, created_by, created_at, expires_at, revoked_at, last_used_at

-- list_tokens --
SELECT token_id, org_id, name, role, created_by, created_at, expires_at, revoked_at, last_used_at
FROM api_token
WHERE %(org_id)s::text IS NULL OR org_id = %(org_id)s
ORDER BY token_id

-- live_tokens_of_account --
-- In any org; an account's login stands in what it made.
SELECT t.token_id, t.org_id, t.name, t.role, t.created_by, t.created_at, t.expires_at, t.revoked_at, t.last_used_at
FROM api_token t
JOIN account a ON a.login = t.created_by
WHERE a.account_id = %(account_id)s AND t.revoked_at IS NULL AND t.expires_at > now()
ORDER BY t.token_id

-- revoke_token --
UPDATE api_token SET revoked_at = coalesce(revoked_at, now())
WHERE token_id = %(token_id)s AND (%(org_id)s::text IS NULL OR org_id = %(org_id)s)
RETURNING token_id, org_id, name, role, created_by, created_at, expires_at, revoked_at, last_used_at

-- caller_of_token --
-- On a replica, which can be asked and not be written to, its use is no news.
SELECT token_id, name, org_id, role,
       coalesce(last_used_at < now() - interval '1 minute', true) AND NOT pg_is_in_recovery() AS is_news
FROM api_token
WHERE token_sha = %(sha)s AND revoked_at IS NULL AND expires_at > now()

-- note_use --
-- Whoever else notes it does so until their request ends, and nobody waits for that.
UPDATE api_token SET last_used_at = now()
WHERE token_id = (SELECT token_id FROM api_token WHERE token_id = %(token_id)s FOR NO KEY UPDATE SKIP LOCKED)
