-- add_account --
INSERT INTO account (login, name, password_hash, is_admin, made_by)
VALUES (%(login)s, %(name)s, %(password_hash)s, %(is_admin)s, %(made_by)s)
ON CONFLICT (login) DO NOTHING
RETURNING account_id

-- list_accounts --
-- The accounts of one org with their role there, or all with all their roles.
SELECT a.account_id, a.login, a.name, a.is_admin, a.created_at, a.locked_until, a.disabled_at, a.made_by,
       coalesce(jsonb_object_agg(m.org_id, m.role) FILTER (WHERE m.org_id IS NOT NULL), '{}') AS roles
FROM account a
LEFT JOIN membership m ON m.account_id = a.account_id AND (%(org_id)s::text IS NULL OR m.org_id = %(org_id)s)
WHERE a.erased_at IS NULL AND (%(org_id)s::text IS NULL OR m.org_id IS NOT NULL)
  AND (%(account_id)s::bigint IS NULL OR a.account_id = %(account_id)s)
  AND (%(login)s::text IS NULL OR a.login = %(login)s)
GROUP BY a.account_id
ORDER BY a.login

-- put_membership --
INSERT INTO membership (account_id, org_id, role) VALUES (%(account_id)s, %(org_id)s, %(role)s)
ON CONFLICT (account_id, org_id) DO UPDATE SET role = excluded.role

-- end_membership --
DELETE FROM membership WHERE account_id = %(account_id)s AND org_id = %(org_id)s

-- disable --
UPDATE account SET disabled_at = coalesce(disabled_at, now()) WHERE account_id = %(account_id)s

-- enable --
UPDATE account SET disabled_at = NULL WHERE account_id = %(account_id)s

-- unlock --
UPDATE account SET failed_logins = 0, locked_until = NULL WHERE account_id = %(account_id)s

-- set_admin --
UPDATE account SET is_admin = %(is_admin)s WHERE account_id = %(account_id)s

-- lock_admins --
-- Of two who let each other go at the same time, the second finds themselves the last.
SELECT account_id FROM account WHERE is_admin AND disabled_at IS NULL ORDER BY account_id FOR UPDATE

-- page_accounts --
SELECT a.account_id, a.login, a.name, a.is_admin, a.created_at, a.locked_until, a.disabled_at, a.made_by,
       coalesce((SELECT jsonb_object_agg(m.org_id, m.role) FROM membership m WHERE m.account_id = a.account_id), '{}')
           AS roles
FROM account a
WHERE a.login > %(after)s AND a.erased_at IS NULL
ORDER BY a.login
LIMIT %(limit)s

-- set_password --
UPDATE account SET password_hash = %(password_hash)s, failed_logins = 0, locked_until = NULL
WHERE account_id = %(account_id)s

-- vouch --
UPDATE account SET made_by = NULL WHERE account_id = %(account_id)s

-- end_sessions --
DELETE FROM login_session WHERE account_id = %(account_id)s
