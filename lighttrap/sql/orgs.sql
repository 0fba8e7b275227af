-- ensure_org --
INSERT INTO org (org_id, name) VALUES (%(org_id)s, %(name)s) ON CONFLICT (org_id) DO NOTHING

-- add_org --
INSERT INTO org (org_id, name) VALUES (%(org_id)s, %(name)s) ON CONFLICT (org_id) DO NOTHING
RETURNING org_id, name, keep_readings_days, readings_from

-- rename_org --
-- Answers with the name before.
UPDATE org SET name = %(name)s FROM (SELECT name FROM org WHERE org_id = %(org_id)s FOR UPDATE) old
WHERE org_id = %(org_id)s
RETURNING old.name

-- list_orgs --
SELECT org_id, name, keep_readings_days, readings_from FROM org ORDER BY org_id

-- keep_readings --
-- Answers with what was kept before.
UPDATE org SET keep_readings_days = %(days)s::integer
FROM (SELECT keep_readings_days FROM org WHERE org_id = %(org_id)s FOR UPDATE) old
WHERE org_id = %(org_id)s
RETURNING old.keep_readings_days

-- lock_org --
SELECT FROM org WHERE org_id = %(org_id)s FOR NO KEY UPDATE
