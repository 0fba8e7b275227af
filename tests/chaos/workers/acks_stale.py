"""Acks what an earlier connection brought, on the connection of now."""

from __future__ import annotations

from collections.abc import Sequence

from ingest.broker import BrokerLink, Message
from tests.chaos import patches

FAULT = "broker-wiped"
FIGURE = "lost"


def sabotage() -> None:
    """Breaks the worker of this process."""

    def ack(link: BrokerLink, messages: Sequence[Message]) -> None:
        link._client.ack_all([message.mid for message in messages if message.qos == 1])
        patches.flush(link._client)

    patches.replace(BrokerLink, "ack", ack)
