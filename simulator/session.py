"""One MQTT session, held by one trap or shared by several.

A trap of its own would hold a session of its own, with a last will; beyond the limit several share one, without. Ids
are stable and sessions are kept, so that a watermark sent while the link was down still arrives.
"""

from __future__ import annotations

import logging
import random
import socket
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from lighttrap import topics, wire
from lighttrap.config import BrokerSettings
from lighttrap.errors import WireError
from simulator.faults import Message

log = logging.getLogger(__name__)

FILTERS_AT_ONCE = 200
CONNECT_TIMEOUT_S = 5.0
CONNACK_TIMEOUT_S = 20.0
MAX_BACKOFF_S = 30.0
_TAKEN_OVER = 142
_REFUSALS = frozenset({0x84, 0x85, 0x86, 0x87, 0x8A, 0x8C, 0x9D})
"""CONNACK reasons that trying again does not cure (MQTT 5, 3.2.2.2)."""

Hear = Callable[[str, wire.Packet, bool], None]
"""Called with a trap, what it is told, and whether the broker had kept that for later comers."""


class Session:
    """One MQTT session and its traps. `turn` of `Links` drives it; nothing here blocks but the TCP connect."""

    def __init__(self, settings: BrokerSettings, org: str, client_id: str, traps: Sequence[str], expiry_s: int) -> None:
        self.traps = tuple(traps)
        self.is_up = False
        self.refused: str | None = None
        """Why the broker will never have us, when it said so."""
        self.reason = ""
        """Why there was no connection the last time."""
        self.lost = 0
        """Messages the client library or the broker would not take; the watermark tells what that means."""
        self.hear: Hear = lambda _trap_id, _packet, _retained: None
        self.begins_clean = False
        """Whether the first connect asks for an empty session; later ones never do."""
        self.on_up: Callable[[Session], None] = lambda _session: None
        self.on_down: Callable[[Session], None] = lambda _session: None
        self._settings = settings
        self._org = org
        self._expiry_s = expiry_s
        self._in_flight = 0
        self._most = self._limit = 20
        self._subacks: set[int] = set()
        self._topics: deque[str] = deque()
        self._tries = 0
        self._next_try = 0.0
        self._since = 0.0
        self._dice = random.Random(client_id)
        self.client = self._make_client(client_id)

    def limit(self, in_flight: int) -> None:
        """How many messages may wait for their PUBACK."""
        self._most = self._limit = in_flight

    def will(self, message: Message) -> None:
        """What the broker says when this session breaks; before the first connect."""
        self.client.will_set(message.topic, message.payload, qos=1, retain=True)

    @property
    def room(self) -> int:
        """How many messages may be published now."""
        return max(0, self._limit - self._in_flight) if self.is_up else 0

    @property
    def in_flight(self) -> int:
        """How many messages wait for their PUBACK."""
        return self._in_flight

    def publish(self, message: Message) -> None:
        """Hands a message to the client library. What it refuses is lost as if on the way."""
        info = self.client.publish(message.topic, message.payload, qos=1, retain=message.retain)
        if info.rc in (mqtt.MQTT_ERR_SUCCESS, mqtt.MQTT_ERR_NO_CONN):
            self._in_flight += 1  # without a connection it waits in the library, which sends it after the next CONNACK
            return
        self.lost += 1
        log.warning("message not taken", extra={"reason": mqtt.error_string(info.rc)})

    def tend(self, tick: float) -> None:
        """Pings, notices a dead connection, connects again when it is time."""
        if self.client.socket() is not None:
            self.client.loop_misc()
            if not self.is_up and tick - self._since > CONNACK_TIMEOUT_S:
                self._hang_up()
        elif tick >= self._next_try:
            self._connect(tick)

    def stop(self, *, for_good: bool) -> None:
        """Disconnects; the broker keeps the session unless it is `for_good`."""
        properties = Properties(PacketTypes.DISCONNECT)
        if for_good:
            properties.SessionExpiryInterval = 0
        self.client.disconnect(properties=properties)
        if self.client.socket() is not None:
            self.client.loop_write()

    def _make_client(self, client_id: str) -> mqtt.Client:
        parts = self._settings.parts()
        client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=client_id, protocol=mqtt.MQTTv5)
        if parts.user is not None:
            client.username_pw_set(parts.user, parts.password)
        if parts.tls:
            client.tls_set(ca_certs=self._settings.ca_file)
        client.connect_timeout = CONNECT_TIMEOUT_S
        client.max_inflight_messages_set(0)  # `room` is the bound; paho's own walks all its messages at each PUBACK
        client.on_connect = self._on_connect
        client.on_subscribe = self._on_subscribe
        client.on_publish = self._on_publish
        client.on_message = self._on_message
        client.on_disconnect = self._on_disconnect
        return client

    def _connect(self, tick: float) -> None:
        parts = self._settings.parts()
        properties = Properties(PacketTypes.CONNECT)
        properties.SessionExpiryInterval = self._expiry_s
        self._since = tick
        self._back_off(tick)
        try:
            self.client.connect(
                parts.host,
                parts.port,
                self._settings.keepalive_s,
                clean_start=mqtt.MQTT_CLEAN_START_FIRST_ONLY if self.begins_clean else False,
                properties=properties,
            )
        except (OSError, ValueError) as fault:
            # ValueError: paho's reader of a broken CONNACK; the next try starts from nothing.
            self.reason = str(fault)

    def _hang_up(self) -> None:
        sock = self.client.socket()
        if isinstance(sock, socket.socket):
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)  # the selector then wakes paho, which notices and cleans up

    def _back_off(self, tick: float) -> None:
        self._next_try = tick + min(MAX_BACKOFF_S, 0.5 * 2.0 ** min(self._tries, 10)) * self._dice.uniform(0.5, 1.5)
        self._tries += 1

    def _on_connect(self, _client: mqtt.Client, _data: Any, _flags: Any, reason: Any, properties: Any) -> None:  # noqa: ANN401
        if reason.is_failure:
            self.refused = str(reason) if reason.value in _REFUSALS else None
            self.reason = str(reason)
            return
        self._limit = min(self._most, getattr(properties, "ReceiveMaximum", 65_535))
        down = [one for trap_id in self.traps for one in topics.down_filters(self._org, trap_id)]
        self._subacks.clear()
        for at in range(0, len(down), FILTERS_AT_ONCE):
            rc, mid = self.client.subscribe([(one, 1) for one in down[at : at + FILTERS_AT_ONCE]])
            if rc == mqtt.MQTT_ERR_SUCCESS and mid is not None:
                self._subacks.add(mid)

    def _on_subscribe(self, _client: mqtt.Client, _data: Any, mid: int, reasons: list[Any], _properties: Any) -> None:  # noqa: ANN401
        if any(reason.is_failure for reason in reasons):
            log.warning("the broker refused a subscription; what is stored cannot be learnt")
        self._subacks.discard(mid)
        if not self._subacks and not self.is_up:
            self.is_up = True
            self._tries = 0
            self.on_up(self)

    def _on_publish(self, _client: mqtt.Client, _data: Any, _mid: int, reason: Any, _properties: Any) -> None:  # noqa: ANN401
        self._in_flight = max(0, self._in_flight - 1)
        if reason.is_failure:
            self.lost += 1
            log.debug("the broker refused a message", extra={"reason": str(reason)})

    def _on_message(self, _client: mqtt.Client, _data: Any, message: mqtt.MQTTMessage) -> None:  # noqa: ANN401
        try:
            topic = topics.parse(message.topic)
            packet = wire.decode(topic.kind, bytes(message.payload))
        except (WireError, UnicodeDecodeError) as fault:
            log.warning("a packet from the server cannot be read", extra={"reason": str(fault)})
            return
        self.hear(topic.trap_id, packet, message.retain)

    def _on_disconnect(self, _client: mqtt.Client, _data: Any, _flags: Any, reason: Any, _properties: Any) -> None:  # noqa: ANN401
        if reason.value == _TAKEN_OVER:
            self._next_try = time.monotonic() + MAX_BACKOFF_S
            log.warning("another client took over a session: does a second simulator play the same traps?")
        self._dropped(str(reason))

    def _dropped(self, reason: str) -> None:
        self.reason = reason
        if self.is_up:
            self.is_up = False
            self.on_down(self)
