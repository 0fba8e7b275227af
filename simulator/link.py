"""MQTT for a fleet: a bounded number of sessions that traps share, all turned by one loop in one thread.

A trap of its own would hold a session of its own, with a last will; beyond the limit several share one, without. Ids
are stable and sessions are kept, so that a watermark sent while the link was down still arrives.
"""

from __future__ import annotations

import logging
import random
import selectors
import socket
import ssl
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

IN_FLIGHT = 4_000
"""Messages without PUBACK over all sessions; a session has its share, from 20 to 200."""
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

    def stop(self) -> None:
        """Disconnects; the broker keeps the session."""
        self.client.disconnect()
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


class Links:
    """All sessions of a fleet on one selector."""

    def __init__(self, sessions: Sequence[Session]) -> None:
        self.sessions = tuple(sessions)
        self._selector = selectors.DefaultSelector()
        self._next_round = 0.0
        self._was_whole: bool | None = None
        share = max(20, min(200, IN_FLIGHT // max(1, len(sessions))))
        for session in sessions:
            session.limit(share)
            self._watch(session)

    def turn(self, wait_s: float) -> None:
        """Reads and writes what is ready, waiting at most `wait_s`; tends every session once a second."""
        tick = time.monotonic()
        if tick >= self._next_round:
            self._next_round = tick + (1.0 if self._look() else 0.2)
            for session in self.sessions:
                session.tend(tick)
        for key, mask in self._ready(wait_s):
            client: mqtt.Client = key.data
            if mask & selectors.EVENT_READ:
                _read(client)
            if mask & selectors.EVENT_WRITE and client.socket() is not None:
                client.loop_write()

    def settle(self, seconds: float) -> None:
        """Turns until every PUBACK is in, for at most some seconds."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and any(session.is_up and session.in_flight for session in self.sessions):
            self.turn(0.05)

    def stop(self) -> None:
        """Disconnects all."""
        for session in self.sessions:
            session.stop()
        self._selector.close()

    def _look(self) -> bool:
        """Whether all sessions are up; logs when that changed, once for all of them."""
        down = [session for session in self.sessions if not session.is_up]
        if self._was_whole is not False and down and any(session.reason for session in down):
            self._was_whole = False
            log.warning("no connection to the broker", extra={"sessions": len(down), "reason": down[0].reason})
        elif not self._was_whole and not down:
            self._was_whole = True
            log.info("connected to the broker", extra={"sessions": len(self.sessions)})
        return not down

    def _ready(self, wait_s: float) -> list[tuple[selectors.SelectorKey, int]]:
        if not self._selector.get_map():
            time.sleep(min(wait_s, 0.1))  # nothing to select on while no session has a socket
            return []
        return self._selector.select(wait_s)

    def _watch(self, session: Session) -> None:
        """Keeps the selector in step with the client's socket; paho's way to leave the loop to others."""
        selector, client = self._selector, session.client

        def opened(_client: mqtt.Client, _data: Any, sock: Any) -> None:  # noqa: ANN401 - paho's callback
            selector.register(sock, selectors.EVENT_READ, client)

        def closed(_client: mqtt.Client, _data: Any, sock: Any) -> None:  # noqa: ANN401 - paho's callback
            selector.unregister(sock)

        def wants_write(_client: mqtt.Client, _data: Any, sock: Any) -> None:  # noqa: ANN401 - paho's callback
            selector.modify(sock, selectors.EVENT_READ | selectors.EVENT_WRITE, client)

        def has_written(_client: mqtt.Client, _data: Any, sock: Any) -> None:  # noqa: ANN401 - paho's callback
            selector.modify(sock, selectors.EVENT_READ, client)

        client.on_socket_open = opened
        client.on_socket_close = closed
        client.on_socket_register_write = wants_write
        client.on_socket_unregister_write = has_written


def _read(client: mqtt.Client) -> None:
    """Reads what there is; what TLS has decrypted already no selector will report."""
    client.loop_read()
    while (sock := client.socket()) is not None and isinstance(sock, ssl.SSLSocket) and sock.pending():
        client.loop_read()


def shared_out(traps: Sequence[str], connections: int) -> list[Sequence[str]]:
    """The traps of each session: one each as long as the limit allows, else even shares."""
    number = min(len(traps), connections)
    return [traps[at::number] for at in range(number)]


def make_sessions(
    settings: BrokerSettings, org: str, role: str, traps: Sequence[str], connections: int, expiry_s: int
) -> list[Session]:
    """One session per trap, or `connections` that share them; `role` keeps the ids of two programs apart."""
    shares = shared_out(traps, connections)
    return [
        Session(
            settings, org, f"{role}-{org}-{share[0]}" + (f"-and-{len(share) - 1}" if share[1:] else ""), share, expiry_s
        )
        for share in shares
    ]
