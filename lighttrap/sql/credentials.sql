-- issue --
INSERT INTO trap_credential (trap_id, secret_hash, issued_by)
VALUES (%(trap_id)s, %(secret_hash)s, %(issued_by)s)
ON CONFLICT (trap_id) DO UPDATE SET
    secret_hash = excluded.secret_hash, issued_at = now(), issued_by = excluded.issued_by, revoked_at = NULL
RETURNING trap_id, issued_at, issued_by, revoked_at

-- revoke --
UPDATE trap_credential c SET revoked_at = coalesce(c.revoked_at, now()), secret_hash = NULL
FROM trap t
WHERE t.trap_id = c.trap_id AND c.trap_id = %(trap_id)s AND t.org_id = %(org_id)s
RETURNING c.trap_id, c.issued_at, c.issued_by, c.revoked_at

-- get_credential --
SELECT c.trap_id, c.issued_at, c.issued_by, c.revoked_at
FROM trap_credential c
JOIN trap t ON t.trap_id = c.trap_id
WHERE c.trap_id = %(trap_id)s AND t.org_id = %(org_id)s

-- list_logins --
-- A trap that is out of service is out of the broker too, also when its end was set ahead of time.
SELECT c.trap_id, t.org_id, c.secret_hash
FROM trap_credential c
JOIN trap t ON t.trap_id = c.trap_id
WHERE c.revoked_at IS NULL AND t.retired_at > now()
ORDER BY c.trap_id

-- listen --
LISTEN lighttrap_broker
