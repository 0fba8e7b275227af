"""The trap's side of the wire: a client that sends what a test says and keeps what it is told."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from lighttrap import topics, wire
from tests.builders import ORG, TRAP
from tests.fix_broker import Broker
from tests.waiting import wait_until


class TrapSide:
    """Speaks for any trap. `told` keeps every `stored` and `command` packet in order of arrival."""

    def __init__(self, broker: Broker) -> None:
        self.told: list[tuple[str, dict[str, Any]]] = []
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id="trap-side", protocol=mqtt.MQTTv5)
        self._client.on_message = self._on_message
        self._client.on_connect = self._on_connect
        self._client.max_inflight_messages_set(2000)
        self._client.reconnect_delay_set(1, 1)
        self._client.connect(broker.host, broker.port)
        self._client.loop_start()
        wait_until(self._client.is_connected)

    def close(self) -> None:
        """Ends the connection."""
        self._client.disconnect()
        self._client.loop_stop()

    def send(self, payload: bytes | wire.Packet, topic: str | None = None, *, trap_id: str = TRAP) -> None:
        """Publishes at QoS 1 and waits for the broker's PUBACK, which is no promise of storage."""
        self.send_all([(topic or self._topic(payload, trap_id), payload)])

    def send_all(self, messages: Iterable[tuple[str, bytes | wire.Packet]], within: float = 30) -> None:
        """Publishes many and waits until the broker has them all."""
        bodies = ((topic, p.payload() if isinstance(p, wire.Packet) else p) for topic, p in messages)
        for info in [self._client.publish(topic, body, qos=1) for topic, body in bodies]:
            info.wait_for_publish(within)

    def watermark(self, boot: int) -> int:
        """The highest seq of a boot that we were told is stored."""
        marks = [
            m["seq"]
            for topic, said in self.told
            if topic.endswith("/stored")
            for m in said["stored"]
            if m["boot"] == boot
        ]
        return max(marks, default=0)

    def commands(self) -> list[dict[str, Any]]:
        """The commands we were sent."""
        return [said for topic, said in self.told if topic.endswith("/command")]

    @staticmethod
    def _topic(payload: bytes | wire.Packet, trap_id: str) -> str:
        kind = payload.kind if isinstance(payload, wire.Packet) else topics.Kind.READING
        return topics.build(ORG, trap_id, kind)

    def _on_connect(self, client: mqtt.Client, *_: object) -> None:
        client.subscribe([(f"{topics.PREFIX}/+/+/stored", 1), (f"{topics.PREFIX}/+/+/command", 1)])

    def _on_message(self, _client: mqtt.Client, _data: object, message: mqtt.MQTTMessage) -> None:
        self.told.append((message.topic, json.loads(message.payload)))


@pytest.fixture
def trap_side(broker: Broker) -> Iterator[TrapSide]:
    """The trap's side of the test's broker."""
    side = TrapSide(broker)
    yield side
    side.close()
