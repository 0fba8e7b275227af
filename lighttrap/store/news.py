"""What traps say of themselves: status, events, nightly summaries. All of it may come twice."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from psycopg.rows import class_row

from lighttrap import sql, wire
from lighttrap.store import ledger
from lighttrap.store.pool import Connection

_SQL = sql.load("news")


def owner(conn: Connection, trap_id: str) -> str | None:
    """The org a trap belongs to; None for a trap nobody registered."""
    row = conn.execute(_SQL["owner"], {"trap_id": trap_id}).fetchone()
    return row[0] if row else None


def store_status(conn: Connection, org_id: str, trap_id: str, packet: wire.StatusPacket, received_at: datetime) -> None:
    """Keeps a status unless a later one is known, and notes the last seq it names."""
    said = packet.model_dump(exclude={"v", "at"})
    at = packet.at or received_at
    conn.execute(
        _SQL["upsert_status"], {**said, "org_id": org_id, "trap_id": trap_id, "at": at, "received_at": received_at}
    )
    if packet.boot is not None and packet.last_seq is not None:
        ledger.note_sent(conn, trap_id, packet.boot, packet.last_seq)


def store_event(
    conn: Connection, org_id: str, trap_id: str, packet: wire.EventPacket, received_at: datetime, sha: bytes
) -> None:
    """Keeps an event once; `gone` also closes its seqs in the ledger."""
    conn.execute(
        _SQL["insert_event"],
        {
            "org_id": org_id, "trap_id": trap_id, "at": packet.at, "event": packet.event, "note": packet.note,
            "received_at": received_at, "sha": sha,
        },
    )  # fmt: skip
    if packet.event == "gone" and packet.boot is not None and packet.from_seq is not None and packet.to_seq is not None:
        ledger.note_gone(conn, trap_id, packet.boot, packet.from_seq, packet.to_seq)


def store_summary(
    conn: Connection, org_id: str, trap_id: str, packet: wire.SummaryPacket, received_at: datetime
) -> None:
    """Keeps the newest summary of a trap, night and boot, and notes the last seq it names."""
    said = packet.model_dump(exclude={"v", "totals"})
    totals = json.dumps(packet.totals)
    conn.execute(
        _SQL["upsert_summary"],
        {**said, "org_id": org_id, "trap_id": trap_id, "totals": totals, "received_at": received_at},
    )
    ledger.note_sent(conn, trap_id, packet.boot, packet.last_seq)


@dataclass(frozen=True, slots=True)
class TrapEvent:
    """Something that befell a trap, as it told; `at` is by its own clock, `received_at` by ours."""

    at: datetime
    event: str
    note: str | None
    received_at: datetime
    sha: bytes


class AfterEvent(NamedTuple):
    """The last item of a page."""

    at: datetime
    sha: bytes


def page_events(
    conn: Connection,
    org_id: str,
    trap_id: str,
    *,
    first: datetime | None = None,
    before: datetime | None = None,
    after: AfterEvent | None = None,
    limit: int = 100,
) -> list[TrapEvent]:
    """What a trap told of itself, from `first` on and before `before`, the newest first."""
    wanted = {
        "org_id": org_id, "trap_id": trap_id, "first": first, "before": before, "limit": limit,
        "last_at": after.at if after else None, "last_sha": after.sha if after else None,
    }  # fmt: skip
    return conn.cursor(row_factory=class_row(TrapEvent)).execute(_SQL["page_events"], wanted).fetchall()
