"""A migration takes the time that it needs; what the session may otherwise is as before."""

from __future__ import annotations

import threading

from lighttrap import migrate
from lighttrap.store import pool
from tests.waiting import wait_until

BRIEF = "SELECT set_config('statement_timeout', '300ms', false), set_config('lock_timeout', '300ms', false)"
LIMITS = "SELECT current_setting('statement_timeout'), current_setting('lock_timeout')"


def test_migration_takes_longer_than_a_request_may(database, monkeypatch):
    slow = migrate.Migration("9999_slow.sql", "SELECT pg_sleep(0.5)")
    every = migrate.migrations()
    monkeypatch.setattr(migrate, "migrations", lambda: [*every, slow])
    with pool.connect(database) as conn:
        conn.execute(BRIEF)
        assert migrate.migrate(conn) == [slow.name]
        assert conn.execute(LIMITS).fetchone() == ("300ms", "300ms")


def test_migration_waits_for_another_one_as_long_as_that_takes(database):
    waiting = (
        "SELECT count(*) FROM pg_locks l JOIN pg_stat_activity a USING (pid) WHERE l.locktype = 'advisory'"
        " AND NOT l.granted AND now() - a.query_start > interval '0.5 s'"
    )
    done: list[list[str]] = []
    with pool.connect(database) as first, pool.connect(database) as second, pool.connect(database) as watch:
        migrate.migrate(first)
        migrate.apply(first, "0001_orgs_fields_traps.sql")  # begins a transaction with the lock
        second.execute(BRIEF)
        second.commit()
        other = threading.Thread(target=lambda: done.append(migrate.migrate(second)))
        other.start()
        watch.autocommit = True
        wait_until(lambda: watch.execute(waiting).fetchone() == (1,))
        first.rollback()
        other.join(10)
    assert done == [[]]
