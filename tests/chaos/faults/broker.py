"""Faults of the broker. What it answered for in its last moments may die with it; the traps' rings close that."""

from __future__ import annotations

from tests.chaos.fault import Fault
from tests.chaos.scene import Scene
from tests.waiting import wait_until

HELD = 200


def _killed(scene: Scene) -> None:
    scene.start_ingest()
    with scene.load(2000):
        scene.wait_until_stored(scene.rng.randrange(1500 * scene.scale))
        scene.kill_broker()


def _killed_with_queue(scene: Scene) -> None:
    ingest = scene.start_ingest()
    ingest.stop()
    scene.fleet.send_and_wait(scene.fleet.readings(2000 * scene.scale))
    with scene.load(500):
        scene.kill_broker()
    ingest.start()


def _wiped(scene: Scene) -> None:
    """The state is wiped while ingest holds messages; what comes next has their packet ids, and ingest dies on it."""
    ingest = scene.start_ingest("after-copy", at=2)
    with scene.locked_table():
        scene.fleet.send_and_wait(scene.fleet.readings(HELD))
        wait_until(lambda: ingest.metric("lighttrap_ingest_received_total") > 0, within=30)
        scene.kill_broker(wipe=True)
        wait_until(ingest.is_ready, within=30)
        scene.fleet.send_and_wait(scene.fleet.readings(HELD))
    wait_until(lambda: not ingest.is_running, within=30)
    ingest.start()


FAULTS = (
    Fault("broker-killed", "broker killed by SIGKILL under load", _killed, quick=3, long=5),
    Fault(
        "broker-killed-with-queue", "broker killed by SIGKILL with a queue of 2,000, under load", _killed_with_queue,
        quick=1,
    ),
    Fault(
        "broker-wiped", f"broker's state wiped while ingest holds {HELD} unacked messages, then ingest killed", _wiped,
        quick=2,
    ),
)  # fmt: skip
