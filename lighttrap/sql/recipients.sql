-- add_recipient --
INSERT INTO recipient (org_id, kind, name, language, accents, quiet_from, quiet_to, time_zone, consent_at, consent_how,
                       token_sha)
VALUES (%(org_id)s, %(kind)s, %(name)s, %(language)s, %(accents)s, %(quiet_from)s, %(quiet_to)s, %(time_zone)s,
        %(consent_at)s, %(consent_how)s, %(token_sha)s)
RETURNING recipient_id

-- put_address --
INSERT INTO recipient_address (recipient_id, channel, address) VALUES (%(recipient_id)s, %(channel)s, %(address)s)
ON CONFLICT (recipient_id, channel) DO UPDATE SET address = excluded.address, refused_at = NULL
WHERE recipient_address.address <> excluded.address

-- list_recipients --
SELECT r.org_id, r.name, r.kind, r.language, r.accents, r.quiet_from, r.quiet_to, r.time_zone, r.consent_at,
       r.consent_how, r.stopped_at, r.recipient_id,
       coalesce((SELECT jsonb_object_agg(a.channel, a.address ORDER BY a.channel) FROM recipient_address a
                 WHERE a.recipient_id = r.recipient_id), '{}') AS addresses,
       coalesce((SELECT jsonb_agg(a.channel ORDER BY a.channel) FROM recipient_address a
                 WHERE a.recipient_id = r.recipient_id AND a.refused_at IS NOT NULL), '[]') AS refused
FROM recipient r
WHERE r.erased_at IS NULL
  AND (%(org_id)s::text IS NULL OR r.org_id = %(org_id)s)
  AND (%(recipient_id)s::bigint IS NULL OR r.recipient_id = %(recipient_id)s)
  AND (%(token_sha)s::bytea IS NULL OR r.token_sha = %(token_sha)s)
  AND (%(kind)s::text IS NULL OR r.kind = %(kind)s)
  AND (%(stopped)s::boolean IS NULL OR (r.stopped_at IS NOT NULL) = %(stopped)s)
  AND (%(field_id)s::text IS NULL
       OR EXISTS (SELECT FROM subscription s WHERE s.recipient_id = r.recipient_id AND s.field_id = %(field_id)s))
  AND (%(commune_code)s::text IS NULL
       OR EXISTS (SELECT FROM subscription s
                  WHERE s.recipient_id = r.recipient_id AND s.commune_code = %(commune_code)s))
  AND r.recipient_id > %(after)s
ORDER BY r.recipient_id
LIMIT %(limit)s

-- lock_addresses --
-- Two people who give one address to somebody do it one after the other. Before any recipient is locked.
SELECT pg_advisory_xact_lock(hashtextextended('lighttrap addresses ' || %(org_id)s::text, 0))

-- recipient_at --
-- Who in an org has this address: importing a sheet again must not make a second person of anybody.
SELECT a.recipient_id FROM recipient_address a JOIN recipient r ON r.recipient_id = a.recipient_id
WHERE r.org_id = %(org_id)s AND a.channel = %(channel)s AND a.address = ANY(%(forms)s)
ORDER BY a.recipient_id LIMIT 1

-- update_recipient --
UPDATE recipient SET
    kind = %(kind)s, name = %(name)s, language = %(language)s, accents = %(accents)s, quiet_from = %(quiet_from)s,
    quiet_to = %(quiet_to)s, time_zone = %(time_zone)s, consent_at = coalesce(%(consent_at)s, consent_at),
    consent_how = coalesce(%(consent_how)s, consent_how), updated_at = now()
WHERE recipient_id = %(recipient_id)s AND org_id = %(org_id)s AND erased_at IS NULL

-- lock_recipient --
-- Two people who change somebody do it one after the other; whoever is erased is gone.
SELECT FROM recipient
WHERE recipient_id = %(recipient_id)s AND erased_at IS NULL AND (%(org_id)s::text IS NULL OR org_id = %(org_id)s)
FOR NO KEY UPDATE

-- drop_address --
DELETE FROM recipient_address WHERE recipient_id = %(recipient_id)s AND channel = %(channel)s

-- note_consent --
UPDATE recipient SET consent_at = %(at)s::timestamptz, consent_how = %(consent_how)s, updated_at = now()
WHERE recipient_id = %(recipient_id)s

-- new_token --
UPDATE recipient SET token_sha = %(token_sha)s, updated_at = now()
WHERE recipient_id = %(recipient_id)s AND erased_at IS NULL

-- stop_recipient --
UPDATE recipient SET stopped_at = coalesce(stopped_at, now()), updated_at = now() WHERE recipient_id = %(recipient_id)s

-- stop_address --
-- STOP came in by a channel: it holds for every channel of whoever has the address.
UPDATE recipient SET stopped_at = coalesce(stopped_at, now()), updated_at = now()
WHERE recipient_id IN (SELECT a.recipient_id FROM recipient_address a
                       WHERE a.channel = %(channel)s AND a.address = ANY(%(forms)s))

-- resume_recipient --
UPDATE recipient SET stopped_at = NULL, consent_at = coalesce(%(at)s::timestamptz, now()), consent_how = %(consent_how)s, updated_at = now()
WHERE recipient_id = %(recipient_id)s

-- subscribe --
INSERT INTO subscription (recipient_id, kind, field_id, commune_code, species, min_level)
VALUES (%(recipient_id)s, %(kind)s, %(field_id)s, %(commune_code)s, %(species)s, %(min_level)s)
ON CONFLICT (recipient_id, kind, coalesce(field_id, ''), coalesce(commune_code, ''), coalesce(species, ''))
DO UPDATE SET min_level = excluded.min_level
RETURNING subscription_id

-- unsubscribe --
DELETE FROM subscription WHERE recipient_id = %(recipient_id)s AND subscription_id = %(subscription_id)s

-- field_is_of_org --
SELECT EXISTS (SELECT FROM field f JOIN recipient r ON r.org_id = f.org_id
               WHERE f.field_id = %(field_id)s AND r.recipient_id = %(recipient_id)s)

-- subscriptions --
SELECT s.recipient_id, s.field_id, s.commune_code, s.species, s.min_level, s.kind, s.subscription_id
FROM subscription s
WHERE s.recipient_id = %(recipient_id)s
ORDER BY s.subscription_id

-- get_setting --
SELECT coalesce(s.farmers_need_approval, false) AS farmers_need_approval, s.phone, s.updated_at, s.author
FROM org o
LEFT JOIN org_setting s ON s.org_id = o.org_id
WHERE o.org_id = %(org_id)s

-- put_setting --
-- What is NULL stays as it is; an empty telephone number is none.
INSERT INTO org_setting (org_id, farmers_need_approval, phone, author)
VALUES (%(org_id)s, coalesce(%(farmers_need_approval)s::boolean, false), nullif(%(phone)s::text, ''), %(author)s)
ON CONFLICT (org_id) DO UPDATE SET
    farmers_need_approval = coalesce(%(farmers_need_approval)s, org_setting.farmers_need_approval),
    phone = nullif(coalesce(%(phone)s::text, org_setting.phone), ''), author = excluded.author, updated_at = now()
