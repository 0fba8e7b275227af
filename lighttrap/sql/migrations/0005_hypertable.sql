-- requires timescaledb
-- Raw readings in chunks by time; both editions have hypertables.

SELECT create_hypertable('reading', by_range('start_at', interval '14 days'),
                         create_default_indexes => false, migrate_data => true);
