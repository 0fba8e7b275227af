"""What the broker tells of itself below $SYS, as Mosquitto has it, and when its certificate ends."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Iterator

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.reasoncodes import ReasonCode
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from lighttrap.config import BrokerSettings
from lighttrap.monitor.certificate import LOOK_EACH_S, Certificate
from lighttrap.monitor.metrics import BROKER, filled

log = logging.getLogger(__name__)

_SYS = "$SYS/broker/"
_DROPPED = "publish/messages/dropped"
"""Mosquitto tells a figure when it changes, and forgets it after a minute: who comes later has not heard of none."""
TOPICS: dict[str, tuple[str, tuple[str, ...]]] = {
    "clients/connected": ("lighttrap_broker_connected_clients", ()),
    "store/messages/count": ("lighttrap_broker_stored_messages", ()),
    "store/messages/bytes": ("lighttrap_broker_stored_bytes", ()),
    "retained messages/count": ("lighttrap_broker_retained_messages", ()),
    _DROPPED: ("lighttrap_broker_dropped_messages_total", ()),
    "messages/received": ("lighttrap_broker_messages_total", ("received",)),
    "messages/sent": ("lighttrap_broker_messages_total", ("sent",)),
    "bytes/received": ("lighttrap_broker_bytes_total", ("received",)),
    "bytes/sent": ("lighttrap_broker_bytes_total", ("sent",)),
    "heap/current": ("lighttrap_broker_heap_bytes", ()),
    "uptime": ("lighttrap_broker_uptime_seconds", ()),
}
"""What is listened to below $SYS/broker, and as what it is told."""


class BrokerFigures(Collector):
    """Listens to what the broker says of itself. Brokers other than Mosquitto may say little or nothing."""

    def __init__(self, settings: BrokerSettings, look_each_s: float = LOOK_EACH_S) -> None:
        self._settings = settings
        self._told: dict[str, float] = {}
        url = settings.parts()
        # A session goes on with the certificate that it began with.
        self._certificate = Certificate(url.host, url.port, url.host, look_each_s) if url.tls else None
        self.is_up = False
        self._client = self._make_client()

    def start(self) -> None:
        """Connects in the background and keeps trying."""
        url = self._settings.parts()
        self._client.connect_async(url.host, url.port, keepalive=self._settings.keepalive_s)
        self._client.loop_start()

    def stop(self) -> None:
        """Disconnects."""
        self._client.disconnect()
        self._client.loop_stop()

    def collect(self) -> Iterator[Metric]:
        """What was last heard; of a broker that is away only that."""
        amounts: list[tuple[str, tuple[str, ...], float]] = [("lighttrap_broker_up", (), float(self.is_up))]
        if self.is_up and "uptime" in self._told:
            told = {_DROPPED: 0.0, **self._told}
            amounts += [(*TOPICS[topic], value) for topic, value in list(told.items())]
        left = self._certificate.seconds_left() if self._certificate else None
        if left is not None:
            amounts.append(("lighttrap_broker_certificate_seconds", (), left))
        yield from filled(BROKER, amounts)

    def describe(self) -> Iterator[Metric]:
        """The metrics there are."""
        yield from filled(BROKER, [])

    def _make_client(self) -> mqtt.Client:
        url = self._settings.parts()
        # Where the login is the client id this one is not used; elsewhere two monitors must not throw each other out.
        client = mqtt.Client(
            CallbackAPIVersion.VERSION2, f"lighttrap-monitor-{secrets.token_hex(4)}", protocol=mqtt.MQTTv5
        )
        if url.user is not None:
            client.username_pw_set(url.user, url.password)
        if url.tls:
            client.tls_set(ca_certs=self._settings.ca_file)
        client.reconnect_delay_set(1, 30)
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_message = self._on_message
        return client

    def _on_connect(
        self, client: mqtt.Client, _data: object, _flags: mqtt.ConnectFlags, reason: ReasonCode, _properties: object
    ) -> None:
        if reason.is_failure:
            log.error("broker refused the connection", extra={"reason": str(reason)})
            return
        self.is_up = True
        self._told.clear()
        client.subscribe([(f"{_SYS}{topic}", 0) for topic in TOPICS])

    def _on_disconnect(self, *_: object) -> None:
        if self.is_up:
            log.warning("disconnected from broker")
        self.is_up = False

    def _on_message(self, _client: mqtt.Client, _data: object, message: mqtt.MQTTMessage) -> None:
        number = message.payload.split(b" ", 1)[0]  # an uptime is `3600 seconds`
        try:
            self._told[message.topic.removeprefix(_SYS)] = float(number)
        except ValueError:
            log.warning("the broker tells no number", extra={"topic": message.topic})
