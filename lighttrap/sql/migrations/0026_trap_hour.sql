-- The last five weeks of each trap by the hour: what came, for how long the lamp was on, how late it came.

CREATE VIEW trap_hour AS
SELECT trap_id, date_bin(interval '1 hour', start_at, timestamptz '2000-01-01 00:00+00') AS hour, count(*) AS readings,
       sum(lamp_s)::bigint AS lamp_s, max(extract(epoch FROM received_at - end_at))::double precision AS lag_s
FROM reading
WHERE start_at >= date_bin(interval '1 hour', now() - interval '35 days', timestamptz '2000-01-01 00:00+00')
GROUP BY 1, 2;
COMMENT ON VIEW trap_hour IS 'activity of traps; the community edition of TimescaleDB keeps it ready, elsewhere it is counted when read';
COMMENT ON COLUMN trap_hour.lag_s IS 'seconds from the end of a reading to its receipt, the greatest of the hour';
