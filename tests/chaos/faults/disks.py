"""Disks without a free block: nothing may be lost or quarantined, and work goes on by itself once there is room."""

from __future__ import annotations

from contextlib import suppress

import psycopg

from tests.chaos.disk import SmallDisk
from tests.chaos.fault import Fault
from tests.chaos.scene import Scene
from tests.waiting import wait_until

RETRIES = "lighttrap_ingest_store_retries_total"
FULL = "No space left on device"


def _database(scene: Scene) -> None:
    ingest = scene.start_ingest()
    scene.fleet.send_and_wait(scene.fleet.readings(200))
    scene.wait_until_stored(200)
    with _disk(scene).full(), scene.load(3000):
        wait_until(lambda: ingest.metric(RETRIES, sqlstate_class="53") >= 2, within=60)


def _wal(scene: Scene) -> None:
    """PostgreSQL gives up when it cannot write its log; it is started again, as often as it takes."""
    ingest = scene.start_ingest()
    with scene.load(2000):
        scene.wait_until_stored(scene.rng.randrange(500 * scene.scale))
        with _disk(scene).full():
            _use_up_wal(scene.dsn)
            wait_until(lambda: ingest.metric(RETRIES) >= 2, within=60)
        scene.site.cluster.wait_until_up()


def _broker(scene: Scene) -> None:
    ingest = scene.start_ingest()
    ingest.stop()
    with _disk(scene).full(), scene.load(2000):
        wait_until(lambda: FULL in scene.broker.output(), within=30)
    ingest.start()


def _broker_killed(scene: Scene) -> None:
    """What the broker took since its last save dies with it: a full disk makes that much."""
    ingest = scene.start_ingest()
    ingest.stop()
    scene.fleet.send_and_wait(scene.fleet.readings(500))
    with _disk(scene).full(), scene.load(2000):
        wait_until(lambda: FULL in scene.broker.output(), within=30)
        scene.kill_broker()
    ingest.start()


def _disk(scene: Scene) -> SmallDisk:
    assert scene.disk is not None
    return scene.disk


def _use_up_wal(dsn: str) -> None:
    """Fills the log's segments that are there already, until the server says that it cannot go on."""
    with suppress(psycopg.OperationalError), psycopg.connect(dsn, autocommit=True) as conn:
        while True:
            conn.execute("SELECT pg_logical_emit_message(true, 'chaos', repeat('x', 900000))")


FAULTS = (
    Fault("disk-full", "the database's disk full under load", _database, small_disk="database"),
    Fault("wal-disk-full", "the disk of PostgreSQL's write-ahead log full under load", _wal, small_disk="wal"),
    Fault("broker-disk-full", "the broker's disk full while its queue grows", _broker, small_disk="broker"),
    Fault(
        "broker-disk-full-killed", "the same, and the broker killed by SIGKILL meanwhile", _broker_killed,
        small_disk="broker",
    ),
)  # fmt: skip
