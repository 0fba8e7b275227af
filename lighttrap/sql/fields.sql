-- upsert_field --
INSERT INTO field (field_id, org_id, name, time_zone, boundary, area_ha, commune_code, growing_area_code)
VALUES (%(field_id)s, %(org_id)s, %(name)s, %(time_zone)s, %(boundary)s::jsonb, %(area_ha)s, %(commune_code)s,
        %(growing_area_code)s)
ON CONFLICT (field_id) DO UPDATE SET
    name = excluded.name, time_zone = excluded.time_zone, boundary = coalesce(excluded.boundary, field.boundary),
    area_ha = coalesce(excluded.area_ha, field.area_ha),
    commune_code = coalesce(excluded.commune_code, field.commune_code),
    growing_area_code = coalesce(excluded.growing_area_code, field.growing_area_code)
WHERE field.org_id = excluded.org_id
RETURNING xmax = 0 AS created

-- list_fields --
SELECT field_id, org_id, name, time_zone, boundary, area_ha, commune_code, growing_area_code
FROM field
WHERE %(org_id)s::text IS NULL OR org_id = %(org_id)s
ORDER BY field_id

-- field_org --
SELECT org_id FROM field WHERE field_id = %(field_id)s

-- page_fields --
SELECT field_id, org_id, name, time_zone, boundary, area_ha, commune_code, growing_area_code
FROM field
WHERE org_id = %(org_id)s AND field_id > %(after)s
  AND (%(commune_code)s::text IS NULL OR commune_code = %(commune_code)s)
  AND (%(field_id)s::text IS NULL OR field_id = %(field_id)s)
ORDER BY field_id
LIMIT %(limit)s
