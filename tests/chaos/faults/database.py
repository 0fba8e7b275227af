"""Faults of the database: nothing may be lost, doubled or quarantined for any of them."""

from __future__ import annotations

from tests.chaos.fault import Fault
from tests.chaos.scene import Scene
from tests.waiting import wait_until

RETRIES = "lighttrap_ingest_store_retries_total"


def _killed(scene: Scene) -> None:
    scene.start_ingest()
    with scene.load(1500):
        scene.wait_until_stored(scene.rng.randrange(1000 * scene.scale))
        scene.site.cluster.kill()
        scene.site.cluster.start()


def _gone(scene: Scene) -> None:
    ingest = scene.start_ingest()
    with scene.load(1500):
        scene.wait_until_stored(scene.rng.randrange(500 * scene.scale))
        scene.site.cluster.stop()
        wait_until(lambda: ingest.metric(RETRIES) >= 2 + 2 * scene.scale, within=150)
        if ingest.get("/healthz")[0] != 200:
            scene.complain("not healthy while the database was away")
    scene.site.cluster.start()


def _locked(scene: Scene) -> None:
    ingest = scene.start_ingest()
    with scene.load(1500):
        scene.wait_until_stored(scene.rng.randrange(500 * scene.scale))
        with scene.locked_table():
            wait_until(lambda: ingest.metric(RETRIES, sqlstate_class="55") >= scene.scale, within=150)


def _disk_full(scene: Scene) -> None:
    assert scene.disk is not None
    ingest = scene.start_ingest()
    scene.fleet.send_and_wait(scene.fleet.readings(200))
    scene.wait_until_stored(200)
    scene.disk.fill()
    with scene.load(3000):
        wait_until(lambda: ingest.metric(RETRIES, sqlstate_class="53") >= 2, within=60)
    scene.disk.empty()


FAULTS = (
    Fault(
        "postgres-killed", "PostgreSQL killed by SIGKILL under load", _killed, quick=3,
        # Answers are rare, so that the outage meets a batch.
        settings={"LIGHTTRAP_INGEST__STORED_INTERVAL_S": "2"},
    ),
    Fault("database-gone", "PostgreSQL stopped under load and away for a while", _gone, long=5),
    Fault("database-locked", "a table locked beyond the lock timeout", _locked, long=5),
    Fault("disk-full", "the database's disk full under load", _disk_full, small_disk=True, long=5),
)  # fmt: skip
