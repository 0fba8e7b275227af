-- note --
INSERT INTO audit (who, org_id, action, object_kind, object_id, before, after)
VALUES (%(who)s, %(org_id)s, %(action)s, %(object_kind)s, %(object_id)s, %(before)s::jsonb, %(after)s::jsonb)

-- list_entries --
SELECT audit_id, at, who, org_id, action, object_kind, object_id, before, after
FROM audit
WHERE (%(org_id)s::text IS NULL OR org_id = %(org_id)s) AND audit_id < %(before_id)s
  AND (%(object_kind)s::text IS NULL OR object_kind = %(object_kind)s)
ORDER BY audit_id DESC
LIMIT %(limit)s
