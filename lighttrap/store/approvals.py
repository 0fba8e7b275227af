"""What people do with alerts: approve or reject that farmers are told, and acknowledge."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime

from psycopg.rows import class_row

from lighttrap import sql
from lighttrap.errors import Conflict, NotFound
from lighttrap.store import deliveries
from lighttrap.store.pool import Connection

_SQL = sql.load("approvals")


@dataclass(frozen=True, slots=True)
class AlertLine:
    """An alert as a list shows it; `to_approve` counts events, `told`, `unknown` and `dead` count messages."""

    alert_id: int
    org_id: str
    kind: str
    species: str | None
    fault: str | None
    field_id: str | None
    trap_id: str | None
    state: str
    level: int
    highest: int
    opened_night: date
    cleared_night: date | None
    raised_at: datetime
    acknowledged_by: str | None
    to_approve: int
    told: int
    unknown: int
    dead: int


@dataclass(frozen=True, slots=True)
class Reach:
    """How many people one channel has for an event, by what became of their messages or will."""

    channel: str
    to_tell: int
    told: int = 0
    unknown: int = 0
    dead: int = 0
    skipped: int = 0


@dataclass(frozen=True, slots=True)
class WaitingText:
    """A text as it awaits approval, and how many would be sent it."""

    channel: str
    subject: str | None
    text: str
    segments: int | None
    recipients: int


def list_alerts(
    conn: Connection, org_id: str | None = None, *, only_active: bool = False, limit: int = 100
) -> list[AlertLine]:
    """The newest alerts first."""
    values = {"org_id": org_id, "only_active": only_active, "limit": limit}
    return conn.cursor(row_factory=class_row(AlertLine)).execute(_SQL["list_alerts"], values).fetchall()


def pending(conn: Connection, alert_id: int) -> list[int]:
    """The events of an alert that await a person's word, in order."""
    return [event_id for (event_id,) in conn.execute(_SQL["pending_events"], {"alert_id": alert_id}).fetchall()]


def reach(conn: Connection, event_id: int) -> list[Reach]:
    """Whom an event reaches by each channel; before its fan-out, whom it would if it were fanned out now."""
    found = conn.cursor(row_factory=class_row(Reach)).execute(_SQL["reach"], {"event_id": event_id}).fetchall()
    if found:
        return found
    hearers = deliveries.audience(conn, [event_id])
    willing = Counter(
        one.channel for one in hearers if not one.is_stopped and (one.has_consent or one.kind != "farmer")
    )
    everybody = Counter(one.channel for one in hearers)
    return [
        Reach(channel, willing[channel], skipped=number - willing[channel])
        for channel, number in sorted(everybody.items())
    ]


def waiting_texts(conn: Connection, event_id: int) -> list[WaitingText]:
    """What awaits approval of an event, as it would be sent, each text once."""
    cursor = conn.cursor(row_factory=class_row(WaitingText))
    return cursor.execute(_SQL["waiting_texts"], {"event_id": event_id}).fetchall()


def approve(conn: Connection, event_id: int, author: str, now: datetime, org_id: str | None = None) -> None:
    """Lets farmers be told an event; what awaited approval of the same alert before it is passed over.

    With `org_id`, only an event of that org. Raises NotFound, and Conflict when somebody gave a verdict before.
    """
    _judge(conn, event_id, "approved", author, org_id)
    values = {"event_id": event_id, "now": now}
    conn.execute(_SQL["supersede_unapproved"], values)
    conn.execute(_SQL["release"], values)
    deliveries.wake(conn)


def reject(conn: Connection, event_id: int, author: str, now: datetime, org_id: str | None = None) -> None:
    """Keeps an event from farmers. Raises NotFound, and Conflict when somebody gave a verdict before."""
    _judge(conn, event_id, "rejected", author, org_id)
    conn.execute(_SQL["reject"], {"event_id": event_id, "now": now})


def acknowledge(conn: Connection, alert_id: int, author: str, org_id: str | None = None) -> bool:
    """Notes that somebody looks after an alert. Returns whether this was the first to say so. Raises NotFound."""
    values = {"alert_id": alert_id, "author": author, "org_id": org_id}
    [(is_there,)] = conn.execute(_SQL["alert_exists"], values).fetchall()
    if not is_there:
        raise NotFound(f"there is no alert {alert_id}")
    is_first = conn.execute(_SQL["acknowledge"], values).fetchone() is not None
    if is_first:
        conn.execute(_SQL["add_note"], {"alert_id": alert_id, "kind": "acknowledged", "text": "", "author": author})
    return is_first


def _judge(conn: Connection, event_id: int, verdict: str, author: str, org_id: str | None) -> None:
    """Writes the verdict; the lock on the event makes a fan-out that is under way end first."""
    row = conn.execute(_SQL["lock_event"], {"event_id": event_id, "org_id": org_id}).fetchone()
    if row is None:
        raise NotFound(f"there is no alert event {event_id}")
    values = {"event_id": event_id, "verdict": verdict, "author": author}
    if conn.execute(_SQL["add_approval"], values).rowcount == 0:
        raise Conflict(f"somebody gave a verdict on event {event_id} before")
    conn.execute(_SQL["add_note"], {"alert_id": row[0], "kind": verdict, "text": "", "author": author})
