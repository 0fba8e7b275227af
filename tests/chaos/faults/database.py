"""Faults of the database: nothing may be lost, doubled or quarantined for any of them."""

from __future__ import annotations

from lighttrap.store import pool
from tests.chaos.fault import Fault
from tests.chaos.scene import Scene
from tests.waiting import wait_until

RETRIES = "lighttrap_ingest_store_retries_total"
SLOW = """
    CREATE FUNCTION dawdle() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(0.5); RETURN NULL; END';
    CREATE TRIGGER dawdle AFTER INSERT ON reading FOR EACH STATEMENT EXECUTE FUNCTION dawdle();
"""


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


def _slow(scene: Scene) -> None:
    """Each transaction takes half a second longer than it should."""
    with pool.connect(scene.dsn) as conn:
        conn.execute(SLOW)
    ingest = scene.start_ingest()
    with scene.load(1200):
        scene.wait_until_stored(600 * scene.scale)
    if "disconnected from broker" in ingest.output():
        scene.complain("a slow database cost the connection to the broker")


FAULTS = (
    Fault(
        "postgres-killed", "PostgreSQL killed by SIGKILL under load", _killed, quick=3, long=2,
        # Answers are rare, so that the outage meets a batch.
        settings={"LIGHTTRAP_INGEST__STORED_INTERVAL_S": "2"},
    ),
    Fault("database-gone", "PostgreSQL stopped under load and away for a while", _gone),
    Fault("database-locked", "a table locked beyond the lock timeout", _locked),
    Fault("database-slow", "half a second more for each transaction", _slow),
)  # fmt: skip
