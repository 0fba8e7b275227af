-- recipients_at --
SELECT DISTINCT r.org_id, r.recipient_id
FROM recipient_address a JOIN recipient r USING (recipient_id)
WHERE a.address = ANY(%(forms)s::text[]) AND r.erased_at IS NULL
ORDER BY r.org_id, r.recipient_id

-- recipient --
SELECT org_id, recipient_id FROM recipient WHERE recipient_id = %(recipient_id)s AND erased_at IS NULL

-- account_at --
SELECT account_id FROM account WHERE login = %(login)s AND erased_at IS NULL

-- account --
SELECT account_id FROM account WHERE account_id = %(account_id)s AND erased_at IS NULL

-- signups_at --
SELECT count(*) FROM signup WHERE address = ANY(%(forms)s::text[])

-- all_of_recipient --
-- Everything held about a recipient, but for hashes that open their page.
SELECT jsonb_build_object(
    'recipient', to_jsonb(r) - 'token_sha',
    'addresses', (SELECT coalesce(jsonb_agg(to_jsonb(a) - 'recipient_id'), '[]')
                  FROM recipient_address a WHERE a.recipient_id = r.recipient_id),
    'subscriptions', (SELECT coalesce(jsonb_agg(to_jsonb(s) - 'recipient_id' ORDER BY s.subscription_id), '[]')
                      FROM subscription s WHERE s.recipient_id = r.recipient_id),
    'links', (SELECT coalesce(jsonb_agg(to_jsonb(l) - '{link_sha,recipient_id}'::text[] ORDER BY l.created_at), '[]')
              FROM farmer_link l WHERE l.recipient_id = r.recipient_id),
    'messages', (SELECT coalesce(jsonb_agg(to_jsonb(d) - '{lease_token,lease_until,recipient_id}'::text[]
                     || jsonb_build_object('tries', (
                            SELECT coalesce(jsonb_agg(to_jsonb(p) - '{delivery_id,lease_token}'::text[]), '[]')
                            FROM delivery_attempt p WHERE p.delivery_id = d.delivery_id))
                     ORDER BY d.delivery_id), '[]')
                 FROM delivery d WHERE d.recipient_id = r.recipient_id),
    'changes', (SELECT coalesce(jsonb_agg(to_jsonb(e) ORDER BY e.audit_id), '[]')
                FROM audit e WHERE e.object_kind = 'recipient' AND e.object_id = r.recipient_id::text))
FROM recipient r
WHERE r.recipient_id = %(recipient_id)s

-- all_of_account --
-- Everything held about somebody who logs in, but for hashes.
SELECT jsonb_build_object(
    'account', to_jsonb(a) - 'password_hash',
    'roles', (SELECT coalesce(jsonb_agg(to_jsonb(m) - 'account_id'), '[]')
              FROM membership m WHERE m.account_id = a.account_id),
    'sessions', (SELECT coalesce(jsonb_agg(to_jsonb(s) - '{session_sha,account_id}'::text[]), '[]')
                 FROM login_session s WHERE s.account_id = a.account_id),
    'identities', (SELECT coalesce(jsonb_agg(to_jsonb(i) - 'account_id'), '[]')
                   FROM account_identity i WHERE i.account_id = a.account_id),
    'tokens', (SELECT coalesce(jsonb_agg(to_jsonb(t) - 'token_sha'), '[]')
               FROM api_token t WHERE t.created_by = a.login),
    'corrections', (SELECT coalesce(jsonb_agg(to_jsonb(c)), '[]')
                    FROM correction c WHERE a.login IN (c.author, c.ended_by)),
    'visits', (SELECT coalesce(jsonb_agg(to_jsonb(v)), '[]') FROM visit v WHERE v.author = a.login),
    'notes', (SELECT coalesce(jsonb_agg(to_jsonb(n)), '[]') FROM alert_note n WHERE n.author = a.login),
    'changes', (SELECT coalesce(jsonb_agg(to_jsonb(e) ORDER BY e.audit_id), '[]') FROM audit e
                WHERE e.who = a.login OR (e.object_kind = 'account' AND e.object_id = a.account_id::text)))
FROM account a
WHERE a.account_id = %(account_id)s

-- all_of_signups --
SELECT coalesce(jsonb_agg(to_jsonb(s) - '{secret_sha,number_sha,lease_token,lease_until}'::text[]), '[]')
FROM signup s WHERE s.address = ANY(%(forms)s::text[])
