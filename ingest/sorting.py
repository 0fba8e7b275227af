"""Sorts a batch of raw messages into readings, news and refusals. Decodes; knows neither SQL nor MQTT."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from functools import lru_cache
from typing import NamedTuple

from ingest.broker import Message
from lighttrap import topics, wire
from lighttrap.errors import TopicError, WireError
from lighttrap.store.quarantine import Refusal
from lighttrap.store.readings import StagedReading


class News(NamedTuple):
    """A decoded status, event or summary."""

    place: int
    org_id: str
    trap_id: str
    packet: wire.Packet
    received_at: datetime
    sha: bytes


class Sorted(NamedTuple):
    """A batch, sorted; `place` points into the batch it was made from."""

    readings: list[StagedReading]
    news: list[News]
    refusals: list[Refusal]


def sort_messages(messages: Iterable[Message]) -> Sorted:
    """Decodes every message; what cannot be decoded becomes a refusal. Never raises for any bytes."""
    batch = Sorted([], [], [])
    for place, message in enumerate(messages):
        received_at = datetime.fromtimestamp(message.received_s, UTC)
        try:
            if message.over_quota:
                raise WireError("rate", "the trap sends more than it may; later it is welcome")
            _sort_one(batch, place, message, received_at)
        except WireError as fault:
            batch.refusals.append(refusal(message, fault.reason, fault.detail))
    return batch


def _sort_one(batch: Sorted, place: int, message: Message, received_at: datetime) -> None:
    topic = _parse_topic(message.topic)
    if topic.kind not in topics.UP:
        raise TopicError(f"{topic.kind} goes down to traps, not up")
    packet = wire.decode(topic.kind, message.payload)
    sha = wire.sha_of(message.payload)
    if isinstance(packet, wire.ReadingPacket):
        batch.readings.append(StagedReading(place, topic.org, topic.trap_id, packet, received_at, sha))
    else:
        batch.news.append(News(place, topic.org, topic.trap_id, packet, received_at, sha))


@lru_cache(maxsize=65_536)
def _parse_topic(raw: bytes) -> topics.Topic:
    try:
        return topics.parse(raw.decode("utf-8"))
    except UnicodeDecodeError:
        raise TopicError("the topic is not UTF-8") from None


def refusal(message: Message, reason: str, detail: str) -> Refusal:
    """The quarantine entry of a message."""
    received_at = datetime.fromtimestamp(message.received_s, UTC)
    try:
        topic = _parse_topic(message.topic)
    except TopicError:
        return Refusal(received_at, message.topic, message.payload, reason, detail, None)
    return Refusal(received_at, message.topic, message.payload, reason, detail, topic.trap_id, topic.org)


def rounds(readings: list[StagedReading]) -> Iterator[list[StagedReading]]:
    """Splits readings into lists in which no key stands twice; the first of each key comes in the first list.

    So a message that came twice in one batch is judged like one that came in two. The very same message again is
    counted as a copy of the first; only other content under the same key needs a round of its own.
    """
    while readings:
        first: dict[tuple[str, int, int], StagedReading] = {}
        again = []
        for reading in readings:
            key = (reading.trap_id, reading.packet.boot, reading.packet.seq)
            earlier = first.setdefault(key, reading)
            if earlier is reading:
                continue
            if earlier.sha == reading.sha:
                first[key] = earlier._replace(copies=earlier.copies + 1)
            else:
                again.append(reading)
        yield list(first.values())
        readings = again
