"""Acks each batch as soon as it is taken, before it is stored."""

from __future__ import annotations

from collections.abc import Sequence

from ingest.answers import Answers
from ingest.broker import BrokerLink, Message
from ingest.sorting import Sorted
from ingest.worker import Worker
from tests.chaos import patches

FAULT = "ingest-dies-after-copy"
FIGURE = "lost"


def sabotage() -> None:
    """Breaks the worker of this process."""

    def store(worker: Worker, link: BrokerLink, answers: Answers, messages: Sequence[Message], batch: Sorted) -> None:
        link.ack(messages)
        patches.flush(link._client)
        original(worker, link, answers, messages, batch)

    original = patches.replace(Worker, "_store", store)
