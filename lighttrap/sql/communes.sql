-- put_commune --
INSERT INTO commune (commune_code, name, province_code, province, former_province, former_district)
VALUES (%(commune_code)s, %(name)s, %(province_code)s, %(province)s, %(former_province)s, %(former_district)s)
ON CONFLICT (commune_code) DO UPDATE SET
    name = excluded.name, province_code = coalesce(excluded.province_code, commune.province_code),
    province = coalesce(excluded.province, commune.province),
    former_province = coalesce(excluded.former_province, commune.former_province),
    former_district = coalesce(excluded.former_district, commune.former_district)
RETURNING xmax = 0 AS created

-- list_communes --
SELECT commune_code, name, province_code, province, former_province, former_district
FROM commune
ORDER BY commune_code

-- page_communes --
SELECT commune_code, name, province_code, province, former_province, former_district
FROM commune
WHERE commune_code > %(after)s AND (%(province_code)s::text IS NULL OR province_code = %(province_code)s)
ORDER BY commune_code
LIMIT %(limit)s
