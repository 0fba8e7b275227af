"""Subscriptions: of what a recipient is told."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict, Field, model_validator

from api.deps import KeepRecipients
from api.kinds import CommuneCode, FieldKey, Kind, Number, SpeciesKey
from lighttrap import model, views
from lighttrap.store import recipients

router = APIRouter(prefix="/orgs/{org_id}/recipients/{recipient_id}", tags=["recipients"])


class NewSubscription(BaseModel):
    """Alerts of a field, of a commune, or with neither of the whole org."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"field_id": "field-7", "species": "nilaparvata-lugens", "min_level": 2}]},
    )
    field_id: FieldKey | None = None
    commune_code: CommuneCode | None = None
    species: SpeciesKey | None = Field(default=None, description="All when left out.")
    min_level: Annotated[int, Field(ge=1, le=3)] = Field(default=1, description="1 watch, 2 warning, 3 alarm.")
    kind: Kind = "catch"

    @model_validator(mode="after")
    def _has_one_place(self) -> NewSubscription:
        if self.field_id and self.commune_code:
            raise ValueError("is for a field, a commune or the whole org")
        return self


@router.get("/subscriptions", response_model=list[views.Subscription])
def list_subscriptions(access: KeepRecipients, recipient_id: Number) -> list[model.Subscription]:
    """Of what somebody is told."""
    recipients.get_recipient(access.conn, recipient_id, access.org_id)
    return recipients.subscriptions(access.conn, recipient_id)


@router.post("/subscriptions", status_code=201, response_model=views.Subscription)
def add_subscription(access: KeepRecipients, recipient_id: Number, body: NewSubscription) -> model.Subscription:
    """Tells somebody of a place's alerts from a level on; the same place again changes the level."""
    recipients.lock_recipient(access.conn, access.org_id, recipient_id)
    wanted = model.Subscription(recipient_id, **body.model_dump())
    subscription_id = recipients.subscribe(access.conn, wanted)
    access.note("subscribe", "recipient", recipient_id, after=body.model_dump())
    [now] = [
        one for one in recipients.subscriptions(access.conn, recipient_id) if one.subscription_id == subscription_id
    ]
    return now


@router.delete("/subscriptions/{subscription_id}", status_code=204)
def drop_subscription(access: KeepRecipients, recipient_id: Number, subscription_id: Number) -> Response:
    """Tells somebody no more of that; the end of what they had heard of they are still told."""
    recipients.lock_recipient(access.conn, access.org_id, recipient_id)
    recipients.unsubscribe(access.conn, recipient_id, subscription_id)
    access.note("unsubscribe", "recipient", recipient_id, {"subscription_id": subscription_id})
    return Response(status_code=204)
