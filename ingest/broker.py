"""The MQTT side: connect, subscribe, queue what comes, ack what is stored. Knows no SQL.

paho's thread only appends to a bounded queue; no exception leaves a callback, for paho's thread would end and the
client would go on saying that it is connected. An ack belongs to the connection that brought its message: after a
broker has lost its state, packet ids start at 1 again, and an old ack would confirm somebody else's message.
"""

from __future__ import annotations

import logging
import socket
import threading
import time
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, NamedTuple

import paho.mqtt.client as mqtt
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from ingest.batch import BatchRule
from ingest.client import LeanClient
from ingest.config import WorkerSettings
from ingest.metrics import Metrics
from lighttrap import topics
from lighttrap.config import BrokerSettings

log = logging.getLogger(__name__)

_TAKEN_OVER = 142
ROOM_WAIT_S = 0.5


class Message(NamedTuple):
    """An MQTT message as it came: connection number, packet id, raw topic, payload, seconds since 1970.

    `over_quota`: its trap has sent more than it may (`ingest/quota.py`).
    """

    epoch: int
    mid: int
    qos: int
    topic: bytes
    payload: bytes
    received_s: float
    over_quota: bool = False


class BrokerLink:
    """One stable MQTT session: a queue of messages in, acks and packets out."""

    def __init__(self, broker: BrokerSettings, worker: WorkerSettings, metrics: Metrics) -> None:
        self._broker = broker
        self._worker = worker
        self._metrics = metrics
        self._rule = BatchRule(worker.batch_messages, worker.batch_s, worker.batch_limit, worker.quiet_s)
        self._inbox: deque[Message] = deque()
        self._news = threading.Event()
        self._room = threading.Event()
        self._lock = threading.Lock()
        self._epoch = 0
        self._had_session = False
        self._overflowed = False
        self._stopping = False
        self.subscribed = threading.Event()
        self._subscribed_s = 0.0
        self.taken_over = threading.Event()
        self.last_contact_s = time.monotonic()
        self._client = self._make_client()

    # -- life ----------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Connects in the background and keeps trying. Safe to call when the broker is not there yet."""
        url = self._broker.parts()
        properties = Properties(PacketTypes.CONNECT)
        properties.SessionExpiryInterval = self._worker.session_expiry_s
        properties.ReceiveMaximum = self._worker.receive_maximum
        self._client.connect_async(
            url.host, url.port, keepalive=self._broker.keepalive_s, clean_start=False, properties=properties
        )
        self._client.loop_start()

    def stop(self) -> None:
        """Disconnects; the session stays at the broker, unacked messages with it."""
        self._stopping = True
        self._room.set()
        self._client.disconnect()
        self._client.loop_stop()

    def reconnect(self) -> None:
        """Drops the connection on purpose, so that what was never acked comes again."""
        sock: Any = self._client.socket()
        if sock is not None:
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)

    @property
    def caught_up(self) -> bool:
        """Whether nothing waits here that would tell of a trap."""
        return self.subscribed.is_set() and not self._inbox

    def listening_s(self, now_s: float) -> float:
        """For how long this connection has been subscribed, at `now_s` (monotonic seconds)."""
        return now_s - self._subscribed_s if self.subscribed.is_set() else 0.0

    @property
    def alive(self) -> bool:
        """Whether paho's thread lives; `is_connected()` stays true when it has died."""
        name = f"paho-mqtt-client-{self._worker.client_id}"
        return any(thread.name == name for thread in threading.enumerate())

    def _make_client(self) -> LeanClient:
        url = self._broker.parts()
        client = LeanClient(self._worker.client_id, self._deliver)
        if url.user is not None:
            client.username_pw_set(url.user, url.password)
        if url.tls:
            client.tls_set(ca_certs=self._broker.ca_file)
        client.reconnect_delay_set(1, 30)
        client.max_inflight_messages_set(1000)
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_subscribe = self._on_subscribe
        return client

    # -- paho's thread -------------------------------------------------------------------------------------------

    def _on_connect(
        self,
        client: mqtt.Client,
        _data: object,
        flags: mqtt.ConnectFlags,
        reason: ReasonCode,
        properties: Properties | None,
    ) -> None:
        self._next_epoch()
        if reason.is_failure:
            log.error("broker refused the connection", extra={"reason": str(reason)})
            return
        if self._had_session and not flags.session_present:
            self._metrics.sessions_lost.inc()
            log.error("the broker has forgotten our session; traps will be asked for what is missing")
        self._had_session = True
        self._note_limits(properties)
        log.info("connected to broker", extra={"session_present": flags.session_present})
        # Retained words come with a new subscription only: at a reconnect they would be old news with a new time.
        options = SubscribeOptions(qos=1, retainHandling=SubscribeOptions.RETAIN_SEND_IF_NEW_SUB)
        client.subscribe([(topic, options) for topic in topics.up_filters(self._worker.org)])

    def _note_limits(self, properties: Properties | None) -> None:
        granted = getattr(properties, "SessionExpiryInterval", None)
        if granted is not None and granted < self._worker.session_expiry_s:
            log.warning("the broker keeps our session for less time than asked", extra={"seconds": granted})

    def _on_subscribe(
        self, _client: mqtt.Client, _data: object, _mid: int, reasons: list[ReasonCode], _properties: Properties | None
    ) -> None:
        if any(reason.is_failure for reason in reasons):
            log.error("broker refused a subscription", extra={"reasons": [str(reason) for reason in reasons]})
            return
        self._subscribed_s = time.monotonic()
        self.subscribed.set()

    def _on_disconnect(
        self,
        _client: mqtt.Client,
        _data: object,
        _flags: mqtt.DisconnectFlags,
        reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        self._next_epoch()
        self.subscribed.clear()
        if reason.value == _TAKEN_OVER:
            self.taken_over.set()
        level = logging.INFO if self._stopping else logging.WARNING
        log.log(level, "disconnected from broker", extra={"reason": str(reason)})

    def _deliver(self, mid: int, qos: int, topic: bytes, payload: bytes) -> None:
        inbox = self._inbox
        if len(inbox) >= self._worker.queue_messages and not self._wait_for_room():
            self._metrics.overflow.inc()
            self._overflowed = self._overflowed or qos > 0
            return
        inbox.append(Message(self._epoch, mid, qos, topic, payload, time.time()))
        if len(inbox) == 1 or len(inbox) == self._rule.messages:
            self._news.set()

    def _wait_for_room(self) -> bool:
        """Lets TCP hold back a broker that sends beyond the window, never for so long that pings stop.

        Mosquitto 2.0.11 does so without bound when it has a backlog.
        """
        if self._stopping:
            return False
        self._room.clear()
        return self._room.wait(ROOM_WAIT_S) or len(self._inbox) < self._worker.queue_messages

    def _next_epoch(self) -> None:
        with self._lock:
            self._epoch += 1

    # -- the worker's thread -------------------------------------------------------------------------------------

    def take(self) -> list[Message]:
        """Waits until a batch is due and takes it, in order of arrival; empty when nothing came for a while.

        What was queued for an earlier connection is left out: it is stored already or comes again.
        """
        inbox = self._inbox
        deadline = time.monotonic() + self._rule.seconds
        while (wait_s := self._wait_s(deadline)) > 0:
            self._news.wait(wait_s)
            self._news.clear()
        epoch = self._epoch
        taken = [inbox.popleft() for _ in range(min(len(inbox), self._rule.limit))]
        self._room.set()
        self._metrics.queue_messages.set(len(inbox))
        fresh = [message for message in taken if message.epoch == epoch]
        self._metrics.stale_acks.inc(len(taken) - len(fresh))
        if self._overflowed and not inbox:
            self._overflowed = False
            self.reconnect()
        return fresh

    def _wait_s(self, deadline: float) -> float:
        waiting = len(self._inbox)
        if waiting == 0:
            return max(0.0, deadline - time.monotonic())
        now_s = time.time()
        return self._rule.wait_s(waiting, now_s - self._inbox[0].received_s, now_s - self._inbox[-1].received_s)

    def ack(self, messages: Sequence[Message]) -> None:
        """Acks stored messages in order of arrival, on the connection that brought them and on no other."""
        with self._lock:
            current = [m for m in messages if m.epoch == self._epoch]
            self._client.ack_all([m.mid for m in current if m.qos == 1])
        self._metrics.stale_acks.inc(len(messages) - len(current))

    def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> bool:
        """Sends a packet to a trap at QoS 1. False when it could not be queued; try again later."""
        if not self.subscribed.is_set():
            return False
        return self._client.publish(topic, payload, qos=1, retain=retain).rc == mqtt.MQTT_ERR_SUCCESS
