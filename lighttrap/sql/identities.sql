-- forget_tries --
DELETE FROM oidc_try WHERE expires_at < now()

-- begin --
INSERT INTO oidc_try (state_sha, browser_sha, nonce, verifier, next_path, expires_at)
VALUES (%(state_sha)s, %(browser_sha)s, %(nonce)s, %(verifier)s, %(next_path)s,
        now() + make_interval(secs => %(lives_s)s))

-- take --
-- Gone with the first who asks for it, also when it is not theirs.
DELETE FROM oidc_try WHERE state_sha = %(state_sha)s
RETURNING nonce, verifier, next_path, browser_sha = %(browser_sha)s::bytea AND expires_at > now() AS is_good

-- account_of_identity --
SELECT a.account_id, a.login, a.disabled_at IS NULL AS is_open
FROM account_identity i
JOIN account a ON a.account_id = i.account_id
WHERE i.issuer = %(issuer)s AND i.subject = %(subject)s

-- account_of_login --
SELECT account_id, login, disabled_at IS NULL AS is_open FROM account WHERE login = %(login)s

-- link --
INSERT INTO account_identity (issuer, subject, account_id) VALUES (%(issuer)s, %(subject)s, %(account_id)s)
ON CONFLICT DO NOTHING

-- forget_identities --
DELETE FROM account_identity WHERE account_id = %(account_id)s

-- take_over --
-- A password that another org's admin gave opens nothing any more; one that an operator gave works on.
UPDATE account SET made_by = NULL, password_hash = '-' WHERE account_id = %(account_id)s AND made_by IS NOT NULL

-- end_sessions --
DELETE FROM login_session WHERE account_id = %(account_id)s
