"""Faults of the network between ingest and its servers, by a proxy or a cable on either leg."""

from __future__ import annotations

from tests.chaos.fault import Fault, Strike
from tests.chaos.scene import Scene
from tests.waiting import wait_until

CUTS = 3
RETRIES = "lighttrap_ingest_store_retries_total"


def _cut(leg: str) -> Strike:
    def strike(scene: Scene) -> None:
        ingest = scene.start_ingest()
        with scene.load(1500):
            for stored in sorted(scene.rng.sample(range(1000 * scene.scale), CUTS)):
                scene.wait_until_stored(stored)
                scene.proxies[leg].stop()
                wait_until(lambda: not ingest.is_ready(), within=30)
                scene.proxies[leg].start()
                wait_until(ingest.is_ready, within=30)

    return strike


def _broker_deaf(scene: Scene) -> None:
    ingest = scene.start_ingest()
    with scene.load(1200):
        scene.wait_until_stored(scene.rng.randrange(600 * scene.scale))
        scene.proxies["broker"].deaf()
        wait_until(lambda: not ingest.is_ready(), within=30)
        scene.proxies["broker"].start()


def _database_deaf(scene: Scene) -> None:
    """The connection is reset after a silence in which messages pile up, as by a router that has forgotten it."""
    scene.start_ingest()
    with scene.load(1200):
        scene.wait_until_stored(scene.rng.randrange(600 * scene.scale))
        scene.proxies["database"].deaf()
    scene.fleet.send_and_wait(scene.fleet.readings(300))
    scene.proxies["database"].stop()
    scene.proxies["database"].start()


def _broker_unplugged(scene: Scene) -> None:
    """Longer than the keepalive: both sides must notice by themselves."""
    ingest = scene.start_ingest()
    with scene.load(1200):
        scene.wait_until_stored(scene.rng.randrange(600 * scene.scale))
        scene.cables["broker"].pull()
        wait_until(lambda: not ingest.is_ready(), within=30)
        scene.cables["broker"].plug()
        wait_until(ingest.is_ready, within=60)


def _database_unplugged(scene: Scene) -> None:
    """Until messages pile up; in the long set until ingest has given the connection up, within 45 s as promised."""
    ingest = scene.start_ingest()
    with scene.load(1200):
        scene.wait_until_stored(scene.rng.randrange(600 * scene.scale))
        scene.cables["database"].pull()
        if scene.scale > 1:
            wait_until(lambda: ingest.metric(RETRIES) >= 1, within=45)
    scene.fleet.send_and_wait(scene.fleet.readings(300))
    scene.cables["database"].plug()


FAULTS = (
    Fault("broker-leg-cut", f"connection to the broker reset, {CUTS} times", _cut("broker"), proxied=("broker",)),
    Fault("database-leg-cut", f"connection to PostgreSQL reset, {CUTS} times", _cut("database"), proxied=("database",)),
    Fault(
        "broker-leg-deaf", "nothing passes between ingest and broker until the keepalive is over", _broker_deaf,
        proxied=("broker",), settings={"LIGHTTRAP_BROKER__KEEPALIVE_S": "5"},
    ),
    Fault(
        "database-leg-deaf", "nothing passes between ingest and database, then the connection is reset",
        _database_deaf, proxied=("database",),
    ),
    Fault(
        "broker-unplugged", "every packet between ingest and broker vanishes until both have noticed",
        _broker_unplugged, cabled=("broker",), settings={"LIGHTTRAP_BROKER__KEEPALIVE_S": "5"},
    ),
    Fault(
        "database-unplugged", "every packet between ingest and database vanishes for a while", _database_unplugged,
        cabled=("database",),
    ),
)  # fmt: skip
