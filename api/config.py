"""Settings of the API."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import ConfigDict, Field, field_validator

from api.oidc_settings import OidcSettings
from lighttrap.config import DatabaseSettings, ProgramSettings, PublicBrokerSettings, Section
from lighttrap.notify.settings import WordingSettings
from lighttrap.store.logins import LoginLimits


def _listed(text: str) -> list[str]:
    return [one.strip() for one in text.split(",") if one.strip()]


class ServerSettings(Section):
    """Where the API listens, and how people log in."""

    host: str = Field(default="127.0.0.1", description="Address to listen on; put a proxy with TLS before it.")
    port: Annotated[int, Field(ge=1, le=65_535)] = Field(default=8080, description="Port to listen on.")
    trusted_proxies: str = Field(
        default="127.0.0.1", description="Addresses of proxies whose X-Forwarded-For is believed, with commas."
    )
    processes: Annotated[int, Field(ge=1, le=64)] = Field(
        default=1, description="Processes that serve the port; one keeps about one core busy."
    )
    connections: Annotated[int, Field(ge=1, le=200)] = Field(
        default=8, description="Connections to the database at most, of each process."
    )
    exports: Annotated[int, Field(ge=1, le=50)] = Field(
        default=2, description="Exports at a time; each has a connection to the database beside those. Of each process."
    )
    export_s: Annotated[float, Field(ge=1)] = Field(
        default=3600, description="Seconds until an export that is not done is cut off."
    )
    body_bytes: Annotated[int, Field(ge=10_000)] = Field(
        default=1_000_000, description="Bytes of a request's body at most."
    )
    dashboard_url: Annotated[str, Field(pattern=r"^(https?://[^/]+(/.*)?)?$")] = Field(
        default="", description="The dashboard as browsers reach it, where one goes after logging in at /login."
    )
    secure_cookies: bool = Field(
        default=True, description="The session's cookie is sent over HTTPS only; false is for a plain loopback."
    )
    session_s: Annotated[float, Field(ge=300, le=30 * 86_400)] = Field(
        default=12 * 3600, description="Seconds until a person must log in again."
    )
    tries_per_login: Annotated[int, Field(ge=1)] = Field(
        default=5, description="Tries a minute to log in under one name."
    )
    tries_per_address: Annotated[int, Field(ge=1)] = Field(
        default=20, description="Tries a minute to log in from one address."
    )
    failures: Annotated[int, Field(ge=3)] = Field(
        default=10, description="Wrong passwords in a row that lock an account."
    )
    locked_s: Annotated[float, Field(ge=1)] = Field(default=900, description="Seconds an account stays locked.")
    signup_channel: Annotated[str, Field(pattern=r"^[a-z0-9-]{2,32}$")] | None = Field(
        default=None,
        description="Channel of the notifier by which six digits prove a telephone number, as `sms`; unset, farmers who"
        " scan a field's code are told whom to call.",
    )
    signups_per_number: Annotated[int, Field(ge=1)] = Field(
        default=3, description="Times a day that six digits are sent to one number."
    )
    signups_per_source: Annotated[int, Field(ge=1)] = Field(
        default=50, description="Sign-ups a day from one address, which a whole mobile network may share."
    )
    signups_per_day: Annotated[int, Field(ge=1)] = Field(
        default=500, description="Sign-ups a day in all: each costs one SMS."
    )
    pages_per_token: Annotated[int, Field(ge=1)] = Field(
        default=30, description="Requests a minute for the pages of one farmer."
    )
    pages_per_address: Annotated[int, Field(ge=1)] = Field(
        default=600,
        description="Requests a minute for farmers' pages from one address; a mobile network may have one for many.",
    )
    audio_folder: str | None = Field(
        default=None,
        description="Folder with recordings for farmers' pages, as `vi-alert-12.mp3` or `vi-level-warning.mp3`; none"
        " when unset.",
    )
    unreviewed_texts: bool = Field(
        default=False,
        description="Whether farmers' pages show texts that no native reader has vouched for, under a banner.",
    )

    requests_per_caller: Annotated[int, Field(ge=10, le=10**6)] = Field(
        default=600, description="Requests a minute by one token or account, in one process of the API."
    )
    requests_per_address: Annotated[int, Field(ge=10, le=10**6)] = Field(
        default=300, description="Requests a minute by all from one address who are not known, in one process."
    )
    allowed_origins: str = Field(
        default="", description="Pages of these origins may ask by token, `https://host` with commas; none when empty."
    )
    live_s: Annotated[float, Field(gt=0, le=86_400)] = Field(
        default=900, description="Seconds after which a live stream ends; browsers ask for it again."
    )
    live_check_s: Annotated[float, Field(gt=0, le=900)] = Field(
        default=15, description="Seconds after which it is checked again whether who follows a stream still may."
    )
    live_streams: Annotated[int, Field(ge=1)] = Field(
        default=10, description="Live streams of one account or token at a time, in one process."
    )

    @field_validator("allowed_origins")
    @classmethod
    def _are_origins(cls, text: str) -> str:
        for origin in _listed(text):
            if not re.fullmatch(r"https?://[A-Za-z0-9.-]+(:\d{1,5})?", origin):
                raise ValueError(f"{origin} is no origin: https://host or https://host:port, without a path or *")
        return text

    def origins(self) -> list[str]:
        """The origins whose pages may ask."""
        return _listed(self.allowed_origins)

    def login_limits(self) -> LoginLimits:
        """How often may be tried to log in, and what follows."""
        return LoginLimits(
            self.tries_per_login, self.tries_per_address, self.failures, self.locked_s, self.session_s
        )  # fmt: skip


class PreviewSettings(WordingSettings):
    """Of the notifier's settings those that its words depend on, to show messages before they are sent."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class ApiSettings(ProgramSettings):
    """Settings of `python -m api`."""

    database: DatabaseSettings
    api: ServerSettings = Field(default_factory=ServerSettings)
    public_broker: PublicBrokerSettings = Field(default_factory=PublicBrokerSettings)
    notify: PreviewSettings = Field(default_factory=PreviewSettings)
    oidc: OidcSettings = Field(default_factory=OidcSettings)
