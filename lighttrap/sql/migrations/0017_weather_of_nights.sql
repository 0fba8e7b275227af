-- Rain and air temperature of each night, for charts of a season: its readings are too many to be read again each time.

ALTER TABLE trap_night ADD COLUMN rain_um bigint, ADD COLUMN temperature_min_c double precision,
    ADD COLUMN temperature_max_c double precision;
COMMENT ON COLUMN trap_night.rain_um IS 'micrometres of rain, each reading''s rounded by itself; NULL: no reading told of rain';
COMMENT ON COLUMN trap_night.temperature_min_c IS 'lowest air temperature that a reading told';

UPDATE trap_night n SET
    rain_um = r.rain_um, temperature_min_c = r.temperature_min_c, temperature_max_c = r.temperature_max_c
FROM (
    SELECT trap_id, night, sum(round(rain_mm * 1000)::bigint)::bigint AS rain_um,
           min(temperature_c) AS temperature_min_c, max(temperature_c) AS temperature_max_c
    FROM reading WHERE rain_mm IS NOT NULL OR temperature_c IS NOT NULL
    GROUP BY trap_id, night
) AS r
WHERE n.trap_id = r.trap_id AND n.night = r.night;
