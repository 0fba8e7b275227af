"""Recipients: who is told of alerts. One answer alone shows addresses whole, and no audit row shows any."""

from __future__ import annotations

from dataclasses import replace
from datetime import time
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, model_validator

from api import paging
from api.deps import Access, KeepPeople, KeepRecipients
from api.kinds import After, Clock, CommuneCode, FieldKey, Instant, Limit, Line, Number, TimeZone
from api.recipients import case, changed, noted, past, shown
from api.routes.addresses import NewAddress, require_free
from lighttrap import model, views
from lighttrap.errors import InputFault
from lighttrap.store import erasure, recipients

router = APIRouter(prefix="/orgs/{org_id}", tags=["recipients"])
_KEY = TypeAdapter(tuple[Annotated[int, Field(ge=1, le=2**63 - 1)]])
Language = Literal["vi", "km", "en"]
PersonKind = Literal["farmer", "staff"]


class PersonToTell(BaseModel):
    """Somebody to tell. Farmers' quiet hours are 21:00-05:30 unless others are given, or null for none."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "name": "Bà Tư",
                    "addresses": [{"channel": "sms", "address": "0912345678"}],
                    "consent_how": "on paper, 3 October",
                }
            ]
        },
    )
    name: Line
    kind: PersonKind = "farmer"
    language: Language = "vi"
    accents: bool = True
    quiet_from: Clock | None = None
    quiet_to: Clock | None = None
    time_zone: TimeZone = "Asia/Ho_Chi_Minh"
    consent_how: Line | None = Field(default=None, description="How they agreed; without, a farmer is told nothing.")
    consent_at: Instant | None = Field(default=None, description="When they agreed; now when left out.")
    addresses: Annotated[list[NewAddress], Field(max_length=10)] = []

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> PersonToTell:
        if self.consent_at is not None and self.consent_how is None:
            raise ValueError("consent_at needs consent_how")
        if len({one.channel for one in self.addresses}) < len(self.addresses):
            raise ValueError("a channel has one address")
        return self


class RecipientChange(BaseModel):
    """What is to be another way; what is left out keeps its old value."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"language": "km", "accents": True}]})
    name: Line | None = None
    kind: PersonKind | None = None
    language: Language | None = None
    accents: bool | None = None
    quiet_from: Clock | None = Field(default=None, description="Null for no quiet hours.")
    quiet_to: Clock | None = Field(default=None, description="Null for no quiet hours.")
    time_zone: TimeZone | None = None


@router.get("/recipients", response_model=views.Page[views.Recipient])
def list_recipients(
    access: KeepRecipients,
    kind: PersonKind | None = None,
    stopped: Annotated[bool | None, Query(description="Those who said STOP, or those who did not.")] = None,
    field_id: Annotated[FieldKey | None, Query(description="Who subscribed to this field.")] = None,
    commune_code: Annotated[CommuneCode | None, Query(description="Who subscribed to this commune.")] = None,
    limit: Limit = 100,
    after: After = None,
) -> dict[str, Any]:
    """Who is told of an org's alerts, by id; addresses masked."""
    [last] = paging.read(after, _KEY) or (0,)
    found = recipients.page_recipients(
        access.conn, access.org_id, kind=kind, stopped=stopped, field_id=field_id, commune_code=commune_code,
        after=last, limit=limit + 1,
    )  # fmt: skip
    made = paging.page(found, limit, lambda one: (one.recipient_id,))
    return {**made, "items": [shown(one) for one in made["items"]]}


@router.get("/recipients/{recipient_id}", response_model=views.RecipientCase)
def get_recipient(access: KeepRecipients, recipient_id: Number) -> dict[str, Any]:
    """A recipient with their subscriptions; addresses masked."""
    return case(access, recipients.get_recipient(access.conn, recipient_id, access.org_id))


@router.post("/recipients", status_code=201, response_model=views.NewRecipient)
def add_recipient(access: KeepRecipients, body: PersonToTell) -> dict[str, Any]:
    """Adds somebody to tell. An address belongs to one recipient of an org."""
    for one in body.addresses:
        require_free(access, one.channel, one.address, None)
    recipient_id, token = recipients.add_recipient(access.conn, _made(access, body))
    now = recipients.get_recipient(access.conn, recipient_id, access.org_id)
    access.note("add", "recipient", recipient_id, after=noted(now))
    return {"recipient": shown(now), "page_token": token}


@router.put("/recipients/{recipient_id}", response_model=views.RecipientCase)
def change_recipient(access: KeepRecipients, recipient_id: Number, body: RecipientChange) -> dict[str, Any]:
    """Changes name, kind, language, quiet hours or time zone."""
    before = recipients.lock_recipient(access.conn, access.org_id, recipient_id)
    given = body.model_dump(exclude_unset=True)
    quiet: dict[str, Any] = {name: _clock(given.pop(name)) for name in ("quiet_from", "quiet_to") if name in given}
    wanted = replace(before, **{name: value for name, value in given.items() if value is not None}, **quiet)
    _require_both(wanted.quiet_from, wanted.quiet_to)
    recipients.change_recipient(access.conn, wanted)
    return changed(access, "change", before)


@router.post("/recipients/{recipient_id}/reveal", response_model=views.Addresses)
def reveal_recipient(access: KeepPeople, recipient_id: Number, response: Response) -> dict[str, Any]:
    """Their addresses as they are; who looked is written down."""
    found = recipients.get_recipient(access.conn, recipient_id, access.org_id)
    access.note("reveal", "recipient", recipient_id, after={"channels": sorted(found.addresses)})
    response.headers["Cache-Control"] = "no-store"
    return {"recipient_id": recipient_id, "addresses": found.addresses}


@router.delete("/recipients/{recipient_id}", status_code=204)
def erase_recipient(access: KeepPeople, recipient_id: Number) -> Response:
    """Takes their name, addresses, subscriptions and the words of their messages away for good; counts stay."""
    erasure.erase(access.conn, access.org_id, recipient_id)
    access.note("erase", "recipient", recipient_id)
    return Response(status_code=204)


def _made(access: Access, body: PersonToTell) -> model.Recipient:
    given = body.model_dump(include={"name", "kind", "language", "accents", "time_zone", "consent_how"})
    begins, ends = _clock(body.quiet_from), _clock(body.quiet_to)
    if body.kind == "farmer" and not body.model_fields_set & {"quiet_from", "quiet_to"}:
        begins, ends = recipients.FARMERS_QUIET
    _require_both(begins, ends)
    consent_at = past(body.consent_at) if body.consent_how else None
    addresses = {one.channel: one.address for one in body.addresses}
    return model.Recipient(
        org_id=access.org_id, quiet_from=begins, quiet_to=ends, consent_at=consent_at, addresses=addresses, **given
    )


def _require_both(begins: time | None, ends: time | None) -> None:
    if (begins is None) != (ends is None):
        raise InputFault("quiet_from and quiet_to come together")


def _clock(text: str | None) -> time | None:
    return time.fromisoformat(text) if text else None
