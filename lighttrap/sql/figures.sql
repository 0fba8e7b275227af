-- session --
-- A scrape that takes longer is of no use to anybody.
SELECT set_config('statement_timeout', '5s', false), set_config('lock_timeout', '1s', false)

-- server --
-- The server, and what of it concerns our database. Other people's sessions tell their state to pg_monitor only.
SELECT 'lighttrap_database_bytes' AS figure, ARRAY[]::text[] AS labels,
       pg_database_size(current_database())::double precision AS value
UNION ALL
SELECT 'lighttrap_database_connections', ARRAY[coalesce(state, 'unknown')], count(*)
FROM pg_stat_activity WHERE backend_type = 'client backend' GROUP BY state
UNION ALL
SELECT 'lighttrap_database_connections_limit', '{}',
       current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int
UNION ALL
-- A backup holds one for as long as it takes, and may.
SELECT 'lighttrap_database_oldest_transaction_seconds', '{}',
       coalesce(max(extract(epoch FROM clock_timestamp() - xact_start)), 0)
FROM pg_stat_activity
WHERE backend_type = 'client backend' AND application_name NOT IN ('pg_dump', 'lighttrap backup') AND pid <> pg_backend_pid()
UNION ALL
SELECT 'lighttrap_database_transactions_total', ARRAY[ended.how], ended.number
FROM pg_stat_database d
CROSS JOIN LATERAL (VALUES ('committed', d.xact_commit), ('rolled back', d.xact_rollback)) AS ended (how, number)
WHERE d.datname = current_database()
UNION ALL
SELECT 'lighttrap_database_deadlocks_total', '{}', deadlocks FROM pg_stat_database WHERE datname = current_database()
UNION ALL
SELECT 'lighttrap_database_xid_age', '{}', max(age(datfrozenxid)) FROM pg_database
UNION ALL
SELECT 'lighttrap_database_wal_archiving', '{}', (current_setting('archive_mode') <> 'off')::int
UNION ALL
SELECT 'lighttrap_database_wal_archived_total', '{}', archived_count FROM pg_stat_archiver
UNION ALL
SELECT 'lighttrap_database_wal_archive_failed_total', '{}', failed_count FROM pg_stat_archiver
UNION ALL
SELECT 'lighttrap_database_standbys', '{}', count(*) FROM pg_stat_replication
UNION ALL
SELECT 'lighttrap_database_standby_lag_bytes', ARRAY[application_name],
       max(pg_wal_lsn_diff(CASE WHEN NOT pg_is_in_recovery() THEN pg_current_wal_lsn() END, replay_lsn))
FROM pg_stat_replication WHERE replay_lsn IS NOT NULL AND NOT pg_is_in_recovery() GROUP BY application_name

-- timescale_statement --
-- What TimescaleDB says of its jobs, where it is; by name, for plain PostgreSQL has no such views.
SELECT format('
    SELECT one.figure, ARRAY[j.proc_name || coalesce('' '' || j.hypertable_name, '''')],
           -- A job that never ran has none.
           coalesce(sum(one.value), 0)
    FROM %%1$I.job_stats s
    JOIN %%1$I.jobs j USING (job_id)
    CROSS JOIN LATERAL (VALUES
        (''lighttrap_timescale_runs_total'', s.total_runs::double precision),
        (''lighttrap_timescale_failures_total'', s.total_failures),
        (''lighttrap_timescale_late'', (coalesce(s.job_status = ''Scheduled''
                                                  AND isfinite(s.next_start)
                                                  AND s.next_start < now() - interval ''1 hour'', false))::int)) AS one (figure, value)
    GROUP BY 1, 2', n.nspname)
FROM pg_namespace n
WHERE n.nspname = 'timescaledb_information'

-- fleet --
-- The traps in service of each org: how they are, how old their last words are, how the last night that is over was.
WITH heard AS (
    SELECT l.trap_id, max(l.last_at) AS read_at FROM ledger l GROUP BY l.trap_id
), fleet AS (
    SELECT t.trap_id, t.org_id, t.nominal_s, t.in_service_from, h.read_at, greatest(h.read_at, s.received_at) AS heard_at,
           night_of(now(), coalesce(f.time_zone, 'Asia/Ho_Chi_Minh')) - 1 AS last_night
    FROM trap t
    LEFT JOIN heard h ON h.trap_id = t.trap_id
    LEFT JOIN trap_status s ON s.trap_id = t.trap_id
    LEFT JOIN deployment d ON d.trap_id = t.trap_id AND d.from_at <= now() AND d.to_at > now()
    LEFT JOIN field f ON f.field_id = d.field_id
    WHERE t.in_service_from <= now() AND t.retired_at > now()
), told AS (
    SELECT org_id,
           count(*) FILTER (WHERE heard_at >= now() - make_interval(secs => %(silent_after_s)s::float8)) AS reporting,
           count(*) FILTER (WHERE heard_at < now() - make_interval(secs => %(silent_after_s)s::float8)) AS silent,
           count(*) FILTER (WHERE heard_at IS NULL) AS never,
           percentile_disc(ARRAY[0.5, 0.9, 0.99, 1]) WITHIN GROUP (ORDER BY extract(epoch FROM now() - read_at)) AS ages
    FROM fleet GROUP BY org_id
)
SELECT 'lighttrap_fleet_traps' AS figure, ARRAY[t.org_id, one.state] AS labels, one.traps::double precision AS value
FROM told t
CROSS JOIN LATERAL (VALUES ('reporting', t.reporting), ('silent', t.silent), ('never heard', t.never)) AS one (state, traps)
UNION ALL
SELECT 'lighttrap_fleet_reading_age_seconds', ARRAY[t.org_id, one.share], greatest(0, one.age)
FROM told t
CROSS JOIN LATERAL unnest(ARRAY['0.5', '0.9', '0.99', '1'], t.ages) AS one (share, age)
WHERE one.age IS NOT NULL
UNION ALL
SELECT 'lighttrap_fleet_last_night', ARRAY[f.org_id, night_state(coalesce(n.lamp_s, 0), f.nominal_s,
                                                                 coalesce(n.readings, 0), true)], count(*)
FROM fleet f
LEFT JOIN trap_night n ON n.trap_id = f.trap_id AND n.night = f.last_night
WHERE f.in_service_from < f.last_night
  -- One that was put up today had no night to lose.
  AND EXISTS (SELECT FROM trap_night e WHERE e.trap_id = f.trap_id AND e.night <= f.last_night)
GROUP BY 2

-- losses --
-- Readings that traps gave out and that have not come, and messages that could not be stored.
WITH open AS (
    SELECT t.org_id, count(*) AS gaps, sum(seq_count(g.missing)) AS missing
    FROM gap g JOIN trap t ON t.trap_id = g.trap_id
    WHERE g.closed_at IS NULL
    GROUP BY t.org_id
)
SELECT one.figure, ARRAY[o.org_id] AS labels, one.value::double precision AS value
FROM org o
LEFT JOIN open ON open.org_id = o.org_id
CROSS JOIN LATERAL (VALUES ('lighttrap_fleet_open_gaps', coalesce(open.gaps, 0)),
                           ('lighttrap_fleet_missing_readings', coalesce(open.missing, 0))) AS one (figure, value)
UNION ALL
SELECT 'lighttrap_quarantine_messages', ARRAY[reason], count(*) FROM quarantine
WHERE state <> 'replayed' GROUP BY reason

-- outbox --
-- What is still to be said, and what came of the rest: the last day by the state it ended in, SMS parts since midnight.
WITH recent AS (
    SELECT channel, state, next_try_at, due_at, finished_at, sent_at, segments FROM delivery
    WHERE state IN ('queued', 'failed')
    UNION ALL
    SELECT channel, state, next_try_at, due_at, finished_at, sent_at, segments FROM delivery
    WHERE created_at > now() - interval '3 days' AND finished_at > now() - interval '1 day'
      AND state NOT IN ('queued', 'failed', 'leased')
)
SELECT 'lighttrap_outbox_due' AS figure, ARRAY[channel] AS labels,
       (count(*) FILTER (WHERE state IN ('queued', 'failed') AND next_try_at <= now()))::double precision AS value
FROM recent GROUP BY channel
UNION ALL
SELECT 'lighttrap_outbox_retried', ARRAY[channel], count(*) FILTER (WHERE state = 'failed') FROM recent GROUP BY channel
UNION ALL
SELECT 'lighttrap_outbox_oldest_seconds', ARRAY[channel],
       coalesce(max(extract(epoch FROM now() - due_at)) FILTER (WHERE state IN ('queued', 'failed') AND due_at <= now()), 0)
FROM recent GROUP BY channel
UNION ALL
SELECT 'lighttrap_outbox_deliveries_day', ARRAY[channel, state], count(*)
FROM recent WHERE finished_at IS NOT NULL GROUP BY channel, state
UNION ALL
SELECT 'lighttrap_outbox_sms_parts_today', ARRAY[channel],
       coalesce(sum(segments) FILTER (WHERE sent_at >= date_trunc('day', now(), 'Asia/Ho_Chi_Minh')), 0)
FROM recent GROUP BY channel
UNION ALL
SELECT 'lighttrap_outbox_events', '{}', count(*) FROM alert_event WHERE fanned_out_at IS NULL
UNION ALL
SELECT 'lighttrap_outbox_events_oldest_seconds', '{}', coalesce(max(extract(epoch FROM now() - at)), 0)
FROM alert_event WHERE fanned_out_at IS NULL
