-- requires timescaledb community
-- Old readings in the columnstore, and the hours of traps kept ready. Nothing leans on either: docs/timescaledb.md.

ALTER TABLE reading SET (timescaledb.enable_columnstore, timescaledb.segmentby = 'trap_id', timescaledb.orderby = 'start_at');
-- No trap sends again what is older than 30 days.
CALL add_columnstore_policy('reading', after => interval '30 days');

CREATE MATERIALIZED VIEW trap_hour_kept WITH (timescaledb.continuous, timescaledb.materialized_only = false) AS
SELECT trap_id, time_bucket(interval '1 hour', start_at) AS hour, count(*) AS readings, sum(lamp_s)::bigint AS lamp_s,
       max(extract(epoch FROM received_at - end_at))::double precision AS lag_s
FROM reading GROUP BY 1, 2
WITH NO DATA;
SELECT set_chunk_time_interval('trap_hour_kept', interval '14 days');
-- Over all that a trap may still send; hours older than that are not shown, and go.
SELECT add_continuous_aggregate_policy('trap_hour_kept', start_offset => interval '36 days',
                                       end_offset => interval '1 hour', schedule_interval => interval '30 minutes');
SELECT add_retention_policy('trap_hour_kept', drop_after => interval '50 days');

CREATE OR REPLACE VIEW trap_hour AS
SELECT trap_id, hour, readings, lamp_s, lag_s
FROM trap_hour_kept
WHERE hour >= date_bin(interval '1 hour', now() - interval '35 days', timestamptz '2000-01-01 00:00+00');
