"""Who is told of alerts, where they are reached, and of what. Addresses are masked."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from lighttrap.views.view import View


class Address(View):
    """Where a channel reaches somebody."""

    channel: str
    address: str = Field(description="Masked, as 0912***678.")
    is_refused: bool = Field(description="The channel last refused it for good; somebody should look.")


class Recipient(View):
    """A person who is told of alerts."""

    recipient_id: int
    org_id: str
    name: str
    kind: str = Field(description="farmer or staff; a farmer without consent is told nothing.")
    language: str = Field(description="Of messages: vi, km or en.")
    accents: bool = Field(description="Vietnamese with accents; an SMS without holds twice as much.")
    quiet_from: str | None = Field(description="Local time HH:MM from which messages wait.")
    quiet_to: str | None = Field(description="Local time HH:MM until which they wait; may be past midnight.")
    time_zone: str
    consent_at: datetime | None
    consent_how: str | None
    stopped_at: datetime | None = Field(description="STOP: told nothing more since then, on any channel.")
    addresses: list[Address]


class Subscription(View):
    """Of what somebody is told: a field, a commune, or with neither the whole org."""

    subscription_id: int
    kind: str = Field(description="catch or device.")
    field_id: str | None
    commune_code: str | None
    species: str | None = Field(description="Null: all.")
    min_level: int = Field(description="1 watch, 2 warning, 3 alarm.")


class RecipientCase(View):
    """A recipient with all that they are told of."""

    recipient: Recipient
    subscriptions: list[Subscription]


class NewRecipient(View):
    """Somebody who was just added."""

    recipient: Recipient
    page_token: str = Field(description="Opens their own page; told this once.")


class Addresses(View):
    """Addresses as they are, by channel."""

    recipient_id: int
    addresses: dict[str, str]


class OrgSetting(View):
    """What an org decides for itself."""

    farmers_need_approval: bool = Field(description="Farmers are told only what a person approved; staff at once.")
    phone: str | None = Field(description="Whom farmers call, as it stands in messages.")
    updated_at: datetime | None
    author: str | None
