-- list_species --
SELECT species AS key, scientific_name, name_vi, name_en, role, name_km, eppo_code FROM species ORDER BY species
