"""What routes answer, and the audit log keeps, of a recipient: addresses masked, or none."""

from __future__ import annotations

from datetime import UTC, datetime, time
from typing import Any

from api.deps import Access
from api.masks import masked
from lighttrap import model
from lighttrap.errors import InputFault
from lighttrap.store import recipients


def past(at: datetime | None) -> datetime:
    """When somebody agreed: now unless said otherwise. Raises InputFault for a time to come."""
    now = datetime.now(UTC)
    if at is not None and at > now:
        raise InputFault("consent lies in the future")
    return at or now


def changed(access: Access, action: str, before: model.Recipient, **more: object) -> dict[str, Any]:
    """Writes a change down and answers with the recipient as they are now."""
    now = recipients.get_recipient(access.conn, before.recipient_id or 0, access.org_id)
    access.note(action, "recipient", now.recipient_id, noted(before), {**noted(now), **more})
    return case(access, now)


def case(access: Access, one: model.Recipient) -> dict[str, Any]:
    """A recipient with all that they are told of."""
    return {"recipient": shown(one), "subscriptions": recipients.subscriptions(access.conn, one.recipient_id or 0)}


def shown(one: model.Recipient) -> dict[str, Any]:
    """A recipient, addresses masked."""
    names = (
        "recipient_id", "org_id", "name", "kind", "language", "accents", "time_zone", "consent_at", "consent_how",
        "stopped_at",
    )  # fmt: skip
    return {
        **{name: getattr(one, name) for name in names},
        "quiet_from": _hours(one.quiet_from),
        "quiet_to": _hours(one.quiet_to),
        "addresses": [
            {"channel": channel, "address": masked(address), "is_refused": channel in one.refused}
            for channel, address in one.addresses.items()
        ],
    }


def noted(one: model.Recipient) -> dict[str, object]:
    """What the audit log may hold of a recipient: it is never erased, so nothing that says who they are."""
    names = ("kind", "language", "accents", "time_zone", "consent_at", "stopped_at")
    return {
        **{name: getattr(one, name) for name in names},
        "quiet": [_hours(one.quiet_from), _hours(one.quiet_to)],
        "channels": sorted(one.addresses),
    }


def _hours(at: time | None) -> str | None:
    return f"{at:%H:%M}" if at else None
