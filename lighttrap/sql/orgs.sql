-- ensure_org --
INSERT INTO org (org_id, name) VALUES (%(org_id)s, %(name)s) ON CONFLICT (org_id) DO NOTHING

-- list_orgs --
SELECT org_id, name FROM org ORDER BY org_id
