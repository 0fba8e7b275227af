-- trap_of_another_org --
-- A trap, registered or of old records, that is not this org's.
SELECT known.trap_id, known.org_id
FROM (SELECT trap_id, org_id FROM trap UNION SELECT trap_id, org_id FROM manual_night) AS known
WHERE known.trap_id = ANY(%(trap_ids)s::text[]) AND known.org_id <> %(org_id)s::text
ORDER BY known.trap_id
LIMIT 1

-- species_not_known --
SELECT wanted.species
FROM unnest(%(species)s::text[]) AS wanted (species)
LEFT JOIN species s ON s.species = wanted.species
WHERE s.species IS NULL
ORDER BY wanted.species

-- insert_manual_nights --
-- Keys in order, so that two imports cannot deadlock; says which rows are new.
INSERT INTO manual_night (trap_id, species, night, org_id, trap_name, count, nights, nominal_s, source)
SELECT f.trap_id, f.species, f.night, %(org_id)s::text, f.trap_name, f.count, f.nights, f.nominal_s, %(source)s::text
FROM unnest(%(trap_id)s::text[], %(species)s::text[], %(night)s::date[], %(trap_name)s::text[], %(count)s::int[],
            %(nights)s::int[], %(nominal_s)s::int[])
     AS f (trap_id, species, night, trap_name, count, nights, nominal_s)
ORDER BY f.trap_id, f.species, f.night
ON CONFLICT (trap_id, species, night) DO NOTHING
RETURNING trap_id, species, night

-- stored_manual_nights --
SELECT m.trap_id, m.trap_name, m.species, m.night, m.count, m.nominal_s, m.nights
FROM unnest(%(trap_id)s::text[], %(species)s::text[], %(night)s::date[]) AS f (trap_id, species, night)
JOIN manual_night m USING (trap_id, species, night)

-- replace_manual_nights --
UPDATE manual_night m
SET trap_name = f.trap_name, count = f.count, nights = f.nights, nominal_s = f.nominal_s, source = %(source)s::text,
    imported_at = now()
FROM unnest(%(trap_id)s::text[], %(species)s::text[], %(night)s::date[], %(trap_name)s::text[], %(count)s::int[],
            %(nights)s::int[], %(nominal_s)s::int[])
     AS f (trap_id, species, night, trap_name, count, nights, nominal_s)
WHERE m.trap_id = f.trap_id AND m.species = f.species AND m.night = f.night

-- catch_history --
-- What a trap read by itself stands before what was written down for the same night.
SELECT c.trap_id, c.night, c.count, 1 AS nights, c.lamp_s, t.nominal_s, false AS is_manual
FROM verified_catch c
JOIN trap t USING (trap_id)
WHERE c.species = %(species)s::text AND c.trap_id = ANY(%(trap_ids)s::text[])
  AND (%(last)s::date IS NULL OR c.night <= %(last)s)
UNION ALL
SELECT m.trap_id, m.night, m.count, m.nights, m.nominal_s::bigint * m.nights, m.nominal_s, true
FROM manual_night m
WHERE m.species = %(species)s::text AND m.trap_id = ANY(%(trap_ids)s::text[])
  AND (%(last)s::date IS NULL OR m.night <= %(last)s)
  AND NOT EXISTS (
      SELECT FROM catch c
      WHERE c.trap_id = m.trap_id AND c.species = m.species AND c.night > m.night - m.nights AND c.night <= m.night)
ORDER BY 1, 2
