"""Device alerts on a real database: raised once, grouped, ended, and not for our own absence."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from lighttrap.store import devices, orgs, pool, traps
from lighttrap.store.devices import DeviceLimits
from tests.builders import ORG

LONG = 1e6
"""Seconds: we have been listening for ever."""
DAY_S = 86_400


def some_traps(conn: pool.Connection, number: int) -> list[str]:
    """Traps that spoke just now."""
    orgs.ensure_org(conn, ORG)
    ids = [f"trap-{index:02d}" for index in range(number)]
    for trap_id in ids:
        traps.register_trap(conn, trap_id=trap_id, org_id=ORG, in_service_from=datetime.now(UTC) - timedelta(days=200))
        heard(conn, trap_id, timedelta(0))
    return ids


def heard(conn: pool.Connection, trap_id: str, ago: timedelta) -> None:
    """The last word of a trap was so long ago."""
    at = datetime.now(UTC) - ago
    conn.execute(
        """INSERT INTO ledger (trap_id, boot, last_at) VALUES (%s, 1, %s)
           ON CONFLICT (trap_id, boot) DO UPDATE SET last_at = excluded.last_at""",
        [trap_id, at],
    )


def battery(conn: pool.Connection, trap_id: str, volts: float) -> None:
    """The trap's status tells its battery's voltage."""
    conn.execute(
        """INSERT INTO trap_status (trap_id, online, said_at, received_at, battery_v)
           VALUES (%s, true, now(), now(), %s)
           ON CONFLICT (trap_id) DO UPDATE SET battery_v = excluded.battery_v""",
        [trap_id, volts],
    )


def a_night(conn: pool.Connection, trap_id: str, ago: int, lamp_s: int, covered_s: int) -> None:
    """What is known of a night, counted from tonight."""
    conn.execute(
        """INSERT INTO trap_night (trap_id, night, lamp_s, covered_s, readings, first_at, last_at)
           VALUES (%s, night_of(now(), 'Asia/Ho_Chi_Minh') + %s, %s, %s, 40, now(), now())""",
        [trap_id, ago, lamp_s, covered_s],
    )


def events(conn: pool.Connection) -> list[tuple[str, str, str | None]]:
    """Everything said, as word, fault and trap."""
    query = "SELECT e.word, a.fault, a.trap_id FROM alert_event e JOIN alert a USING (alert_id) ORDER BY e.event_id"
    return [(word, fault, trap_id) for word, fault, trap_id in conn.execute(query).fetchall()]


def test_a_silent_trap_is_said_once_and_its_return_once(conn):
    ids = some_traps(conn, 5)
    heard(conn, ids[2], timedelta(hours=27))
    assert [devices.watch(conn, None, LONG) for _ in range(3)] == [1, 0, 0]
    heard(conn, ids[2], timedelta(0))
    assert [devices.watch(conn, None, LONG) for _ in range(2)] == [1, 0]
    assert events(conn) == [("raised", "silent", ids[2]), ("cleared", "silent", ids[2])]


def test_our_own_absence_is_nobodys_silence(conn):
    for trap_id in some_traps(conn, 10):
        heard(conn, trap_id, timedelta(days=3))
    assert devices.watch(conn, None, listening_s=600) == 0


def test_a_restart_neither_raises_nor_ends_what_was_known(conn):
    ids = some_traps(conn, 5)
    heard(conn, ids[0], timedelta(hours=27))
    assert devices.watch(conn, None, LONG) == 1
    assert devices.watch(conn, None, listening_s=1) == 0
    assert devices.watch(conn, None, LONG) == 0


def test_traps_that_fall_silent_together_are_one_alert(conn):
    ids = some_traps(conn, 20)
    for trap_id in ids[:12]:
        heard(conn, trap_id, timedelta(hours=27))
    assert devices.watch(conn, ORG, LONG) == 1
    for trap_id in ids[:10]:
        heard(conn, trap_id, timedelta(0))
    assert devices.watch(conn, ORG, LONG) == 3
    assert sorted(events(conn), key=str) == sorted(
        [
            ("raised", "silent-many", None),
            ("cleared", "silent-many", None),
            ("raised", "silent", ids[10]),
            ("raised", "silent", ids[11]),
        ],
        key=str,
    )


def test_a_battery_at_the_limit_does_not_flicker(conn):
    [trap_id] = some_traps(conn, 1)
    said = []
    for volts in (12.1, 11.4, 11.6, 11.4, 11.7, 11.9):
        battery(conn, trap_id, volts)
        said.append(devices.watch(conn, ORG, LONG))
    assert said == [0, 1, 0, 0, 0, 1]


@pytest.mark.parametrize(
    ("lamp_s", "covered_s", "expected"), [(0, DAY_S // 2, 1), (20_000, DAY_S // 2, 0), (0, 600, 0)]
)
def test_a_lamp_that_did_not_burn_while_the_trap_reported_is_a_fault(conn, lamp_s, covered_s, expected):
    [trap_id] = some_traps(conn, 1)
    a_night(conn, trap_id, -1, lamp_s, covered_s)
    assert devices.watch(conn, ORG, LONG) == 0, "more of it may still come"
    a_night(conn, trap_id, 0, 0, 600)
    assert devices.watch(conn, ORG, LONG) == expected


def test_a_gap_that_stays_open_is_a_fault(conn):
    [trap_id] = some_traps(conn, 1)
    conn.execute(
        """INSERT INTO gap (trap_id, boot, seqs, missing, opened_at, asked)
           VALUES (%s, 1, '[3,6)', '{[3,6)}', now() - interval '25 hours', 3)""",
        [trap_id],
    )
    assert devices.watch(conn, ORG, listening_s=60) == 0
    assert devices.watch(conn, ORG, LONG) == 1
    assert conn.execute("SELECT facts ->> 'missing' FROM alert_event").fetchall() == [("3",)]


def test_limits_are_settings(conn):
    [trap_id] = some_traps(conn, 1)
    heard(conn, trap_id, timedelta(hours=2))
    assert devices.watch(conn, ORG, LONG, DeviceLimits(silent_after_s=3600)) == 1


def test_traps_that_have_been_dead_for_long_are_not_many_together(conn):
    ids = some_traps(conn, 10)
    for days, trap_id in zip((30, 60, 90), ids, strict=False):
        heard(conn, trap_id, timedelta(days=days))
    assert devices.watch(conn, ORG, LONG) == 3
    heard(conn, ids[5], timedelta(hours=27))
    assert devices.watch(conn, ORG, LONG) == 1
    assert {fault for _, fault, _ in events(conn)} == {"silent"}


def test_a_trap_that_dies_has_not_got_a_better_battery_nor_a_better_lamp(conn):
    [trap_id] = some_traps(conn, 1)
    battery(conn, trap_id, 11.0)
    a_night(conn, trap_id, -1, 0, DAY_S // 2)
    a_night(conn, trap_id, 0, 0, 600)
    assert devices.watch(conn, ORG, LONG) == 2
    conn.execute("UPDATE trap_night SET night = night - 3")
    conn.execute("UPDATE trap_status SET battery_v = NULL")
    assert devices.watch(conn, ORG, LONG) == 0


def test_two_watchers_at_once_raise_one_alert(conn, database):
    [trap_id] = some_traps(conn, 1)
    battery(conn, trap_id, 11.0)
    conn.commit()
    with pool.connect(database) as other, ThreadPoolExecutor() as threads:
        devices.watch(conn, ORG, LONG)
        second = threads.submit(devices.watch, other, ORG, LONG)
        conn.commit()
        assert second.result() == 0
    assert events(conn) == [("raised", "battery", trap_id)]
