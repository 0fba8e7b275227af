"""Others who want what is ingest's: a second worker, and a device that uses its client id."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from lighttrap.config import broker_parts
from tests.chaos.fault import Fault
from tests.chaos.programs import GuardedBroker
from tests.chaos.scene import CLIENT_ID, THIEF, Scene
from tests.waiting import wait_until


def _two_workers(scene: Scene) -> None:
    pair = [scene.start_ingest(ready=False), scene.start_ingest(ready=False)]
    wait_until(lambda: sorted(worker.is_ready() for worker in pair) == [False, True], within=30)
    with scene.load(1500):
        for stored in sorted(scene.rng.sample(range(1000 * scene.scale), 2)):
            scene.wait_until_stored(stored)
            holder = next(worker for worker in pair if worker.is_ready())
            holder.kill()
            wait_until(lambda: any(worker.is_ready() for worker in pair), within=30)
            holder.start()


def _guarded_hijack(scene: Scene) -> None:
    ingest = scene.start_ingest()
    assert isinstance(scene.broker, GuardedBroker)
    with scene.load(1200), _thief(scene.broker.url_of(THIEF)) as stolen:
        scene.wait_until_stored(800 * scene.scale)
    if stolen:
        scene.complain(f"the thief got {len(stolen)} messages")
    if ingest.output().count("disconnected from broker"):
        scene.complain("the thief threw ingest out")


def _hijack(scene: Scene) -> None:
    """Without logins nobody can tell the thief from ingest: what it takes must come again from the traps."""
    scene.start_ingest()
    with scene.load(1500):
        scene.wait_until_stored(scene.rng.randrange(500 * scene.scale))
        with _thief(scene.broker.url) as stolen:
            wait_until(lambda: len(stolen) > 50, within=30)
    scene.fleet.journal.broker_died()


@contextmanager
def _thief(url: str) -> Iterator[list[str]]:
    """A device that says it is ingest, and acks whatever it gets."""
    stolen: list[str] = []
    parts = broker_parts(url)
    client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=CLIENT_ID, protocol=mqtt.MQTTv5)
    if parts.user:
        client.username_pw_set(parts.user, parts.password)
    client.on_message = lambda _client, _data, message: stolen.append(message.topic)
    client.connect(parts.host, parts.port, clean_start=False)
    client.loop_start()
    wait_until(client.is_connected, within=30)
    try:
        yield stolen
    finally:
        client.disconnect()
        client.loop_stop()


FAULTS = (
    Fault("two-workers", "two workers at once, the active one killed, twice", _two_workers, quick=2),
    Fault("hijack", "a device with a login of its own uses ingest's client id", _guarded_hijack, logins=True),
    Fault("hijack-without-logins", "the same on a broker that asks nobody who he is", _hijack),
)
