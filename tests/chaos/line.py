"""A connection over which several traps speak; what it sends is in the journal first."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from lighttrap import topics
from lighttrap.config import broker_parts
from tests.chaos.journal import Journal, Outgoing
from tests.waiting import wait_until

Heard = Callable[[str, bytes], None]
SESSION_S = 3600


class Line:
    """An MQTT 5 client that keeps its session and never lets go of a message before its PUBACK."""

    def __init__(self, name: str, url: str, journal: Journal, traps: Sequence[tuple[str, str]], heard: Heard) -> None:
        self._journal = journal
        self._traps = traps
        self._heard = heard
        self._open: dict[int, int] = {}
        self._early: dict[int, str] = {}
        self._lock = threading.Lock()
        self._client = self._connect(name, url)
        self._client.loop_start()

    @property
    def unanswered(self) -> int:
        """Messages without PUBACK."""
        with self._lock:
            return len(self._open)

    @property
    def connected(self) -> bool:
        """Whether the broker answered our connect, as far as we know."""
        return self._client.is_connected()

    def send(self, messages: Sequence[Outgoing]) -> None:
        """Writes messages down and publishes them at QoS 1, without waiting for the broker's answers."""
        for number, message in zip(self._journal.sending(messages), messages, strict=True):
            self._note_sent(self._client.publish(message.topic, message.payload, qos=1).mid, number)

    def drop(self) -> None:
        """Loses the connection; paho makes a new one and sends again what has no PUBACK."""
        sock: Any = self._client.socket()
        if sock is not None:
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Ends the connection."""
        self._client.disconnect()
        self._client.loop_stop()

    def _connect(self, name: str, url: str) -> mqtt.Client:
        client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=name, protocol=mqtt.MQTTv5)
        parts = broker_parts(url)
        if parts.user:
            client.username_pw_set(parts.user, parts.password)
        client.max_inflight_messages_set(1000)
        client.reconnect_delay_set(1, 1)
        client.on_connect = self._on_connect
        client.on_publish = self._on_publish
        client.on_message = self._on_message
        properties = Properties(PacketTypes.CONNECT)
        properties.SessionExpiryInterval = SESSION_S
        properties.ReceiveMaximum = 10_000
        client.connect(parts.host, parts.port, clean_start=False, properties=properties)
        return client

    def _note_sent(self, mid: int, number: int) -> None:
        with self._lock:
            reason = self._early.pop(mid, None)  # the answer may come before publish() has told us the packet id
            if reason is None:
                self._open[mid] = number
        if reason is not None:
            self._journal.answered(number, reason)

    def _on_connect(self, client: mqtt.Client, *_: object) -> None:
        filters = [(name, 1) for org, trap_id in self._traps for name in topics.down_filters(org, trap_id)]
        client.subscribe(filters)

    def _on_publish(
        self, _client: mqtt.Client, _data: object, mid: int, reason: ReasonCode, _properties: Properties | None
    ) -> None:
        with self._lock:
            number = self._open.pop(mid, None)
            if number is None:
                self._early[mid] = str(reason)
        if number is not None:
            self._journal.answered(number, str(reason))

    def _on_message(self, _client: mqtt.Client, _data: object, message: mqtt.MQTTMessage) -> None:
        self._heard(message.topic, bytes(message.payload))


def wait_until_answered(lines: Sequence[Line], within: float = 30) -> None:
    """Waits until the broker has answered for every message."""
    wait_until(lambda: sum(line.unanswered for line in lines), equals=0, within=within)
