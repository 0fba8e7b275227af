-- add_fresh_to_catches --
-- Adds the fresh readings, and only those, to the roll-up; keys in order, so that two writers cannot deadlock.
INSERT INTO catch (trap_id, species, night, count, lamp_s, readings)
SELECT s.trap_id, c.key, s.night, sum(c.value::bigint), sum(s.lamp_s), count(*)
FROM stage s CROSS JOIN LATERAL jsonb_each_text(s.counts) AS c
WHERE s.fate = 'fresh'
GROUP BY s.trap_id, c.key, s.night
ORDER BY s.trap_id, c.key, s.night
ON CONFLICT (trap_id, species, night) DO UPDATE SET
    count = catch.count + excluded.count,
    lamp_s = catch.lamp_s + excluded.lamp_s,
    readings = catch.readings + excluded.readings

-- add_fresh_to_nights --
-- Each reading's seconds and rain are rounded by themselves: a sum over the batch would depend on how batches were cut.
INSERT INTO trap_night (trap_id, night, lamp_s, covered_s, readings, first_at, last_at, rain_um, temperature_min_c,
                        temperature_max_c)
SELECT trap_id, night, sum(lamp_s), sum(round(extract(epoch FROM end_at - start_at)))::bigint, count(*),
       min(start_at), max(end_at), sum(round(rain_mm * 1000)::bigint), min(temperature_c), max(temperature_c)
FROM stage WHERE fate = 'fresh'
GROUP BY trap_id, night
ORDER BY trap_id, night
ON CONFLICT (trap_id, night) DO UPDATE SET
    lamp_s = trap_night.lamp_s + excluded.lamp_s,
    covered_s = trap_night.covered_s + excluded.covered_s,
    readings = trap_night.readings + excluded.readings,
    first_at = least(trap_night.first_at, excluded.first_at),
    last_at = greatest(trap_night.last_at, excluded.last_at),
    rain_um = coalesce(trap_night.rain_um + excluded.rain_um, trap_night.rain_um, excluded.rain_um),
    temperature_min_c = least(trap_night.temperature_min_c, excluded.temperature_min_c),
    temperature_max_c = greatest(trap_night.temperature_max_c, excluded.temperature_max_c)
