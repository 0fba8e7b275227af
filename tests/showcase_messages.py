"""What people were told in the made-up province: texts written down, approved morning by morning, sent to nobody.

A pretended gateway answers as real ones do: it takes most messages, refuses one number, and now and then says nothing.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from functools import partial
from zoneinfo import ZoneInfo

from psycopg.conninfo import make_conninfo

from lighttrap import model
from lighttrap.notify.channels.channel import Message, OnUnknown, Outcome, Receipt
from lighttrap.notify.fanout import fan_out
from lighttrap.notify.sender import Sender
from lighttrap.notify.settings import NotifierSettings
from lighttrap.notify.texts import Kind
from lighttrap.store import approvals, deliveries, handling, pool, recipients

AGRONOMIST = "Chị Lan"
NIGHTS_UNAPPROVED = 3
"""Events of so many last nights still await a person's word."""
_FORMS = {"sms": Kind.SMS, "email": Kind.EMAIL}
_ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
_REFUSES = "0912345603"
_SILENT = ("0912345601", "0912345606")


class Gateway:
    """Takes messages of one channel and sends none."""

    tells_each = False
    on_unknown = OnUnknown.ALARM_ONCE_MORE

    def __init__(self, name: str) -> None:
        self.name = name
        self._taken = 0

    def send(self, message: Message) -> Receipt:
        """Answers by the number it is for."""
        if message.address == _REFUSES:
            return Receipt(Outcome.REFUSED, "HTTP 400")
        if message.address in _SILENT:
            return Receipt(Outcome.UNKNOWN, "no answer")
        self._taken += 1
        return Receipt(Outcome.SENT, provider_id=f"{self.name}-{self._taken}")

    def close(self) -> None:
        """Holds nothing."""


GATEWAYS = [Gateway(name) for name in _FORMS]


def add_staff(conn: pool.Connection, org_id: str) -> None:
    """The agronomist, who is told everything by e-mail."""
    person = model.Recipient(org_id, AGRONOMIST, kind="staff", addresses={"email": "lan@example.org"})
    recipient_id, _ = recipients.add_recipient(conn, person)
    recipients.subscribe(conn, model.Subscription(recipient_id))


def tell(conn: pool.Connection, org_id: str, night: date, *, approve: bool) -> None:
    """What is done in the morning after a night, in the caller's transaction until the first message goes."""
    at = datetime.combine(night + timedelta(days=1), time(7), _ZONE)
    settings = NotifierSettings(digest_over=100)
    # As it would have been then; here all of it was stored just now.
    conn.execute("UPDATE alert_event SET at = %s WHERE fanned_out_at IS NULL", (at - timedelta(minutes=40),))
    while fan_out(conn, settings, _FORMS, at):
        pass
    for alert in handling.page_alerts(conn, org_id, to_approve=True, limit=1000) if approve else []:
        for event_id in approvals.pending(conn, alert.alert_id):
            approvals.approve(conn, event_id, AGRONOMIST, at, org_id)
    for table in ("alert_note", "approval"):
        conn.execute(f"UPDATE {table} SET at = %s WHERE at = now()", (at,))
    conn.commit()
    dsn = make_conninfo(conn.info.dsn, password=conn.info.password)
    for gateway in GATEWAYS:
        # An hour later what got no answer is tried again.
        for clock in (at, at + timedelta(hours=1)):
            sender = Sender(gateway, settings, dsn, partial(_same, clock))
            while sender.step(conn):
                pass
            sender.close()


def _same(at: datetime) -> datetime:
    return at


def arrive(conn: pool.Connection) -> None:
    """Receipts for every second SMS; and alerts are dated as what was said of them."""
    for number in range(0, 400, 2):
        deliveries.note_receipt(conn, "sms", f"sms-{number}", "delivered")
    conn.execute(
        "UPDATE alert_event SET at = (night + 1 + time '06:20') AT TIME ZONE 'Asia/Ho_Chi_Minh'"
        " WHERE is_late OR word = 'cleared'"
    )
    conn.execute("UPDATE alert a SET raised_at = (SELECT min(at) FROM alert_event e WHERE e.alert_id = a.alert_id)")
