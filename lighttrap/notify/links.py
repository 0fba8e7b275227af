"""Links in messages: staff are led to the alert, farmers to a page of their own.

The text of a farmer's message is queued with a mark where the token will stand. A token is made for each attempt, when
the message goes out: so it lives as long as it says from then on, and no table, log or list of messages holds it.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from lighttrap.notify.settings import NotifierSettings, WordingSettings
from lighttrap.store import farmer
from lighttrap.store.deliveries import Due
from lighttrap.store.pool import Connection

MARK: Final = "---of-the-reader-only-"
"""As long as a token, and in letters that an SMS takes as such, so that parts are counted right."""


def of_alert(settings: NotifierSettings, alert_id: int) -> str | None:
    """The page of an alert, for staff."""
    return settings.link.replace("{alert}", str(alert_id)) if settings.link else None


def of_farmer(settings: WordingSettings) -> str | None:
    """The page of whoever reads it, with the mark."""
    return f"{settings.pages_url}/f/{MARK}" if settings.pages_url else None


def personal(conn: Connection, due: Due, settings: NotifierSettings, now: datetime) -> Due:
    """The message with a token in place of the mark, if it has one."""
    if MARK not in due.text:
        return due
    token = farmer.add_link(conn, due.recipient_id, now, now + timedelta(days=settings.link_days))
    return replace(due, text=due.text.replace(MARK, token))
