"""Digests: many deliveries to one person by one channel, leased, sent and recorded as one message."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from psycopg.rows import class_row

from lighttrap import sql
from lighttrap.store.pool import Connection

_SQL = sql.load("digests")
LIMIT = 20_000
"""Deliveries in one digest."""


@dataclass(frozen=True, slots=True)
class Crowd:
    """What waits for one person by one channel: how many deliveries, and when the first and the last were queued.

    `told` counts the messages of late, `first_told_at` is the first of them, `last_digest_at` the last digest.
    """

    due: int
    oldest_at: datetime | None
    newest_at: datetime | None
    told: int
    first_told_at: datetime | None
    last_digest_at: datetime | None


@dataclass(frozen=True, slots=True)
class Member:
    """One delivery of a digest, with what the words need of it."""

    delivery_id: int
    key: UUID
    attempts: int
    due_at: datetime
    word: str
    level: int
    night: date
    facts: dict[str, Any]
    alert_id: int
    kind: str
    species: str | None
    is_active: bool
    place: str | None
    org_name: str
    language: str
    accents: bool
    unknown_attempts: int


def crowd(conn: Connection, recipient_id: int, channel: str, since: datetime, now: datetime) -> Crowd:
    """How much waits for a person, and what they had since then."""
    values = {"recipient_id": recipient_id, "channel": channel, "since": since, "now": now}
    [found] = conn.cursor(row_factory=class_row(Crowd)).execute(_SQL["crowd"], values).fetchall()
    return found


def members(conn: Connection, recipient_id: int, channel: str, now: datetime) -> list[Member]:
    """Locks what can be told together, until the transaction ends."""
    values = {"recipient_id": recipient_id, "channel": channel, "now": now, "limit": LIMIT}
    return conn.cursor(row_factory=class_row(Member)).execute(_SQL["members"], values).fetchall()


def put_off(conn: Connection, recipient_id: int, channel: str, until: datetime, now: datetime) -> None:
    """Lets all that waits for a person wait on."""
    values = {"recipient_id": recipient_id, "channel": channel, "until": until, "now": now}
    conn.execute(_SQL["put_off"], values)


def lease(conn: Connection, delivery_ids: Sequence[int], now: datetime, for_s: float) -> UUID:
    """Begins one attempt for all of them. Commit before sending."""
    token = uuid4()
    values = {
        "delivery_ids": list(delivery_ids), "token": token, "now": now, "lease_until": now + timedelta(seconds=for_s),
    }  # fmt: skip
    conn.execute(_SQL["lease_all"], values)
    conn.execute(_SQL["add_attempts"], values)
    return token


def record(
    conn: Connection,
    token: UUID,
    then: Sequence[tuple[int, str, datetime | None]],
    *,
    outcome: str,
    detail: str | None,
    now: datetime,
    provider_id: str | None = None,
) -> int:
    """What came of the attempt; `then` is id, new state and next try of each. Returns how many were still ours."""
    values = {
        "token": token, "outcome": outcome, "detail": detail, "now": now, "provider_id": provider_id,
        "delivery_ids": [one for one, _, _ in then], "states": [state for _, state, _ in then],
        "next_tries": [at for _, _, at in then],
    }  # fmt: skip
    conn.execute(_SQL["end_attempts"], values)
    return conn.execute(_SQL["record_all"], values).rowcount
