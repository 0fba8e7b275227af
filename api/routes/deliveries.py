"""Deliveries: what was sent to whom, how far it got, and whether anything is stuck."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, TypeAdapter

from api import paging
from api.deps import Access, KeepRecipients
from api.kinds import After, Instant, Limit, Number
from api.masks import masked
from api.routes.addresses import Channel
from lighttrap import views
from lighttrap.store import tracking

router = APIRouter(prefix="/orgs/{org_id}", tags=["deliveries"])
Id = Annotated[int, Field(ge=1, le=2**63 - 1)]
_KEY = TypeAdapter(tuple[AwareDatetime, Id])
State = Literal["queued", "leased", "failed", "sent", "delivered", "unknown", "dead", "skipped"]
_LOOK_BACK = timedelta(days=7)


class Retry(BaseModel):
    """Once more."""

    model_config = ConfigDict(extra="forbid")
    may_repeat: bool = Field(
        default=False, description="They may read it twice: needed where nobody knows whether it was sent."
    )


@router.get("/deliveries", response_model=views.Page[views.Delivery])
def list_deliveries(
    access: KeepRecipients,
    alert_id: Id | None = None,
    recipient_id: Id | None = None,
    state: State | None = None,
    channel: Channel | None = None,
    first_at: Annotated[Instant | None, Query(description="Written down then or later.")] = None,
    before_at: Annotated[Instant | None, Query(description="Written down before.")] = None,
    limit: Limit = 100,
    after: After = None,
) -> dict[str, Any]:
    """What was sent or will be, the newest first; addresses masked."""
    before = paging.read(after, _KEY) or (before_at or tracking.NEWEST[0], 0 if before_at else tracking.NEWEST[1])
    found = tracking.page_deliveries(
        access.conn, access.org_id, alert_id=alert_id, recipient_id=recipient_id, state=state, channel=channel,
        first_at=first_at or tracking.OLDEST_AT, before=before, limit=limit + 1,
    )  # fmt: skip
    made = paging.page(found, limit, lambda one: (one.created_at, one.delivery_id))
    return {**made, "items": [_shown(one) for one in made["items"]]}


@router.get("/deliveries/{delivery_id}", response_model=views.DeliveryCase)
def get_delivery(access: KeepRecipients, delivery_id: Number) -> dict[str, Any]:
    """One delivery with every try at it."""
    return _case(access, delivery_id)


@router.post("/deliveries/{delivery_id}/retry", response_model=views.DeliveryCase)
def retry_delivery(access: KeepRecipients, delivery_id: Number, body: Retry) -> dict[str, Any]:
    """Queues what was given up once more; whether it goes (STOP, consent, the alert) is looked at again then."""
    before = tracking.get_delivery(access.conn, access.org_id, delivery_id)
    tracking.retry(access.conn, access.org_id, delivery_id, datetime.now(UTC), may_repeat=body.may_repeat)
    was = {"state": before.state, "reason": before.reason, "attempts": before.attempts}
    access.note("retry", "delivery", delivery_id, was, {"state": "queued", "may_repeat": body.may_repeat})
    return _case(access, delivery_id)


@router.get("/outbox", response_model=views.Outbox)
def get_outbox(
    access: KeepRecipients,
    since: Annotated[Instant | None, Query(description="Of what is done with; seven days ago when left out.")] = None,
) -> dict[str, Any]:
    """Deliveries by state, and since when the oldest waits."""
    now = datetime.now(UTC)
    since = since or now - _LOOK_BACK
    found = tracking.outbox(access.conn, access.org_id, since, now)
    oldest_s = (now - found.oldest_at).total_seconds() if found.oldest_at else None
    return {**asdict(found), "oldest_s": oldest_s, "since": since}


def _case(access: Access, delivery_id: int) -> dict[str, Any]:
    found = tracking.get_delivery(access.conn, access.org_id, delivery_id)
    return {"delivery": _shown(found), "attempts": tracking.attempts(access.conn, delivery_id)}


def _shown(one: tracking.TrackedDelivery) -> dict[str, Any]:
    return {**asdict(one), "address": masked(one.address) if one.address else None}
