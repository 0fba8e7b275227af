"""Acks and forgets readings that do not fit its queue; a status it keeps, for the trial waits for those."""

from __future__ import annotations

from ingest.broker import BrokerLink
from tests.chaos import patches

FAULT = "queue-full"
FIGURE = "lost"


def sabotage() -> None:
    """Breaks the worker of this process."""

    def deliver(link: BrokerLink, mid: int, qos: int, topic: bytes, payload: bytes) -> None:
        if len(link._inbox) >= link._worker.queue_messages and topic.endswith(b"/reading"):
            link._metrics.overflow.inc()
            link._client.ack_all([mid])
        else:
            original(link, mid, qos, topic, payload)

    original = patches.replace(BrokerLink, "_deliver", deliver)
