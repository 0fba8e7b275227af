-- list_sessions --
SELECT session_id, way, agent, created_at, expires_at, session_sha = %(sha)s::bytea AS is_this_one
FROM login_session
WHERE account_id = %(account_id)s AND expires_at > now()
ORDER BY session_id DESC

-- end_one --
DELETE FROM login_session WHERE account_id = %(account_id)s AND session_id = %(session_id)s

-- end_others --
DELETE FROM login_session WHERE account_id = %(account_id)s AND session_sha <> %(sha)s::bytea
