"""Storing readings: stage a batch, claim identities in the ledger, insert what is fresh."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from io import BytesIO
from typing import Any, NamedTuple

from psycopg import Copy
from psycopg.copy import FileWriter
from psycopg.rows import class_row

from lighttrap import sql, wire
from lighttrap.store.pool import Connection

_SQL = sql.load("readings")
_STAGE_TYPES = (
    *("int4", "text", "text", "int8", "int8", "timestamptz", "timestamptz", "int4", "text"),
    *("float8",) * 8,
    *("text", "text", "int8", "int8", "timestamptz", "bytea", "int4"),
)
"""Of the columns that `copy_to_stage` names; binary COPY takes half the time of text, and needs them."""


class StagedReading(NamedTuple):
    """A decoded reading on its way into the store: its place in the batch, and how often the batch holds it."""

    place: int
    org_id: str
    trap_id: str
    packet: wire.ReadingPacket
    received_at: datetime
    sha: bytes
    copies: int = 1


def create_stage(conn: Connection) -> None:
    """Makes this session's staging tables; once per connection, before the first batch."""
    conn.execute(_SQL["create_stage"])


def empty_stage(conn: Connection) -> None:
    """Clears the stage within a transaction, for another round."""
    conn.execute(_SQL["empty_stage"])


def pack(conn: Connection, readings: Iterable[StagedReading]) -> bytes:
    """A batch as the stage takes it. No two of its readings may share a key.

    The connection is asked how values are written and nothing is sent on it, so another thread may use it meanwhile.
    """
    packed = BytesIO()
    with Copy(conn.cursor(), binary=True, writer=FileWriter(packed)) as copy:
        copy.set_types(_STAGE_TYPES)
        for reading in readings:
            copy.write_row(_row(reading))
    return packed.getvalue()


def stage_readings(conn: Connection, packed: bytes) -> None:
    """Copies a packed batch to the stage."""
    with conn.cursor().copy(_SQL["copy_to_stage"]) as copy:
        copy.write(packed)


def insert_staged(conn: Connection) -> None:
    """Claims the staged keys in the ledger, stores the fresh readings and gives each staged one its fate."""
    for step in ("open_ledger", "lock_ledger", "judge_stage", "insert_fresh", "enter_in_ledger"):
        conn.execute(_SQL[step], prepare=True)


def fates(conn: Connection) -> dict[int, str]:
    """What became of the staged readings that were not fresh, by place: `duplicate`, or a reason for quarantine."""
    return dict(conn.execute(_SQL["not_fresh"], prepare=True).fetchall())


@dataclass(frozen=True, slots=True)
class StoredReading:
    """A reading as it is kept; units as in the packet."""

    boot: int
    seq: int
    start_at: datetime
    end_at: datetime
    night: date
    lamp_s: int
    counts: dict[str, int]
    temperature_c: float | None
    humidity_pct: float | None
    rain_mm: float | None
    wind_m_s: float | None
    light_lx: float | None
    battery_v: float | None
    panel_v: float | None
    signal_dbm: float | None
    model_version: str | None
    image_ref: str | None
    received_at: datetime


class AfterReading(NamedTuple):
    """The last item of a page."""

    start_at: datetime
    boot: int
    seq: int


def page_readings(
    conn: Connection,
    trap_id: str,
    first: datetime,
    before: datetime,
    *,
    after: AfterReading | None = None,
    limit: int = 100,
) -> list[StoredReading]:
    """Readings of a trap that begin at or after `first` and before `before`, in that order."""
    after = after or AfterReading(first, -1, -1)
    wanted = {
        "trap_id": trap_id, "first": first, "before": before, "after_at": after.start_at, "after_boot": after.boot,
        "after_seq": after.seq, "limit": limit,
    }  # fmt: skip
    return conn.cursor(row_factory=class_row(StoredReading)).execute(_SQL["page_readings"], wanted).fetchall()


def _row(reading: StagedReading) -> tuple[Any, ...]:
    p = reading.packet
    return (
        reading.place, reading.org_id, reading.trap_id, p.boot, p.seq, p.start, p.end, p.lamp_s, _counts_json(p.counts),
        p.temperature_c, p.humidity_pct, p.rain_mm, p.wind_m_s, p.light_lx, p.battery_v, p.panel_v, p.signal_dbm,
        p.model_version, p.image_ref, p.prev_boot, p.prev_last_seq, reading.received_at, reading.sha, reading.copies,
    )  # fmt: skip


def _counts_json(counts: dict[str, int]) -> str:
    """Species keys are slugs and counts are whole numbers, so the JSON text needs no escaping."""
    return "{" + ",".join([f'"{species}":{count}' for species, count in counts.items()]) + "}"
