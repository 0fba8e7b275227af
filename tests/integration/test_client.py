"""The lean client must deliver what plain paho delivers: it overrides names that paho does not promise to keep."""

from __future__ import annotations

import threading

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from ingest.client import LeanClient
from tests.fix_broker import Broker
from tests.fix_programs import wait_until

Seen = tuple[int, str, bytes]


def connected(client: mqtt.Client, broker: Broker, *, window: int = 2000, topic: str = "t/#") -> None:
    subscribed = threading.Event()
    client.on_connect = lambda c, *_: c.subscribe(topic, 1)
    client.on_subscribe = lambda *_: subscribed.set()
    properties = Properties(PacketTypes.CONNECT)
    properties.SessionExpiryInterval = 3600
    properties.ReceiveMaximum = window
    client.connect(broker.host, broker.port, clean_start=False, properties=properties)
    client.loop_start()
    assert subscribed.wait(10)


def ended(client: mqtt.Client) -> None:
    client.disconnect()
    client.loop_stop()


def plain(name: str) -> mqtt.Client:
    return mqtt.Client(CallbackAPIVersion.VERSION2, name, protocol=mqtt.MQTTv5)


def test_lean_client_delivers_what_plain_paho_delivers(broker):
    by_paho: list[Seen] = []
    by_lean: list[Seen] = []
    paho = plain("paho")
    paho.on_message = lambda _c, _d, m: by_paho.append((m.qos, m.topic, bytes(m.payload)))
    lean = LeanClient("lean", lambda mid, qos, topic, payload: by_lean.append((qos, topic.decode(), payload)))
    publisher = plain("publisher")
    for client in (paho, lean, publisher):
        connected(client, broker)
    for number, payload in enumerate([b"", b"x", b"{}", b"\xff\x00" * 100, b"y" * 70_000, b"z" * 300_000]):
        for sized in ("", "a" * 40, "b" * 300):
            properties = Properties(PacketTypes.PUBLISH)
            if sized:
                properties.ContentType = "application/json"
                properties.UserProperty = ("note", sized)
                properties.MessageExpiryInterval = 3600
            publisher.publish(f"t/{number}/côn-trùng", payload, number % 2, number == 3, properties).wait_for_publish(
                10
            )
    wait_until(lambda: (len(by_paho), len(by_lean)), equals=(18, 18))
    assert by_lean == by_paho
    for client in (paho, lean, publisher):
        ended(client)


def test_acks_of_a_batch_end_in_no_redelivery_and_missing_ones_do(broker):
    seen: list[tuple[int, bytes]] = []
    lean = LeanClient("lean", lambda mid, _qos, _topic, payload: seen.append((mid, payload)))
    publisher = plain("publisher")
    connected(lean, broker)
    connected(publisher, broker, topic="elsewhere")
    for number in range(300):
        publisher.publish("t/a", str(number), 1).wait_for_publish(10)
    wait_until(lambda: len(seen), equals=300)
    lean.ack_all([mid for mid, _ in seen[:200]])
    # Answered after the acks before it: the broker has read them all.
    lean.publish("done", b"", 1).wait_for_publish(10)
    ended(lean)
    again: list[bytes] = []
    second = LeanClient("lean", lambda _mid, _qos, _topic, payload: again.append(payload))
    connected(second, broker)
    publisher.publish("t/a", "last", 1).wait_for_publish(10)
    wait_until(lambda: b"last" in again)
    assert again == [*(payload for _, payload in seen[200:]), b"last"]
    ended(second)
    ended(publisher)


def test_window_opens_again_after_acks(broker):
    seen: list[int] = []
    lean = LeanClient("lean", lambda mid, _qos, _topic, _payload: seen.append(mid))
    publisher = plain("publisher")
    connected(lean, broker, window=10)
    connected(publisher, broker, topic="elsewhere")
    for number in range(100):
        publisher.publish("t/a", str(number), 1).wait_for_publish(10)
    done = 0
    while done < 100:
        fresh = wait_until(lambda start=done: seen[start:])  # type: ignore[misc]
        done += len(fresh)
        lean.ack_all(fresh)
    ended(lean)
    ended(publisher)
