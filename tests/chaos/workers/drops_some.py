"""Leaves out one message in a thousand."""

from __future__ import annotations

import itertools
from collections.abc import Iterable

from ingest import pipeline
from ingest.broker import Message
from ingest.sorting import Sorted
from tests.chaos import patches

FAULT = "none"
FIGURE = "lost"
ONE_IN = 1000


def sabotage() -> None:
    """Breaks the worker of this process."""
    seen = itertools.count(1)

    def sort_messages(messages: Iterable[Message]) -> Sorted:
        batch: Sorted = original(messages)
        kept = [reading for reading in batch.readings if next(seen) % ONE_IN]
        return batch._replace(readings=kept)

    original = patches.replace(pipeline, "sort_messages", sort_messages)
