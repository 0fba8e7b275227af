"""What became of each message. Addresses are masked."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from lighttrap.views.view import View


class Delivery(View):
    """One message to one recipient by one channel, of one alert event."""

    delivery_id: int
    alert_id: int
    event_id: int
    word: str = Field(description="raised, corrected, reopened or cleared.")
    level: int
    recipient_id: int
    recipient: str = Field(description="Their name; - when they were erased.")
    channel: str
    address: str | None = Field(description="Where it would go now, masked; null: nowhere.")
    state: str = Field(description="queued, leased, failed, sent, delivered, unknown, dead or skipped: docs/alerts.md.")
    reason: str | None
    awaits_approval: bool
    subject: str | None
    text: str | None = Field(description="Null: it was never to be sent, or was erased.")
    segments: int | None = Field(description="Parts of an SMS.")
    attempts: int
    next_try_at: datetime | None = Field(description="Null: none is to come, or not before an approval.")
    created_at: datetime
    sent_at: datetime | None
    finished_at: datetime | None


class Attempt(View):
    """One try at a delivery."""

    number: int
    started_at: datetime
    ended_at: datetime | None
    outcome: str | None = Field(description="sent, failed, refused or unknown; null: going on.")
    detail: str | None


class DeliveryCase(View):
    """A delivery with every try at it."""

    delivery: Delivery
    attempts: list[Attempt]


class Outbox(View):
    """How far an org's messages are."""

    events: int = Field(description="Alert events of which no delivery is written down yet.")
    states: dict[str, int] = Field(description="Deliveries by state: all that wait, of the rest those since `since`.")
    awaiting_approval: int
    due: int = Field(description="Deliveries that could be sent now.")
    oldest_at: datetime | None = Field(description="Since when the oldest of what is due waits.")
    oldest_s: float | None = Field(description="Seconds since then; minutes of it mean that the outbox is stalled.")
    since: datetime
