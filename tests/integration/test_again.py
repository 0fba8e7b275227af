"""Requests that only read outlive a deadlock; what cannot be mended by another try is said."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import httpx2
import pytest

from lighttrap.model import Role
from lighttrap.store import pool
from tests.builders import ORG, TRAP, a_reading, a_trap, store_readings
from tests.waiting import wait_until

NOW = datetime.now(UTC)
SPAN = {"first_at": (NOW - timedelta(days=1)).isoformat(), "before_at": NOW.isoformat()}
READINGS = f"/v1/orgs/{ORG}/traps/{TRAP}/readings"
HOURS = f"/v1/orgs/{ORG}/traps/{TRAP}/hours"
FAILING = """
    CREATE SEQUENCE tries;
    CREATE FUNCTION fail_times(times bigint, state text) RETURNS boolean LANGUAGE plpgsql AS $$
    BEGIN
        IF nextval('tries') <= times THEN RAISE EXCEPTION USING ERRCODE = state, MESSAGE = 'broken off'; END IF;
        RETURN true;
    END $$;
"""


@pytest.fixture
def a_day(conn: pool.Connection) -> pool.Connection:
    """A trap with three readings of the last hours."""
    a_trap(conn)
    store_readings(conn, *(a_reading(seq, start=NOW - timedelta(hours=seq)) for seq in (1, 2, 3)))
    conn.execute(FAILING)
    conn.commit()
    return conn


def break_off(conn: pool.Connection, times: int, state: str) -> None:
    """From now on hours are broken off so many times."""
    conn.execute("ALTER VIEW trap_hour RENAME TO trap_hour_at_peace")
    conn.execute(
        f"CREATE VIEW trap_hour AS SELECT h.* FROM trap_hour_at_peace h WHERE (SELECT fail_times({times}, '{state}'))"
    )
    conn.commit()


def tries(conn: pool.Connection) -> int:
    [(number,)] = conn.execute("SELECT last_value FROM tries").fetchall()
    conn.rollback()
    return int(number)


@contextmanager
def _held(conn: pool.Connection, table: str) -> Iterator[None]:
    conn.execute(f"LOCK TABLE {table}")
    try:
        yield
    finally:
        conn.rollback()


def waiting(conn: pool.Connection) -> int:
    # Of pg_stat_activity a transaction sees one moment only.
    [(number,)] = conn.execute(
        "SELECT count(*) FROM pg_locks l JOIN pg_database d ON d.oid = l.database"
        " WHERE d.datname = current_database() AND NOT l.granted"
    ).fetchall()
    return int(number)


def after_a_deadlock(conn: pool.Connection, ask: Callable[[], httpx2.Response]) -> httpx2.Response:
    """The answer to a question about readings, asked by who deadlocks with us and is the one that is ended."""
    with ThreadPoolExecutor(1) as one:
        with _held(conn, "reading"):
            answer = one.submit(ask)
            wait_until(lambda: waiting(conn), equals=1)
            conn.execute("LOCK TABLE trap")  # which the reader has read, so that each waits for the other
        return answer.result()


def test_reader_that_deadlocks_with_who_locks_its_tables_is_answered(api, a_day):
    headers = api.as_role(Role.VIEWER)
    answer = after_a_deadlock(a_day, lambda: api.client.get(READINGS, params=SPAN, headers=headers))
    assert [item["seq"] for item in answer.json()["items"]] == [3, 2, 1]


def test_export_that_deadlocks_before_its_first_byte_is_begun_anew(api, a_day):
    headers = api.as_role(Role.VIEWER)
    span = {"first": f"{NOW - timedelta(days=2):%Y-%m-%d}", "last": f"{NOW:%Y-%m-%d}"}
    path = f"/v1/orgs/{ORG}/exports/readings"
    answer = after_a_deadlock(a_day, lambda: api.client.get(path, params=span, headers=headers))
    assert (answer.status_code, len(answer.content.splitlines())) == (200, 4)


@pytest.mark.parametrize("state", ["40P01", "40001"])
def test_reader_that_is_broken_off_twice_is_answered_at_the_third_try(api, a_day, state):
    break_off(a_day, 2, state)
    answer = api.client.get(HOURS, headers=api.as_role(Role.VIEWER))
    assert (answer.status_code, len(answer.json())) == (200, 3)
    assert tries(a_day) == 3


def test_reader_that_is_broken_off_each_time_is_told_to_come_again(api, a_day):
    break_off(a_day, 9, "40P01")
    answer = api.client.get(HOURS, headers=api.as_role(Role.VIEWER))
    assert (answer.status_code, answer.json()["type"]) == (503, "store-unavailable")
    assert answer.headers["retry-after"]
    assert tries(a_day) == 3


def test_other_faults_of_the_database_are_not_tried_again(api, a_day):
    break_off(a_day, 9, "53200")
    assert api.client.get(HOURS, headers=api.as_role(Role.VIEWER)).status_code == 503
    assert tries(a_day) == 1


def test_what_changes_something_is_not_run_again(api, a_day):
    a_day.execute(
        "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN PERFORM fail_times(9, '40P01'); RETURN NEW; END $$;"
        "CREATE TRIGGER refuse BEFORE UPDATE ON org FOR EACH ROW EXECUTE FUNCTION refuse()"
    )
    a_day.commit()
    answer = api.client.patch(f"/v1/orgs/{ORG}", json={"keep_readings_days": 90}, headers=api.as_role(Role.ADMIN))
    assert answer.status_code == 503
    assert tries(a_day) == 1
