"""Addresses: where channels reach a recipient."""

from __future__ import annotations

import re
from typing import Annotated, Any

from fastapi import APIRouter, Path
from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints, model_validator

from api.deps import Access, KeepRecipients
from api.kinds import Line, Number
from api.recipients import changed
from lighttrap import views
from lighttrap.errors import Conflict, InputFault
from lighttrap.store import recipients

router = APIRouter(prefix="/orgs/{org_id}", tags=["recipients"])
CHANNEL = r"^[a-z][a-z0-9-]{1,31}$"
"""Begins with a letter, so that nobody's number can stand there by mistake."""
_NUMBER = re.compile(r"\+?[0-9][0-9 ().-]{6,24}")
_SHAPES = {
    "sms": _NUMBER,
    "zns": _NUMBER,
    "email": re.compile(r"[^@\s]{1,64}@[^@\s]{1,255}"),
    "webhook": re.compile(r"https://[^\s/]\S*"),
}
Channel = Annotated[str, StringConstraints(pattern=CHANNEL)]
ChannelInPath = Annotated[str, Path(pattern=CHANNEL, description="A channel, as `sms`.", examples=["sms"])]


def _not_blank(address: str) -> str:
    if not address.strip():
        raise ValueError("must not be blank")
    return address


Where = Annotated[Line, AfterValidator(_not_blank)]


class NewAddress(BaseModel):
    """Where a channel reaches somebody."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"channel": "sms", "address": "0912345678"}]}
    )
    channel: Channel
    address: Where

    @model_validator(mode="after")
    def _is_of_its_channel(self) -> NewAddress:
        require_shape(self.channel, self.address)
        return self


class OtherAddress(BaseModel):
    """Another address of a channel."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"address": "0912345678"}]})

    address: Where


@router.put("/recipients/{recipient_id}/addresses/{channel}", response_model=views.RecipientCase)
def put_address(
    access: KeepRecipients, recipient_id: Number, channel: ChannelInPath, body: OtherAddress
) -> dict[str, Any]:
    """Where a channel reaches them from now on."""
    try:
        require_shape(channel, body.address)
    except ValueError as fault:
        raise InputFault(str(fault)) from fault
    require_free(access, channel, body.address, recipient_id)
    before = recipients.lock_recipient(access.conn, access.org_id, recipient_id)
    recipients.put_address(access.conn, recipient_id, channel, body.address)
    return changed(access, "put address", before, channel=channel)


@router.delete("/recipients/{recipient_id}/addresses/{channel}", response_model=views.RecipientCase)
def drop_address(access: KeepRecipients, recipient_id: Number, channel: ChannelInPath) -> dict[str, Any]:
    """A channel reaches them no more; what waits for it is not sent."""
    before = recipients.lock_recipient(access.conn, access.org_id, recipient_id)
    recipients.drop_address(access.conn, recipient_id, channel)
    return changed(access, "drop address", before, channel=channel)


def require_shape(channel: str, address: str) -> None:
    """Raises ValueError, without the address, when it cannot be one of its channel."""
    shape = _SHAPES.get(channel)
    if shape and not shape.fullmatch(address.strip()):
        raise ValueError(f"is no address of the channel {channel}")


def require_free(access: Access, channel: str, address: str, own: int | None) -> None:
    """Raises Conflict, without the address, when another recipient of the org has it."""
    other = recipients.who_has(access.conn, access.org_id, channel, address)
    if other is not None and other != own:
        raise Conflict(f"recipient {other} has that address")
