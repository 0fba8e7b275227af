-- For how long an org keeps its raw readings; what was made of them stays for ever.

ALTER TABLE org
    ADD COLUMN keep_readings_days integer CHECK (keep_readings_days BETWEEN 60 AND 36500),
    ADD COLUMN readings_from timestamptz CHECK (isfinite(readings_from));
COMMENT ON COLUMN org.keep_readings_days IS 'NULL keeps them for ever; traps send again for 30 days, and duplicates are known by readings';
COMMENT ON COLUMN org.readings_from IS 'readings that began before were deleted, or will be; never goes back';
