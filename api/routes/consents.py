"""Consent and STOP: whether a recipient may be told anything."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from api.deps import KeepRecipients
from api.kinds import Instant, Line, Number
from api.recipients import changed, past
from lighttrap import views
from lighttrap.errors import Conflict, InputFault
from lighttrap.store import recipients

router = APIRouter(prefix="/orgs/{org_id}", tags=["recipients"])


class Consent(BaseModel):
    """How and when somebody agreed to be told."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"how": "by telephone"}]})
    how: Line
    at: Instant | None = Field(default=None, description="Now when left out; never later.")


@router.post("/recipients/{recipient_id}/consent", response_model=views.RecipientCase)
def note_consent(access: KeepRecipients, recipient_id: Number, body: Consent) -> dict[str, Any]:
    """Writes down that they agreed to be told. It does not end a STOP: that is `resume`."""
    before = recipients.lock_recipient(access.conn, access.org_id, recipient_id)
    recipients.note_consent(access.conn, recipient_id, body.how, past(body.at))
    return changed(access, "note consent", before)


@router.post("/recipients/{recipient_id}/stop", response_model=views.RecipientCase)
def stop_recipient(access: KeepRecipients, recipient_id: Number) -> dict[str, Any]:
    """STOP: nothing more is sent to them on any channel, from this answer on."""
    before = recipients.lock_recipient(access.conn, access.org_id, recipient_id)
    recipients.stop(access.conn, recipient_id)
    return changed(access, "stop", before)


@router.post("/recipients/{recipient_id}/resume", response_model=views.RecipientCase)
def resume_recipient(access: KeepRecipients, recipient_id: Number, body: Consent) -> dict[str, Any]:
    """Ends a STOP by a new consent, given after it."""
    before = recipients.lock_recipient(access.conn, access.org_id, recipient_id)
    if before.stopped_at is None:
        raise Conflict(f"recipient {recipient_id} is not stopped")
    if body.at is not None and past(body.at) < before.stopped_at:
        raise InputFault("the consent is older than their STOP")
    recipients.resume(access.conn, recipient_id, body.how, body.at)
    return changed(access, "resume", before)
