"""Faults of the worker's own process."""

from __future__ import annotations

import re

from tests.chaos import points
from tests.chaos.fault import Fault, Strike
from tests.chaos.scene import CLIENT_ID, Scene
from tests.waiting import wait_until

LIVES = 3
# As Mosquitto 2.0 says it, and 2.1.
_EXCEEDED = re.compile(rf"Client {re.escape(CLIENT_ID)} (has|.*:) exceeded timeout")


def _dies_at(point: str) -> Strike:
    def strike(scene: Scene) -> None:
        ingest = scene.start_ingest(point, at=scene.rng.randint(1, 5))
        with scene.load(1200):
            wait_until(lambda: not ingest.is_running, within=30)
            ingest.start()

    return strike


def _killed(scene: Scene) -> None:
    ingest = scene.start_ingest()
    with scene.load(1500):
        for stored in sorted(scene.rng.sample(range(1200 * scene.scale), LIVES)):
            scene.wait_until_stored(stored)
            ingest.kill()
            ingest.start()


def _stopped(scene: Scene) -> None:
    ingest = scene.start_ingest()
    with scene.load(1200):
        scene.wait_until_stored(scene.rng.randrange(800 * scene.scale))
        ingest.stop()
        if ingest.process is None or ingest.process.returncode != 0:
            scene.complain("SIGTERM did not end it with code 0")
        scene.fleet.send(scene.fleet.readings(200))
    ingest.start()


def _frozen(scene: Scene) -> None:
    ingest = scene.start_ingest()
    with scene.load(1200):
        scene.wait_until_stored(scene.rng.randrange(800 * scene.scale))
        ingest.pause()
        wait_until(lambda: _EXCEEDED.search(scene.broker.output()), within=30)
        ingest.resume()


def _queue_full(scene: Scene) -> None:
    ingest = scene.start_ingest()
    with scene.locked_table():
        scene.fleet.send_and_wait(scene.fleet.readings(800))
        wait_until(lambda: ingest.metric("lighttrap_ingest_overflow_total") > 0, within=30)


FAULTS = (
    *(
        Fault(f"ingest-dies-{point}", f"ingest killed by SIGKILL: {point}", _dies_at(point), quick=2, long=2)
        for point in points.POINTS
    ),
    Fault("ingest-killed", f"ingest killed by SIGKILL at random, {LIVES} times", _killed, quick=2, long=5),
    Fault("ingest-stopped", "ingest stopped by SIGTERM, away until the load is over", _stopped, quick=2),
    Fault(
        "ingest-frozen", "ingest frozen beyond its keepalive", _frozen, settings={"LIGHTTRAP_BROKER__KEEPALIVE_S": "5"}
    ),
    Fault(
        "queue-full", "more messages than ingest's queue holds, while nothing can be stored", _queue_full,
        settings={"LIGHTTRAP_INGEST__QUEUE_MESSAGES": "50"},
    ),
)  # fmt: skip
