-- count_try --
INSERT INTO login_try AS t (source, minute_at, tries) VALUES (%(source)s, date_trunc('minute', now()), 1)
ON CONFLICT (source, minute_at) DO UPDATE SET tries = t.tries + 1
RETURNING tries

-- forget_tries --
DELETE FROM login_try WHERE minute_at < now() - interval '1 hour'

-- account_to_check --
-- Locked until the transaction ends, so that guesses side by side are counted one by one.
SELECT account_id, password_hash, disabled_at IS NULL AND coalesce(locked_until <= now(), true) AS is_open
FROM account WHERE login = %(login)s
FOR UPDATE

-- note_failure --
UPDATE account SET
    failed_logins = failed_logins + 1,
    locked_until = CASE WHEN failed_logins + 1 >= %(failures)s THEN now() + make_interval(secs => %(locked_s)s)
                        ELSE locked_until END
WHERE account_id = %(account_id)s

-- note_success --
UPDATE account SET failed_logins = 0, locked_until = NULL, password_hash = coalesce(%(password_hash)s, password_hash)
WHERE account_id = %(account_id)s

-- open_session --
INSERT INTO login_session (session_sha, account_id, expires_at, way, agent)
VALUES (%(sha)s, %(account_id)s, now() + make_interval(secs => %(session_s)s), %(way)s, %(agent)s)

-- end_session --
DELETE FROM login_session WHERE session_sha = %(sha)s

-- forget_sessions --
DELETE FROM login_session WHERE expires_at < now()

-- caller_of_session --
SELECT a.login AS who, a.name, a.account_id, a.is_admin,
       CASE WHEN a.is_admin THEN (SELECT jsonb_object_agg(o.org_id, 'admin') FROM org o)
            ELSE (SELECT jsonb_object_agg(m.org_id, m.role) FROM membership m WHERE m.account_id = a.account_id)
       END AS roles
FROM login_session s
JOIN account a ON a.account_id = s.account_id
WHERE s.session_sha = %(sha)s AND s.expires_at > now() AND a.disabled_at IS NULL
