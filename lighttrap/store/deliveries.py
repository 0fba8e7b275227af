"""Deliveries: alert events fanned out to recipients, messages leased one at a time, and what became of each.

Every instant is an argument, so that a test can let a night pass; notifiers on two machines need clocks that agree to
within a lease, which `session.require_durable` looks after.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID, uuid4

from psycopg.rows import class_row

from lighttrap import model, sql
from lighttrap.errors import InputFault, NotFound
from lighttrap.store.pool import Connection

_SQL = sql.load("deliveries")
TOLD = ("sent", "delivered", "unknown")
"""States of a delivery whose recipient has, or may have, read it."""


@dataclass(frozen=True, slots=True)
class Event:
    """An alert event that is to be fanned out, with what texts need to name. `verdict` is a person's, or None."""

    event_id: int
    alert_id: int
    number: int
    word: str
    level: int
    night: date
    facts: dict[str, Any]
    is_late: bool
    org_id: str
    org_name: str
    kind: str
    species: str | None
    fault: str | None
    trap_id: str | None
    field_name: str | None
    commune: str | None
    time_zone: str
    is_proposal: bool
    phone: str | None
    needs_approval: bool
    verdict: str | None
    names: dict[str, str]


@dataclass(frozen=True, slots=True)
class Hearer:
    """One who is to be told an event, by one channel."""

    event_id: int
    recipient_id: int
    channel: str
    kind: str
    language: str
    accents: bool
    quiet_from: time | None
    quiet_to: time | None
    time_zone: str
    has_consent: bool
    is_stopped: bool


@dataclass(frozen=True, slots=True)
class NewDelivery:
    """A message as it enters the queue; `due_at` None while it awaits approval."""

    event_id: int
    alert_id: int
    number: int
    recipient_id: int
    channel: str
    state: str
    reason: str | None
    waited: str | None
    subject: str | None
    text: str | None
    segments: int | None
    due_at: datetime | None


@dataclass(frozen=True, slots=True)
class Due:
    """A message whose time has come, and all that decides whether it is sent now.

    `told_level` and `told_word` are the highest level raised, and the last word, that this recipient had of the alert
    by this channel; `told_today` counts the events of any alert by this channel since local midnight;
    `told_week` a farmer's raises of the same species in seven days, of which `told_week_level` was the highest.
    """

    delivery_id: int
    key: UUID
    event_id: int
    alert_id: int
    recipient_id: int
    channel: str
    waited: str | None
    attempts: int
    due_at: datetime
    subject: str | None
    text: str
    segments: int | None
    word: str
    level: int
    night: date
    at: datetime
    facts: dict[str, Any]
    org_id: str
    alert_kind: str
    species: str | None
    field_id: str | None
    trap_id: str | None
    fault: str | None
    alert_state: str
    recipient_kind: str
    quiet_from: time | None
    quiet_to: time | None
    time_zone: str
    is_stopped: bool
    has_consent: bool
    address: str | None
    told_level: int | None
    told_word: str | None
    told_today: int
    told_week: int | None
    told_week_level: int | None
    unknown_attempts: int
    cause: str | None = None
    """TRAP/BOOT/SEQ of the reading behind it; None: the clock, or a person."""


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to make one attempt at a delivery."""

    delivery_id: int
    token: UUID
    number: int
    """Of the attempt, from 1."""


@dataclass(frozen=True, slots=True)
class Expired:
    """A delivery whose lease ran out: nobody knows whether it was sent."""

    delivery_id: int
    lease_token: UUID
    attempts: int
    due_at: datetime
    word: str
    level: int
    unknown_attempts: int


def listen(conn: Connection) -> None:
    """Makes this session hear of new events; they come as notifications, and none is lost but the wait is longer."""
    conn.execute(_SQL["listen"])


def wake(conn: Connection) -> None:
    """Lets the notifiers look at once, when this transaction commits."""
    conn.execute(_SQL["wake"])


def claim_events(conn: Connection, limit: int = 500) -> list[Event]:
    """Takes events to fan out, which stay ours until the transaction ends; of each alert the first only."""
    return conn.cursor(row_factory=class_row(Event)).execute(_SQL["claim_events"], {"limit": limit}).fetchall()


def get_event(conn: Connection, org_id: str, alert_id: int, event_id: int) -> Event:
    """One event of an org's alert, whether it was fanned out or not. Raises NotFound."""
    values = {"org_id": org_id, "alert_id": alert_id, "event_id": event_id}
    found = conn.cursor(row_factory=class_row(Event)).execute(_SQL["event"], values).fetchone()
    if found is None:
        raise NotFound(f"alert {alert_id} has no event {event_id}")
    return found


def audience(conn: Connection, event_ids: Sequence[int]) -> list[Hearer]:
    """Who is to be told these events: subscribers of what is raised; of the rest, whoever had a word of that alert."""
    cursor = conn.cursor(row_factory=class_row(Hearer))
    return cursor.execute(_SQL["audience"], {"event_ids": list(event_ids)}).fetchall()


def fan_out(conn: Connection, event_ids: Sequence[int], new: Iterable[NewDelivery], now: datetime) -> None:
    """Queues the messages of these events and marks the events done, in the caller's transaction."""
    rows = [{**asdict(one), "due_at": one.due_at or "infinity", "now": now} for one in new]
    if rows:
        with conn.cursor() as cursor:
            cursor.executemany(_SQL["add_delivery"], rows)
    values = {"event_ids": list(event_ids), "now": now}
    conn.execute(_SQL["hurry"], values)
    conn.execute(_SQL["mark_fanned_out"], values)


def take_due(conn: Connection, channel: str, now: datetime) -> Due | None:
    """Locks the channel's next message until the transaction ends; None when nothing is due."""
    row = conn.execute(_SQL["lock_due"], {"channel": channel, "now": now}).fetchone()
    if row is None:
        return None
    values = {"delivery_id": row[0], "now": now}
    conn.execute(_SQL["lock_recipient"], values)
    return conn.cursor(row_factory=class_row(Due)).execute(_SQL["due"], values).fetchone()


def waited_together(conn: Connection, delivery_id: int, now: datetime) -> list[tuple[int, str, int]]:
    """Id, word and level of this message and those held back with it, in order of what they say."""
    return conn.execute(_SQL["waited_together"], {"delivery_id": delivery_id, "now": now}).fetchall()


def skip(conn: Connection, delivery_ids: Iterable[int], reason: str, now: datetime) -> None:
    """Ends deliveries without sending them."""
    conn.execute(_SQL["skip"], {"delivery_ids": list(delivery_ids), "reason": reason, "now": now})


def hold(conn: Connection, delivery_id: int, waited: str, until: datetime) -> None:
    """Puts a message off, also one that was tried before: from now on it holds nobody back."""
    conn.execute(_SQL["hold"], {"delivery_id": delivery_id, "waited": waited, "until": until})


def pass_over(conn: Connection, org_id: str | None, now: datetime) -> int:
    """Ends all that waits, of one org or of all, without sending it. Returns how many deliveries that were."""
    return conn.execute(_SQL["pass_over"], {"org_id": org_id, "now": now}).rowcount


def bury(conn: Connection, delivery_id: int, reason: str, now: datetime) -> None:
    """Gives a delivery up, untried this time."""
    conn.execute(_SQL["bury"], {"delivery_id": delivery_id, "reason": reason, "now": now})


def lease(conn: Connection, delivery_id: int, now: datetime, for_s: float) -> Lease:
    """Begins an attempt. Commit before sending: whoever dies between leaves a lease that runs out."""
    token = uuid4()
    values = {"delivery_id": delivery_id, "token": token, "now": now, "lease_until": now + timedelta(seconds=for_s)}
    [(number,)] = conn.execute(_SQL["lease"], values).fetchall()
    conn.execute(_SQL["add_attempt"], {**values, "number": number})
    return Lease(delivery_id, token, number)


def record(
    conn: Connection,
    delivery_id: int,
    token: UUID,
    *,
    state: str,
    outcome: str,
    detail: str | None,
    now: datetime,
    provider_id: str | None = None,
    next_try_at: datetime | None = None,
) -> bool:
    """What came of an attempt: the delivery's new state, and the attempt's outcome.

    Returns False when the lease ran out and another notifier has the delivery; the attempt is written down all the
    same.
    """
    values = {
        "delivery_id": delivery_id, "token": token, "state": state, "outcome": outcome, "detail": detail, "now": now,
        "reason": None if state == "sent" else detail, "provider_id": provider_id, "next_try_at": next_try_at,
    }  # fmt: skip
    conn.execute(_SQL["end_attempt"], values)
    if outcome == "refused":
        conn.execute(_SQL["refuse_address"], values)
    return conn.execute(_SQL["record"], values).rowcount == 1


def expired(conn: Connection, channel: str, now: datetime) -> list[Expired]:
    """Locks some deliveries whose lease ran out."""
    cursor = conn.cursor(row_factory=class_row(Expired))
    return cursor.execute(_SQL["lock_expired"], {"channel": channel, "now": now}).fetchall()


def note_receipt(conn: Connection, channel: str, provider_id: str, state: str) -> bool:
    """A provider's word on a message: `delivered` or `failed`, under the provider's id or our own key.

    Returns False when no message of that channel has it, as when the receipt overtakes our own record: the provider
    should say it again. May come twice, and in any order: what arrived has arrived. Raises InputFault.
    """
    if state not in ("delivered", "failed"):
        raise InputFault(f"a receipt says delivered or failed, not {state!r}")
    values = {"channel": channel, "provider_id": provider_id, "arrived": state == "delivered"}
    return bool(conn.execute(_SQL["receipt"], values).fetchall())


def list_deliveries(conn: Connection, alert_id: int) -> list[model.Delivery]:
    """What was sent of an alert, to whom, and how far it got."""
    cursor = conn.cursor(row_factory=class_row(model.Delivery))
    return cursor.execute(_SQL["list_deliveries"], {"alert_id": alert_id}).fetchall()


@dataclass(frozen=True, slots=True)
class Outbox:
    """What is still to be said: events not fanned out, messages due and not sent, and since when the oldest waits.

    `failed` are tried again; `unknown` and `dead` are those of the last day.
    """

    events: int
    due: int
    failed: int
    unknown: int
    dead: int
    oldest_at: datetime | None


def outbox(conn: Connection, now: datetime) -> Outbox:
    """How the outbox stands."""
    [found] = conn.cursor(row_factory=class_row(Outbox)).execute(_SQL["outbox"], {"now": now}).fetchall()
    return found
