"""Fills a subscriber's queue at the broker with readings, fast: PUBLISH packets made by hand on one socket.

A paho publisher would take longer than what is measured.
"""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from lighttrap import topics

WINDOW = 1000


def readings(trap_ids: Sequence[str], number: int, org: str, first_seq: int) -> Iterator[tuple[str, bytes]]:
    """`number` readings, trap after trap, each trap's in order from `first_seq` on; two species, two sensors."""
    start = datetime.now(UTC) - timedelta(days=300)
    for index in range(number):
        turn, trap = divmod(index, len(trap_ids))
        seq = first_seq + turn
        at = start + seq * timedelta(minutes=1)
        end = at + timedelta(minutes=1)
        payload = (
            f'{{"v":1,"boot":{7000 + trap},"seq":{seq},"start":"{at.isoformat()}","end":"{end.isoformat()}",'
            f'"lamp_s":60,"counts":{{"nilaparvata-lugens":{index % 97},"sogatella-furcifera":{index % 7}}},'
            f'"temperature_c":27.1,"battery_v":12.4}}'
        )
        yield topics.build(org, trap_ids[trap], topics.Kind.READING), payload.encode()


def keep_session(port: int, client_id: str, window: int = 5000, *, protocol: int = mqtt.MQTTv5, org: str = "+") -> None:
    """Subscribes as `client_id` and leaves, so that the broker queues for it."""
    client = make_client(client_id, protocol)
    subscribed = threading.Event()
    client.on_connect = lambda c, *_: c.subscribe(f"{topics.PREFIX}/{org}/+/reading", 1)
    client.on_subscribe = lambda *_: subscribed.set()
    connect(client, port, window, protocol)
    client.loop_start()
    if not subscribed.wait(10):
        raise RuntimeError("the broker did not take the subscription")
    client.disconnect()
    client.loop_stop()


def forget_session(port: int, client_id: str) -> None:
    """Ends a session at the broker, so that the next filling goes to one subscriber only."""
    client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id, protocol=mqtt.MQTTv5)
    gone = threading.Event()
    client.on_connect = lambda *_: gone.set()
    client.connect("127.0.0.1", port, clean_start=True)
    client.loop_start()
    if not gone.wait(10):
        raise RuntimeError("the broker did not answer")
    client.disconnect()
    client.loop_stop()


def make_client(client_id: str, protocol: int) -> mqtt.Client:
    """A paho client with a lasting session and acks of our own."""
    clean = None if protocol == mqtt.MQTTv5 else False
    version = MQTTProtocolVersion(protocol)
    return mqtt.Client(CallbackAPIVersion.VERSION2, client_id, clean, protocol=version, manual_ack=True)


def connect(client: mqtt.Client, port: int, window: int, protocol: int) -> None:
    """Connects to the bench's broker; on MQTT 5 with the window and expiry that ingest asks for."""
    if protocol != mqtt.MQTTv5:
        client.connect("127.0.0.1", port)
        return
    properties = Properties(PacketTypes.CONNECT)
    properties.SessionExpiryInterval = 3600
    properties.ReceiveMaximum = window
    client.connect("127.0.0.1", port, clean_start=False, properties=properties)


def fill(port: int, messages: Iterator[tuple[str, bytes]]) -> int:
    """Publishes at QoS 1 and waits for every PUBACK. Returns how many."""
    with socket.create_connection(("127.0.0.1", port), timeout=60) as link:
        hello(link, "bench-filler")
        sent = 0
        batch: list[bytes] = []
        for topic, payload in messages:
            batch.append(publish_packet(topic, payload, sent))
            sent += 1
            if len(batch) == WINDOW:
                exchange(link, batch)
                batch = []
        exchange(link, batch)
        link.sendall(b"\xe0\x00")
    return sent


def hello(link: socket.socket, client_id: str) -> None:
    """Opens an MQTT 3.1.1 session on a socket. Raises RuntimeError when the broker refuses."""
    link.sendall(_packet(0x10, _text(b"MQTT") + b"\x04\x02" + struct.pack("!H", 600) + _text(client_id.encode())))
    if link.recv(4)[3:] != b"\x00":
        raise RuntimeError("the broker refused the publisher")


def publish_packet(topic: str, payload: bytes, index: int) -> bytes:
    """The bytes of a PUBLISH at QoS 1."""
    return _packet(0x32, _text(topic.encode()) + struct.pack("!H", index % 65_535 + 1) + payload)


def exchange(link: socket.socket, batch: Sequence[bytes]) -> None:
    """Sends packets and waits for the PUBACK of each. Raises RuntimeError when the broker ends the connection."""
    link.sendall(b"".join(batch))
    wanted, got = 4 * len(batch), 0
    while got < wanted:
        got += len(link.recv(wanted - got) or _cut())


def _cut() -> bytes:
    raise RuntimeError("the broker ended the connection")


def _text(raw: bytes) -> bytes:
    return struct.pack("!H", len(raw)) + raw


def _packet(kind: int, body: bytes) -> bytes:
    length, head = len(body), bytearray([kind])
    while True:
        length, digit = divmod(length, 128)
        head.append(digit | (0x80 if length else 0))
        if not length:
            return bytes(head) + body
