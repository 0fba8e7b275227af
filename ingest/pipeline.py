"""The one transaction: readings, roll-up, ledger, alerts, news and quarantine of a batch, all or nothing.

Everything a message can become is decided here: a row, a duplicate, or a quarantine entry. The caller commits and
then acks; a crash between the two is met again as duplicates.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import psycopg

from ingest.broker import Message
from ingest.sorting import News, Sorted, refusal, rounds, sort_messages
from lighttrap import wire
from lighttrap.errors import StoreError, StoreRejected, StoreUnavailable
from lighttrap.store import alerts, catches, ledger, news, quarantine, readings
from lighttrap.store.alerts import SaidNow
from lighttrap.store.pool import Connection
from lighttrap.store.quarantine import Refusal
from lighttrap.store.quarantine_room import Room
from lighttrap.store.readings import StagedReading

CONFIGURED_LIMIT = "53400"
"""SQLSTATE of a limit that somebody set: TimescaleDB's on opened tuples of its columnstore, PostgreSQL's on temporary
files. A smaller batch may keep within either; the rest of class 53 is outages."""
DATABASE, LATE_COMPRESSED = "database", "late_compressed"
"""Why a message is refused that the database would not take."""
DETAILS = {
    "unknown_trap": "no trap of this id is registered; register it and replay",
    "clock_ahead": "the reading ends more than 10 minutes after it was received",
    "wrong_org": "the trap belongs to another org",
    "clock_behind": "the reading is from before the trap came into service",
    "retired": "the reading is from after the trap was retired",
    "holes": "its boot has a thousand holes already, or its trap ten thousand gaps; those are to be filled first",
    "boots": "the trap has begun five thousand boots within a day",
    "key_conflict": "another reading is stored under the same boot and seq",
}


@dataclass(slots=True)
class Outcome:
    """What became of a batch; messages = stored + duplicate + noted + all refused, the dropped ones among these."""

    stored: int = 0
    duplicate: int = 0
    noted: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    dropped: int = 0
    """Of the refused: beyond what quarantine keeps."""
    boots: set[tuple[str, int]] = field(default_factory=set)
    """(trap_id, boot) whose watermark may have moved."""
    greeted: set[str] = field(default_factory=set)
    """Traps that came online and want to know what is stored."""
    touched: int = 0
    """Nights of fields with alert rules that the batch added to."""
    alert_events: int = 0
    said: list[SaidNow] = field(default_factory=list)
    """Of these, what people may be told."""


class Round(NamedTuple):
    """Readings of which no two share a key, and the same as the stage takes them."""

    readings: list[StagedReading]
    packed: bytes


class Prepared(NamedTuple):
    """A batch with everything done that needs no server."""

    batch: Sorted
    rounds: list[Round]


def prepare(conn: Connection, messages: Sequence[Message]) -> Prepared:
    """Decodes and packs a batch. Sends nothing, so it may run beside a transaction of the same connection.

    Raises what the driver raises for text that no database can hold.
    """
    batch = sort_messages(messages)
    return Prepared(batch, [Round(once, readings.pack(conn, once)) for once in rounds(batch.readings)])


def store_batch(
    conn: Connection,
    messages: Sequence[Message],
    prepared: Prepared | None = None,
    alert_within_s: float = alerts.TOLD_WITHIN_S,
    room: Room | None = None,
) -> Outcome:
    """Stores a batch in the connection's open transaction. Raises what the driver raises; then nothing is stored.

    `prepared` is what `prepare` made of the messages, if that is done already. Of nights further back than
    `alert_within_s` nobody is told. Without `room` everything that is refused is kept.
    """
    batch, packed_rounds = prepared or prepare(conn, messages)
    outcome = Outcome()
    refusals = batch.refusals + _store_readings(conn, messages, packed_rounds, outcome)
    if outcome.touched:
        outcome.alert_events = alerts.judge_touched(conn, alert_within_s)
    if outcome.alert_events:
        outcome.said = alerts.said_now(conn)
    for item in batch.news:
        if reason := _store_news(conn, item, outcome):
            refusals.append(refusal(messages[item.place], reason, DETAILS[reason]))
    if refusals:
        outcome.dropped = quarantine.insert(conn, refusals, room)
    outcome.refused.update(entry.reason for entry in refusals)
    return outcome


def store_alone(
    conn: Connection,
    messages: Sequence[Message],
    prepared: Prepared | None = None,
    alert_within_s: float = alerts.TOLD_WITHIN_S,
    room: Room | None = None,
) -> Outcome:
    """Stores a single message, as `store_batch` does.

    When it meets a limit that is not of the columnstore, the server is set wrongly and the message is not to blame:
    raises StoreUnavailable, so that it is tried until somebody mends the setting, and never quarantined.
    """
    try:
        return store_batch(conn, messages, prepared, alert_within_s, room)
    except psycopg.errors.ConfigurationLimitExceeded as fault:
        if is_of_columnstore(fault):
            raise
        raise StoreUnavailable(str(fault), fault.sqlstate) from fault


def is_of_columnstore(fault: StoreError | psycopg.Error) -> bool:
    """Whether it is "tuple decompression limit exceeded" of TimescaleDB."""
    return fault.sqlstate == CONFIGURED_LIMIT and "decompress" in str(fault)


def quarantine_one(conn: Connection, message: Message, fault: StoreRejected, room: Room | None = None) -> Outcome:
    """Quarantines a message that the database itself refuses.

    One that meets TimescaleDB's limit even by itself is `late_compressed`: the watermark passes over it, for to send it
    again would not help.
    """
    reason = LATE_COMPRESSED if is_of_columnstore(fault) else DATABASE
    dropped = quarantine.insert(conn, [refusal(message, reason, str(fault)[:500])], room)
    outcome = Outcome(refused=Counter({reason: 1}), dropped=dropped)
    if reason == LATE_COMPRESSED:
        for one in sort_messages([message]).readings:
            ledger.note_rejected(conn, one.org_id, one.trap_id, one.packet.boot, one.packet.seq)
            outcome.boots.add((one.trap_id, one.packet.boot))
    return outcome


def _store_readings(
    conn: Connection, messages: Sequence[Message], packed_rounds: list[Round], outcome: Outcome
) -> list[Refusal]:
    refusals = []
    for number, (once, packed) in enumerate(packed_rounds):
        if number:
            readings.empty_stage(conn)
        readings.stage_readings(conn, packed)
        # One round trip for all the statements: after each the other threads would have Python for themselves first.
        with conn.pipeline():
            readings.insert_staged(conn)
            catches.add_fresh(conn)
            touched = alerts.touch_fresh(conn)
            fates = readings.fates(conn)
        outcome.touched += touched.rowcount
        for reading in once:
            fate = fates.get(reading.place, "fresh")
            if fate in ("fresh", "duplicate"):
                outcome.stored += fate == "fresh"
                outcome.duplicate += reading.copies - (fate == "fresh")
            else:
                refusals += [refusal(messages[reading.place], fate, DETAILS[fate])] * reading.copies
        outcome.boots.update((reading.trap_id, reading.packet.boot) for reading in once)
    return refusals


def _store_news(conn: Connection, item: News, outcome: Outcome) -> str | None:
    """Stores a status, event or summary; the reason when it must be refused."""
    owner = news.owner(conn, item.trap_id)
    if owner != item.org_id:
        return "unknown_trap" if owner is None else "wrong_org"
    match item.packet:
        case wire.StatusPacket() as status:
            news.store_status(conn, item.org_id, item.trap_id, status, item.received_at)
            if status.online:
                outcome.greeted.add(item.trap_id)
        case wire.EventPacket() as event:
            news.store_event(conn, item.org_id, item.trap_id, event, item.received_at, item.sha)
            if event.boot is not None:
                outcome.boots.add((item.trap_id, event.boot))
        case wire.SummaryPacket() as summary:
            news.store_summary(conn, item.org_id, item.trap_id, summary, item.received_at)
            outcome.boots.add((item.trap_id, summary.boot))
    outcome.noted += 1
    return None
