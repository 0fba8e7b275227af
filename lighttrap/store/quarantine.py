"""Quarantine: messages that could not be stored, kept with the reason, replayable."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from psycopg.rows import class_row

from lighttrap import model, sql, topics, wire
from lighttrap.errors import NotFound
from lighttrap.store import quarantine_room
from lighttrap.store.pool import Connection
from lighttrap.store.quarantine_room import Room, Wish

_SQL = sql.load("quarantine")


class Refusal(NamedTuple):
    """A message and why it is refused; `reason` is a stable word, `detail` is for people.

    `org_id` and `trap_id` are what its topic says, whether or not they exist.
    """

    received_at: datetime
    topic: bytes
    payload: bytes
    reason: str
    detail: str
    trap_id: str | None
    org_id: str | None = None


@dataclass(slots=True)
class _Kind:
    """A refused message with all its copies in the batch."""

    refusal: Refusal
    sha: bytes
    times: int = 0

    def row(self) -> dict[str, object]:
        """The values of its row."""
        one = self.refusal
        return {
            **one._asdict(),
            "payload": one.payload[: wire.MAX_PAYLOAD_BYTES],
            "payload_bytes": len(one.payload),
            "sha": self.sha,
            "times": self.times,
            "detail": one.detail.replace("\x00", "\\x00").encode("utf-8", "backslashreplace").decode(),
        }

    def wish(self) -> Wish:
        """What it asks of its sender's room."""
        one = self.refusal
        kept = min(len(one.payload), wire.MAX_PAYLOAD_BYTES)
        return Wish(one.received_at, one.org_id or "", one.trap_id or "", kept, self.times)


def insert(conn: Connection, refusals: Sequence[Refusal], room: Room | None = None) -> int:
    """Keeps refused messages; one that was refused before for the same reason is only counted.

    With `room`, what its sender has no room left for is only counted by day (`quarantine_room`). Returns how many
    messages that were.
    """
    kinds = _folded(refusals)
    dropped = 0
    if room is not None:
        kinds = _count_known(conn, kinds)
        admitted = quarantine_room.admit(conn, [kind.wish() for kind in kinds], room)
        dropped = sum(kind.times for kind, is_in in zip(kinds, admitted, strict=True) if not is_in)
        kinds = [kind for kind, is_in in zip(kinds, admitted, strict=True) if is_in]
    conn.cursor().executemany(_SQL["quarantine"], [kind.row() for kind in kinds])
    return dropped


def _folded(refusals: Sequence[Refusal]) -> list[_Kind]:
    kinds: dict[tuple[bytes, bytes, str], _Kind] = {}
    for one in refusals:
        sha = wire.sha_of(one.payload)
        kinds.setdefault((sha, one.topic, one.reason), _Kind(one, sha)).times += 1
    return list(kinds.values())


def _count_known(conn: Connection, kinds: list[_Kind]) -> list[_Kind]:
    """Counts those that are kept already; returns the others."""
    values = {
        "shas": [kind.sha for kind in kinds], "topics": [kind.refusal.topic for kind in kinds],
        "reasons": [kind.refusal.reason for kind in kinds], "times": [kind.times for kind in kinds],
        "received": [kind.refusal.received_at for kind in kinds],
    }  # fmt: skip
    known = {place for (place,) in conn.execute(_SQL["count_known"], values, prepare=True).fetchall()}
    return [kind for place, kind in enumerate(kinds, 1) if place not in known]


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
) -> list[int]:
    """The ids of the next page of messages that are still here, with after < id <= upto."""
    wanted = {"after": after, "upto": upto, "reason": reason, "trap_id": trap_id, "limit": limit}
    return [found for (found,) in conn.execute(_SQL["next_to_replay"], wanted).fetchall()]


def asked_for(conn: Connection, org_id: str | None, limit: int) -> list[int]:
    """The ids of messages that somebody wants taken up, of one org or of all, oldest first."""
    wanted = {"prefix": _prefix(org_id) if org_id else None, "limit": limit}
    return [found for (found,) in conn.execute(_SQL["asked_for"], wanted, prepare=True).fetchall()]


def take_up(conn: Connection, ids: Sequence[int]) -> list[model.QuarantinedMessage]:
    """Locks these messages and marks them replayed; whoever refuses one again in this transaction keeps it again.

    Leaves out what somebody else has taken up, or is taking up just now.
    """
    cursor = conn.cursor(row_factory=class_row(model.QuarantinedMessage))
    found = cursor.execute(_SQL["take_up"], {"ids": list(ids)}).fetchall()
    conn.execute(_SQL["mark_replayed"], {"ids": [one.quarantine_id for one in found]})
    return found


def newest(conn: Connection) -> int:
    """The highest id given out so far; 0 when none was."""
    row = conn.execute(_SQL["newest"]).fetchone() or (0,)
    return int(row[0])


def count_by_reason(conn: Connection) -> list[tuple[str, int, int]]:
    """(reason, messages kept, times they came)."""
    return [(str(r), int(m), int(t)) for r, m, t in conn.execute(_SQL["count_by_reason"]).fetchall()]


@dataclass(frozen=True, slots=True)
class KeptMessage:
    """A quarantined message to look at; `payload_bytes` counts them all, `is_whole` is False when some were cut off.

    `kept_again_as` is the reason for which a message that was taken up is here again.
    """

    quarantine_id: int
    received_at: datetime
    topic: bytes
    payload: bytes
    payload_bytes: int
    reason: str
    detail: str
    times: int
    state: str
    asked_at: datetime | None
    tried_at: datetime | None
    replayed_at: datetime | None
    is_whole: bool
    kept_again_as: str | None


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
    """Kept messages whose topic names the org, oldest first, with the first 2,000 bytes of each payload.

    With `every` also those that were replayed.
    """
    return _of_org(conn, org_id, reason=reason, trap_id=trap_id, all=every, after=after, limit=limit)


def get_of_org(conn: Connection, org_id: str, quarantine_id: int) -> KeptMessage:
    """One message whose topic names the org, whole. Raises NotFound."""
    found = _of_org(conn, org_id, quarantine_id=quarantine_id, all=True, whole=True)
    if not found:
        raise NotFound(f"there is no message {quarantine_id} in quarantine")
    return found[0]


def ask_for(
    conn: Connection,
    org_id: str,
    *,
    ids: Sequence[int] | None = None,
    reason: str | None = None,
    trap_id: str | None = None,
    limit: int = 10_000,
) -> int:
    """Asks ingest to take up messages of an org, `limit` at most. Returns how many were not asked for before.

    Raises NotFound for an id that is none of the org's.
    """
    values = {
        "prefix": _prefix(org_id), "ids": None if ids is None else list(ids), "reason": reason, "trap_id": trap_id,
        "limit": limit,
    }  # fmt: skip
    if ids is not None:
        known = {found for (found,) in conn.execute(_SQL["of_org"], values).fetchall()}
        if missing := sorted(set(ids) - known):
            raise NotFound(f"there is no message {missing[0]} in quarantine")
    return conn.execute(_SQL["ask_for"], values).rowcount


def _of_org(conn: Connection, org_id: str, **wanted: object) -> list[KeptMessage]:
    values: dict[str, object] = dict.fromkeys(("quarantine_id", "reason", "trap_id"))
    values |= {"prefix": _prefix(org_id), "whole": False, "after": 0, "limit": 1, **wanted}
    return conn.cursor(row_factory=class_row(KeptMessage)).execute(_SQL["page_of_org"], values).fetchall()


def _prefix(org_id: str) -> bytes:
    """What the topics of an org's traps begin with."""
    return f"{topics.PREFIX}/{org_id}/".encode()
