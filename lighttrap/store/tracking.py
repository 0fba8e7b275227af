"""Tracking: what people see of deliveries, and the one thing they do with them, to try again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from psycopg.rows import class_row

from lighttrap import sql
from lighttrap.errors import Conflict, NotFound
from lighttrap.store import deliveries
from lighttrap.store.pool import Connection

_SQL = sql.load("tracking")
NEWEST = (datetime(9999, 1, 1, tzinfo=UTC), 2**63 - 1)
OLDEST_AT = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class TrackedDelivery:
    """One message to one recipient by one channel, as it stands; `address` is where it would go now."""

    delivery_id: int
    alert_id: int
    event_id: int
    word: str
    level: int
    recipient_id: int
    recipient: str
    channel: str
    address: str | None
    state: str
    reason: str | None
    awaits_approval: bool
    subject: str | None
    text: str | None
    segments: int | None
    attempts: int
    next_try_at: datetime | None
    created_at: datetime
    sent_at: datetime | None
    finished_at: datetime | None


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try at a delivery; `outcome` is None while it goes on."""

    number: int
    started_at: datetime
    ended_at: datetime | None
    outcome: str | None
    detail: str | None


@dataclass(frozen=True, slots=True)
class OrgOutbox:
    """How far an org's messages are: events not fanned out, deliveries by state, and since when the oldest waits.

    What awaits approval or quiet hours is not late.
    """

    events: int
    states: dict[str, int]
    awaiting_approval: int
    due: int
    oldest_at: datetime | None


def page_deliveries(
    conn: Connection,
    org_id: str,
    *,
    alert_id: int | None = None,
    recipient_id: int | None = None,
    state: str | None = None,
    channel: str | None = None,
    first_at: datetime = OLDEST_AT,
    before: tuple[datetime, int] = NEWEST,
    limit: int = 100,
) -> list[TrackedDelivery]:
    """Deliveries of an org written down from `first_at` on and before that moment and id, the newest first."""
    return _page(
        conn, org_id, alert_id=alert_id, recipient_id=recipient_id, state=state, channel=channel, first_at=first_at,
        before_at=before[0], before_id=before[1], limit=limit,
    )  # fmt: skip


def get_delivery(conn: Connection, org_id: str, delivery_id: int) -> TrackedDelivery:
    """One delivery of an org. Raises NotFound."""
    found = _page(conn, org_id, delivery_id=delivery_id)
    if not found:
        raise NotFound(f"there is no delivery {delivery_id}")
    return found[0]


def attempts(conn: Connection, delivery_id: int) -> list[Attempt]:
    """The tries at a delivery, in order."""
    cursor = conn.cursor(row_factory=class_row(Attempt))
    return cursor.execute(_SQL["attempts"], {"delivery_id": delivery_id}).fetchall()


def outbox(conn: Connection, org_id: str, since: datetime, now: datetime) -> OrgOutbox:
    """How an org's outbox stands; of what is done with, that which was written down since then."""
    values = {"org_id": org_id, "since": since, "now": now}
    [found] = conn.cursor(row_factory=class_row(OrgOutbox)).execute(_SQL["outbox"], values).fetchall()
    return found


def retry(conn: Connection, org_id: str, delivery_id: int, now: datetime, *, may_repeat: bool = False) -> None:
    """Queues a delivery that was given up once more; one that is unknown only with `may_repeat`.

    Raises NotFound, and Conflict when it is not given up, when they had a later word of the alert, or when its words
    were erased.
    """
    found = get_delivery(conn, org_id, delivery_id)
    if found.state == "unknown" and not may_repeat:
        raise Conflict("it may have been sent: say `may_repeat` when they may read it twice")
    [(is_late,)] = conn.execute(_SQL["later_word"], {"delivery_id": delivery_id}).fetchall()
    if is_late:
        raise Conflict("a later word of the same alert is with them, or on its way")
    values = {"delivery_id": delivery_id, "now": now, "states": ["dead", *(["unknown"] if may_repeat else [])]}
    if conn.execute(_SQL["retry"], values).rowcount == 0:
        raise Conflict(f"delivery {delivery_id} is {found.state}, and has no words or is not given up")
    deliveries.wake(conn)


def _page(conn: Connection, org_id: str, **wanted: object) -> list[TrackedDelivery]:
    values: dict[str, object] = dict.fromkeys(("delivery_id", "alert_id", "recipient_id", "state", "channel"))
    values |= {"org_id": org_id, "first_at": OLDEST_AT, "before_at": NEWEST[0], "before_id": NEWEST[1], "limit": 1}
    cursor = conn.cursor(row_factory=class_row(TrackedDelivery))
    return cursor.execute(_SQL["page_deliveries"], {**values, **wanted}).fetchall()
