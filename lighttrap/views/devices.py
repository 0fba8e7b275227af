"""Traps, and how they are."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from lighttrap.model import Work
from lighttrap.views.view import View


class Trap(View):
    """A light trap and the field it stands in now."""

    trap_id: str
    org_id: str
    name: str
    nominal_s: int = Field(description="Planned lamp seconds of a night.")
    interval_s: int = Field(description="Seconds between readings.")
    in_service_from: datetime
    retired_at: datetime | None
    field_id: str | None


class Device(View):
    """How a trap is; None where it has not said."""

    trap_id: str
    last_heard_at: datetime | None
    online: bool | None
    said_at: datetime | None = Field(description="When it said whether it is online.")
    firmware: str | None
    battery_v: float | None
    panel_v: float | None
    signal_dbm: float | None
    missing: int = Field(description="Readings that have not come though they were sent.")
    faults: list[str] = Field(description="Of its active device alerts: silent, battery, lamp, gap.")


class Visit(View):
    """What somebody wrote down of being at a trap."""

    visit_id: int
    trap_id: str
    at: datetime
    author: str
    work: list[Work] = Field(description="What was done there.")
    battery_v: float | None = Field(description="Measured there, with an instrument.")
    note: str | None
    written_at: datetime = Field(description="When it was written down here.")


class TrapEvent(View):
    """Something that befell a trap, as it told."""

    at: datetime = Field(description="By the trap's own clock.")
    event: str = Field(
        description="lamp-on, lamp-off, lamp-fault, tray-cleaned, reboot, gone, or the maker's own word."
    )
    note: str | None
    received_at: datetime


class TrapCredential(View):
    """That a trap may log in at the broker, or no longer; never its secret."""

    trap_id: str
    issued_at: datetime
    issued_by: str
    revoked_at: datetime | None


class NewTrapCredential(View):
    """A login that was just made, and all that the trap must know to connect."""

    credential: TrapCredential
    username: str = Field(description="The trap id.")
    client_id: str = Field(description="The trap id too; one connection a trap.")
    secret: str = Field(description="Told this once.")
    broker_url: str
    ca_sha256: str | None = Field(description="Fingerprint of the certificate authority of the broker.")
    topic_prefix: str = Field(description="Of all topics of the trap.")
    connect_code: str = Field(description="All of this in one line, as the QR code holds it; docs/protocol.md, 18.")
    qr_svg: str = Field(description="The QR code of `connect_code`, as an SVG picture.")
