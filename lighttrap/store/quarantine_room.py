"""How much quarantine keeps of each sender and day, and what came beyond it.

Whoever may send at all may send nonsense without end: each registered trap has a room of its own a day, and what no
registered trap sent under an org's topics shares one, or whoever makes up trap ids would have as many rooms.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, NamedTuple

from psycopg.rows import class_row

from lighttrap import sql
from lighttrap.store.pool import Connection

_SQL = sql.load("quarantine_room")
ROW_BYTES = 500
"""What a kept message weighs beside its payload, its place in the indexes included."""


class Room(NamedTuple):
    """Bytes that are kept of a day (UTC): of a registered trap, and of all others under an org's topics together."""

    trap_bytes: int
    strangers_bytes: int


class Wish(NamedTuple):
    """A message that wants to be kept: what its topic says of its sender, its bytes, and how often it came."""

    received_at: datetime
    org_id: str
    trap_id: str
    payload_bytes: int
    times: int


@dataclass(slots=True)
class _Day:
    """One sender's day, as it is and with what is added to it."""

    day: date
    org_id: str
    trap_id: str
    kept_bytes: int
    kept: int = 0
    added_bytes: int = 0
    dropped: int = 0

    def takes(self, wish: Wish, room: Room) -> bool:
        """Whether there is room; counts the message either way."""
        size = ROW_BYTES + wish.payload_bytes
        if self.kept_bytes + self.added_bytes + size > (room.trap_bytes if self.trap_id else room.strangers_bytes):
            self.dropped += wish.times
            return False
        self.kept += 1
        self.added_bytes += size
        return True

    def entry(self) -> dict[str, Any]:
        """The values that enter it."""
        names = ("day", "org_id", "trap_id", "kept", "added_bytes", "dropped")
        return {name: getattr(self, name) for name in names}


def admit(conn: Connection, wishes: Sequence[Wish], room: Room) -> list[bool]:
    """For each message whether it is to be kept. Enters them all, and locks their senders' days."""
    if not wishes:
        return []
    senders = [(wish.received_at.astimezone(UTC).date(), wish.org_id, wish.trap_id) for wish in wishes]
    days = _days(conn, sorted(set(senders)))
    admitted = [days[sender].takes(wish, room) for sender, wish in zip(senders, wishes, strict=True)]
    touched = {id(day): day for day in days.values()}.values()
    conn.cursor().executemany(_SQL["enter_in_days"], [day.entry() for day in touched])
    return admitted


def _days(conn: Connection, senders: list[tuple[date, str, str]]) -> dict[tuple[date, str, str], _Day]:
    """Each sender's day; all strangers of an org have the same."""
    known = conn.execute(_SQL["known_senders"], _columns(senders), prepare=True).fetchall()
    owners = [(day, org_id, trap_id) for (day, _, _), (org_id, trap_id) in zip(senders, known, strict=True)]
    own = _columns(sorted(set(owners)))
    conn.execute(_SQL["open_days"], own, prepare=True)
    rows = conn.execute(_SQL["lock_days"], own, prepare=True).fetchall()
    days = {(day, org_id, trap_id): _Day(day, org_id, trap_id, kept) for day, org_id, trap_id, kept in rows}
    return {sender: days[owner] for sender, owner in zip(senders, owners, strict=True)}


def _columns(senders: list[tuple[date, str, str]]) -> dict[str, list[Any]]:
    return {name: [sender[at] for sender in senders] for at, name in enumerate(("days", "orgs", "traps"))}


@dataclass(frozen=True, slots=True)
class QuarantineDay:
    """What quarantine took in on a day (UTC) from one trap, or from all that are not registered (`trap_id` None)."""

    day: date
    trap_id: str | None
    kept: int
    kept_bytes: int
    dropped: int


def dropping_days(conn: Connection, org_id: str, first: date, limit: int = 1000) -> list[QuarantineDay]:
    """The days of an org, from `first` on, on which messages were dropped, the newest first."""
    cursor = conn.cursor(row_factory=class_row(QuarantineDay))
    return cursor.execute(_SQL["dropping_days"], {"org_id": org_id, "first": first, "limit": limit}).fetchall()


def dropped_since(conn: Connection, first: date) -> tuple[int, int, str | None]:
    """Messages dropped since that day, from how many senders, and the trap that most are from, when it is one."""
    row = conn.execute(_SQL["dropped_since"], {"first": first}).fetchone() or (0, 0, None)
    return int(row[0]), int(row[1]), row[2]
