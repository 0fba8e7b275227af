"""From a wish to a recipient: the six digits are queued, and when they come back, a consent is written down."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from lighttrap import model
from lighttrap.notify.catalogue import Catalogue
from lighttrap.store import audit, deliveries, farmer, recipients, signups
from lighttrap.store.pool import Connection
from lighttrap.store.signups import Proved, Sheet, Wish

_LINK: Final = timedelta(days=7)


def send_number(
    conn: Connection, wish: Wish, secret: str, now: datetime, usable_code: Callable[[str], Catalogue]
) -> None:
    """Queues six digits for the number; the notifier sends them when this is committed."""
    number = signups.new_number()
    text = usable_code(wish.language).templates["code.text"].fill({"number": number})
    signups.add_signup(conn, wish, secret, number, text, now)
    deliveries.wake(conn)


def enrol(conn: Connection, sheet: Sheet, proved: Proved, now: datetime) -> str:
    """Tells whoever has the number of the field from now on, and writes their consent down. Returns a page's token.

    A known recipient keeps the own token and gets a link of some days; only this consent ends a STOP.
    """
    known = recipients.who_has(conn, sheet.org_id, proved.channel, proved.address)
    how = f"signed up for {sheet.field_id} by its code, proved by {proved.channel}"
    if known is None:
        recipient_id, token = recipients.add_recipient(conn, _recipient(sheet, proved, how, now))
    else:
        recipient_id, token = known, _welcome_back(conn, sheet, proved, known, how, now)
    recipients.subscribe(conn, model.Subscription(recipient_id, field_id=sheet.field_id))
    consent = {
        "purpose": "pest alerts", "field": sheet.field_id, "channel": proved.channel, "at": now.isoformat(),
        "language": proved.language, "text": proved.consent,
    }  # fmt: skip
    audit.note(
        conn, who="signup", org_id=sheet.org_id, action="consent", object_kind="recipient", object_id=recipient_id,
        after=consent,
    )  # fmt: skip
    return token


def _recipient(sheet: Sheet, proved: Proved, how: str, now: datetime) -> model.Recipient:
    first, last = recipients.FARMERS_QUIET
    return model.Recipient(
        sheet.org_id, f"{sheet.field_name}, {now:%d/%m/%Y}", language=proved.language, accents=proved.accents,
        quiet_from=first, quiet_to=last, consent_at=now, consent_how=how,
        addresses={proved.channel: proved.address},
    )  # fmt: skip


def _welcome_back(conn: Connection, sheet: Sheet, proved: Proved, recipient_id: int, how: str, now: datetime) -> str:
    found = recipients.lock_recipient(conn, sheet.org_id, recipient_id)
    recipients.change_recipient(conn, replace(found, language=proved.language, accents=proved.accents))
    recipients.resume(conn, recipient_id, how, now)
    return farmer.add_link(conn, recipient_id, now, now + _LINK)
