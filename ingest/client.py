"""paho's client with the costs of a busy subscriber taken out; figures in docs/decisions/0011-lean-subscriber.md.

A plain paho 2.2 subscriber on MQTT 5 spends 41 us of a core on each message: four reads of the socket, one look at
it, a table of properties that nobody asks for, and an ack that is a packet, a wake-up and a write of its own. Reading
ahead, leaving the properties unread and sending the acks of a batch as one write leaves 11 us. Connecting,
keep-alive, TLS, reconnecting and publishing stay paho's. The release is pinned, for this overrides names of paho
that begin with an underscore; a test compares what it delivers with what plain paho delivers.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from typing import Any

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode

READ_AHEAD_BYTES = 262_144
PACKETS_A_TURN = 200

Deliver = Callable[[int, int, bytes, bytes], None]
"""Takes packet id, QoS, raw topic and payload; must not raise."""


class ReadAhead:
    """A socket that reads more than it is asked for, and says so as TLS sockets do."""

    def __init__(self, sock: Any) -> None:  # noqa: ANN401 - a socket or a TLS socket
        self._sock = sock
        self._bytes = b""
        self._at = 0

    def recv(self, size: int) -> bytes:
        """At most `size` bytes, from what was read ahead if there is any."""
        at = self._at
        if at >= len(self._bytes):
            self._bytes, at = self._sock.recv(READ_AHEAD_BYTES), 0
        found = self._bytes[at : at + size]
        self._at = at + len(found)
        return found

    def pending(self) -> int:
        """Bytes that were read and not yet asked for."""
        return len(self._bytes) - self._at

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the socket has
        return getattr(self._sock, name)


class LeanClient(mqtt.Client):
    """An MQTT 5 subscriber with manual acks that hands each message to `deliver` instead of `on_message`."""

    def __init__(self, client_id: str, deliver: Deliver) -> None:
        super().__init__(CallbackAPIVersion.VERSION2, client_id=client_id, protocol=mqtt.MQTTv5, manual_ack=True)
        self._deliver = deliver

    def ack_all(self, mids: Sequence[int]) -> None:
        """Acks QoS 1 messages in this order, as one write. Like paho's own acks they are dropped at a reconnect."""
        if mids:
            packets = b"".join([struct.pack("!BBH", 0x40, 2, mid) for mid in mids])
            self._packet_queue(0x40, packets, mids[-1], 1)

    def loop_read(self, max_packets: int = 1) -> MQTTErrorCode:
        """Handles what was read ahead too, so much at a time that pings and acks get their turn."""
        code = super().loop_read(max_packets)
        for _ in range(PACKETS_A_TURN):
            sock = self._sock
            if code != MQTTErrorCode.MQTT_ERR_SUCCESS or not isinstance(sock, ReadAhead) or not sock.pending():
                break
            code = super().loop_read(max_packets)
        return code

    def _create_socket(self) -> Any:  # noqa: ANN401 - paho's SocketLike
        return ReadAhead(super()._create_socket())

    def _handle_publish(self) -> MQTTErrorCode:
        qos = (self._in_packet["command"] >> 1) & 3
        if qos == 2:
            # We never subscribe at QoS 2; paho answers a broker that sends it all the same.
            return super()._handle_publish()
        try:
            mid, topic, payload = parse_publish(qos, self._in_packet["packet"])
        except (IndexError, struct.error):
            return MQTTErrorCode.MQTT_ERR_PROTOCOL
        self._deliver(mid, qos, topic, payload)
        return MQTTErrorCode.MQTT_ERR_SUCCESS


def parse_publish(qos: int, body: bytes | bytearray) -> tuple[int, bytes, bytes]:
    """Packet id, topic and payload of a PUBLISH body without its fixed header (MQTT 5, 3.3.2); properties are skipped.

    Raises IndexError or struct.error when the body is cut short.
    """
    (length,) = struct.unpack_from("!H", body)
    at = 2 + length
    mid = 0
    if qos:
        (mid,) = struct.unpack_from("!H", body, at)
        at += 2
    shift = size = 0
    while True:
        byte = body[at]
        at += 1
        size |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            break
    if at + size > len(body):
        raise IndexError("properties end after the packet")
    return mid, bytes(body[2 : 2 + length]), bytes(body[at + size :])
