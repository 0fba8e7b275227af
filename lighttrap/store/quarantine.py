"""Quarantine: messages that could not be stored, kept with the reason, replayable."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from psycopg.rows import class_row

from lighttrap import model, sql, topics, wire
from lighttrap.store.pool import Connection

_SQL = sql.load("quarantine")


class Refusal(NamedTuple):
    """A message and why it is refused; `reason` is a stable word, `detail` is for people."""

    received_at: datetime
    topic: bytes
    payload: bytes
    reason: str
    detail: str
    trap_id: str | None


def insert(conn: Connection, refusals: Sequence[Refusal]) -> None:
    """Keeps refused messages; one that was refused before for the same reason is only counted."""
    conn.cursor().executemany(_SQL["quarantine"], [_row(refusal) for refusal in refusals])


def _row(refusal: Refusal) -> dict[str, object]:
    return {
        **refusal._asdict(),
        "payload": refusal.payload[: wire.MAX_PAYLOAD_BYTES],
        "payload_bytes": len(refusal.payload),
        "sha": wire.sha_of(refusal.payload),
        "detail": refusal.detail.replace("\x00", "\\x00").encode("utf-8", "backslashreplace").decode(),
    }


def messages(
    conn: Connection,
    *,
    reason: str | None = None,
    trap_id: str | None = None,
    every: bool = False,
    limit: int = 1000,
) -> list[model.QuarantinedMessage]:
    """Kept messages, oldest first; with `every` also those that were replayed."""
    cursor = conn.cursor(row_factory=class_row(model.QuarantinedMessage))
    wanted = {"reason": reason, "trap_id": trap_id, "all": every, "limit": limit}
    return cursor.execute(_SQL["list"], wanted).fetchall()


def next_to_replay(
    conn: Connection, *, after: int, upto: int, reason: str | None, trap_id: str | None, limit: int
) -> list[model.QuarantinedMessage]:
    """The next page of kept messages with after < id <= upto, locked until the transaction ends."""
    cursor = conn.cursor(row_factory=class_row(model.QuarantinedMessage))
    wanted = {"after": after, "upto": upto, "reason": reason, "trap_id": trap_id, "limit": limit}
    return cursor.execute(_SQL["next_to_replay"], wanted).fetchall()


def newest(conn: Connection) -> int:
    """The highest id given out so far; 0 when none was."""
    row = conn.execute(_SQL["newest"]).fetchone() or (0,)
    return int(row[0])


def mark_replayed(conn: Connection, ids: Sequence[int]) -> None:
    """These messages were taken up after all."""
    conn.execute(_SQL["mark_replayed"], {"ids": list(ids)})


def count_by_reason(conn: Connection) -> list[tuple[str, int, int]]:
    """(reason, messages kept, times they came)."""
    return [(str(r), int(m), int(t)) for r, m, t in conn.execute(_SQL["count_by_reason"]).fetchall()]


@dataclass(frozen=True, slots=True)
class KeptMessage:
    """A quarantined message to look at; the payload is its first 2,000 bytes, `payload_bytes` counts them all."""

    quarantine_id: int
    received_at: datetime
    topic: bytes
    payload: bytes
    payload_bytes: int
    reason: str
    detail: str
    times: int
    state: str


def page_of_org(
    conn: Connection,
    org_id: str,
    *,
    reason: str | None = None,
    trap_id: str | None = None,
    every: bool = False,
    after: int = 0,
    limit: int = 100,
) -> list[KeptMessage]:
    """Kept messages whose topic names the org, oldest first; with `every` also those that were replayed."""
    wanted = {
        "prefix": f"{topics.PREFIX}/{org_id}/".encode(), "reason": reason, "trap_id": trap_id, "all": every,
        "after": after, "limit": limit,
    }  # fmt: skip
    return conn.cursor(row_factory=class_row(KeptMessage)).execute(_SQL["page_of_org"], wanted).fetchall()
