-- has_jobs --
SELECT to_regclass('timescaledb_information.job_errors') IS NOT NULL

-- jobs --
-- The jobs of our tables, and how it stands with each: errors count since it last went well. Errors are shown to the
-- owner of the database and of the job alone; that it fails, to everybody.
SELECT j.job_id, j.proc_name AS procedure, coalesce(a.view_name, j.hypertable_name) AS relation,
       nullif(s.last_run_started_at, '-infinity') AS last_run_at,
       nullif(s.last_successful_finish, '-infinity') AS last_well_at,
       count(e.job_id) AS failures, min(e.start_time) AS failing_since,
       (array_agg(e.sqlerrcode ORDER BY e.start_time DESC))[1] AS sqlstate,
       (array_agg(e.err_message ORDER BY e.start_time DESC))[1] AS error,
       coalesce(s.last_run_status = 'Failed', false) OR count(e.job_id) > 0 AS is_failing,
       coalesce(s.job_status = 'Scheduled' AND isfinite(s.next_start)
                AND s.next_start < now() - interval '1 hour', false) AS is_late
FROM timescaledb_information.jobs j
LEFT JOIN timescaledb_information.continuous_aggregates a
    ON a.materialization_hypertable_schema = j.hypertable_schema
   AND a.materialization_hypertable_name = j.hypertable_name
LEFT JOIN timescaledb_information.job_stats s ON s.job_id = j.job_id
LEFT JOIN timescaledb_information.job_errors e
    ON e.job_id = j.job_id AND e.start_time > coalesce(s.last_successful_finish, '-infinity')
WHERE j.hypertable_name IS NOT NULL AND j.scheduled
GROUP BY j.job_id, j.proc_name, a.view_name, j.hypertable_name, s.last_run_started_at, s.last_successful_finish,
         s.last_run_status, s.job_status, s.next_start
ORDER BY j.job_id

-- can_drop_chunks --
SELECT to_regprocedure('drop_given_up_chunk()') IS NOT NULL

-- drop_chunk --
SELECT drop_given_up_chunk()
