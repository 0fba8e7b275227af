-- What is known of each trap's nights. Derived when read, for a night turns from pending to silent without any message.

CREATE FUNCTION night_state(lamp_s bigint, nominal_s integer, readings bigint, is_over boolean) RETURNS text
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN CASE
        WHEN readings > 0 AND lamp_s * 100 >= nominal_s::bigint * 80 THEN 'complete'
        WHEN NOT is_over THEN 'pending'
        WHEN readings = 0 THEN 'silent'
        WHEN lamp_s * 100 >= nominal_s::bigint * 50 THEN 'partial'
        ELSE 'lost'
    END;
COMMENT ON FUNCTION night_state IS '80 % and 50 % of the planned lamp time are editable proposals (docs/domain.md, 1)';

CREATE FUNCTION trap_zone(wanted text, at timestamptz) RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN coalesce(
        (SELECT f.time_zone FROM deployment d JOIN field f USING (field_id)
         WHERE d.trap_id = wanted AND d.from_at <= at AND at < d.to_at),
        'Asia/Ho_Chi_Minh');

CREATE VIEW trap_night_state AS
SELECT axis.trap_id, axis.org_id, axis.night,
       coalesce(n.lamp_s, 0) AS lamp_s, coalesce(n.covered_s, 0) AS covered_s, coalesce(n.readings, 0) AS readings,
       least(1.0, coalesce(n.lamp_s, 0)::double precision / axis.nominal_s) AS coverage,
       night_state(coalesce(n.lamp_s, 0), axis.nominal_s, coalesce(n.readings, 0), axis.night < axis.tonight) AS state
FROM (
    SELECT t.trap_id, t.org_id, t.nominal_s, span.tonight, step::date AS night
    FROM trap t
    CROSS JOIN LATERAL (
        SELECT min(n.night) AS first_night, max(n.night) AS last_night FROM trap_night n WHERE n.trap_id = t.trap_id
    ) AS known
    CROSS JOIN LATERAL (
        SELECT night_of(now(), z.zone) AS tonight,
               least(night_of(t.created_at, z.zone), known.first_night) AS first_night,
               greatest(known.last_night, night_of(least(now(), t.retired_at - interval '1 second'), z.zone)) AS last_night
        FROM trap_zone(t.trap_id, least(now(), t.retired_at - interval '1 second')) AS z (zone)
    ) AS span
    CROSS JOIN LATERAL generate_series(span.first_night, span.last_night, interval '1 day') AS step
) AS axis
LEFT JOIN trap_night n ON n.trap_id = axis.trap_id AND n.night = axis.night;
COMMENT ON VIEW trap_night_state IS 'every night of every trap in service, silent ones too';
